"""Brings the colors of faded prints and slides back, and the contrast of faded monochrome ones."""

from __future__ import annotations

from daguerre.fading.dyes import Outcome, restore_dyes
from daguerre.fading.tones import restore_tones

__all__ = ["Outcome", "restore_dyes", "restore_tones"]
