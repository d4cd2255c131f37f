"""Album pages and flatbed scans: the photos on them, found, straightened and cut out."""

from __future__ import annotations

from daguerre.album.found import FoundPhoto
from daguerre.album.pages import split

__all__ = ["FoundPhoto", "split"]
