"""How this installation runs, from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "fp32", "bf16"]


class Config(BaseSettings):
    """Read from ``DAGUERRE_*``, for example ``DAGUERRE_THREADS=4``.

    ``data`` holds installed networks, ``threads`` 0 means one per physical core, ``max_pixels``
    is the largest picture that is decoded.
    """

    model_config = SettingsConfigDict(env_prefix="DAGUERRE_", frozen=True, extra="ignore")

    data: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("daguerre", appauthor=False)))
    device: Device = "auto"
    precision: Precision = "auto"
    threads: int = Field(default=0, ge=0, le=1024)
    max_pixels: int = Field(default=500_000_000, ge=1)
