"""Enlarging and clearer faces: pairs of a poor picture, what the teacher makes of it, and the truth."""
