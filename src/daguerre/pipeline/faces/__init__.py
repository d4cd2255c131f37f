"""Faces: find them, enhance them, keep them the same person."""

from daguerre.pipeline.faces.candidates import Face
from daguerre.pipeline.faces.detection import find_faces
from daguerre.pipeline.faces.enhancer import NARROWEST, FaceEnhancer, Outcome
from daguerre.pipeline.faces.selection import Selection, add_pointed_at, choose

__all__ = ["NARROWEST", "Face", "FaceEnhancer", "Outcome", "Selection", "add_pointed_at", "choose", "find_faces"]
