"""Scans of film negatives as positives: the film's base and mask taken off, its layers balanced, and a print made."""

from __future__ import annotations

from daguerre.negatives.development import Kind, develop
from daguerre.negatives.recognition import Seen, Verdict, recognize

__all__ = ["Kind", "Seen", "Verdict", "develop", "recognize"]
