"""Photos of any size in tiles of one shape: their geometry, and running something over them."""
