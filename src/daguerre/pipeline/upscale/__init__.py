"""Enlarging a photo, so that reducing it gives the photo that came."""

from daguerre.pipeline.upscale.enlarge import FACTORS, enlarge
from daguerre.pipeline.upscale.page import enlarge_page

__all__ = ["FACTORS", "enlarge", "enlarge_page"]
