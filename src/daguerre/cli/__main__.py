"""``python -m daguerre.cli``."""

from daguerre.cli import main

main()
