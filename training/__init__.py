"""How the embedded models are made, and how they are judged."""

from pathlib import Path

RUNS = Path(__file__).parents[1] / "runs"
"""Where checkpoints, packed pictures and what was drawn for the trainings lie."""
