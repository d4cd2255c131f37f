"""How this installation runs, from the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Device = Literal["auto", "cpu", "cuda", "openvino", "coreml", "directml"]
Precision = Literal["auto", "fp32", "bf16"]


def cores() -> int:
    """The processor cores that this process may use, each hardware thread counted as one."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Config(BaseSettings):
    """Read from ``DAGUERRE_*``, for example ``DAGUERRE_THREADS=4``.

    ``data`` holds installed models; with ``offline`` nothing ever opens a connection to get one, ``models_url`` is a
    site's own mirror, a folder of their files, tried first, and ``roles`` names the network for single roles, such as
    ``{"inpaint": "full/migan@2"}``. ``threads`` 0 means one for each of :func:`cores`,
    ``max_pixels`` is the largest picture that is decoded. A model that was not used for ``model_idle_s`` is dropped
    from memory (0: never); with ``warm`` workers load theirs before the first job.

    The rest is the service's. Jobs and their files go ``retention_hours`` after they have ended, or
    earlier, oldest first, where all files together are more than ``storage_limit_bytes``. An upload
    of more than ``max_upload_bytes`` is refused, and so is a job when ``max_queued`` wait already.
    A worker gets ``job_timeout_s`` for a photo and ``worker_memory_bytes`` of address space (0: a
    share of the machine's memory); ``drain_s`` is what running jobs get to finish when the service
    is stopped. ``submissions_per_minute`` is for one key or address, ``wrong_keys_per_minute`` for one
    address. ``cors_origins``, separated by commas, may read answers in a browser. ``trusted_proxies``
    may say whom they forward for. A stream that is opened before its job is
    submitted waits ``early_stream_s``. ``allowed_hosts``, separated by commas, are names beside this machine's own
    under which a server without keys answers. ``root_path`` is where a proxy has put the service.

    Many machines share a PostgreSQL ``database_url`` and an object store's ``storage_url``, such as
    ``s3://bucket/prefix``; with ``storage_redirect`` downloads are sent to the store itself.
    At most ``jobs_per_key`` jobs of one key are at work at a time (0: any number). Workers take jobs from ``queues``,
    separated by commas: ``gpu`` has those for published models, ``large`` those of large photos.
    """

    model_config = SettingsConfigDict(env_prefix="DAGUERRE_", frozen=True, extra="ignore")

    data: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("daguerre", appauthor=False)))
    device: Device = "auto"
    precision: Precision = "auto"
    threads: int = Field(default=0, ge=0, le=1024)
    max_pixels: int = Field(default=500_000_000, ge=1)
    offline: bool = False
    models_url: str | None = Field(default=None, pattern=r"^https?://")
    roles: dict[str, str] = Field(default_factory=dict)
    model_idle_s: float = Field(default=1800, ge=0, allow_inf_nan=False)
    warm: bool = False

    retention_hours: float = Field(default=72, gt=0, allow_inf_nan=False)
    storage_limit_bytes: int = Field(default=50_000_000_000, ge=1)
    max_upload_bytes: int = Field(default=500_000_000, ge=1)
    max_queued: int = Field(default=2000, ge=1)
    max_batch_files: int = Field(default=500, ge=1)
    job_timeout_s: float = Field(default=1800, gt=0, allow_inf_nan=False)
    worker_memory_bytes: int = Field(default=0, ge=0)
    drain_s: float = Field(default=20, ge=0, allow_inf_nan=False)
    submissions_per_minute: int = Field(default=600, ge=1)
    wrong_keys_per_minute: int = Field(default=30, ge=1)
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    trusted_proxies: str = "127.0.0.1"
    early_stream_s: float = Field(default=600, ge=0, allow_inf_nan=False)
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    root_path: str = ""

    database_url: str | None = Field(default=None, pattern=r"^postgres(ql)?://")
    storage_url: str | None = Field(default=None, pattern=r"^s3://[^/]+")
    storage_redirect: bool = False
    jobs_per_key: int = Field(default=0, ge=0)
    queues: Annotated[tuple[Literal["default", "gpu", "large"], ...], NoDecode] = ("default", "gpu", "large")

    @field_validator("root_path")
    @classmethod
    def _below(cls, value: str) -> str:
        """``/daguerre``: with a slash in front and none behind."""
        path = value.strip("/")
        return f"/{path}" if path else ""

    @field_validator("cors_origins", "allowed_hosts", "queues", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @property
    def recipes(self) -> Path:
        """The folder of settings with names."""
        return self.data / "recipes"

    @property
    def service(self) -> Path:
        """The folder of the service's database and files."""
        return self.data / "service"
