"""How the files of models get here, and whether they are the right ones."""
