"""Measure the noise of a photo, and take away what was measured."""

from daguerre.pipeline.denoise.noise import NoiseProfile, estimate_noise
from daguerre.pipeline.denoise.reduce import DEFAULT_STRENGTH, NoiseReducer

__all__ = ["DEFAULT_STRENGTH", "NoiseProfile", "NoiseReducer", "estimate_noise"]
