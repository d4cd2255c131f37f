"""One module for each format, and the two libraries that most of them read through."""
