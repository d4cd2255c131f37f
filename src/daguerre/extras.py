"""The optional parts of an installation, as ``pyproject.toml`` names them: ``server``, ``mcp`` and ``cluster``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType

from daguerre.errors import ExtraNotInstalled

EXTRAS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "server": (
        "alembic", "fastapi", "httptools", "obstore", "prometheus_client", "python_multipart", "sqlalchemy",
        "structlog", "uvicorn", "yaml",
    ),
    "mcp": ("anyio", "mcp", "uvicorn"),
    "cluster": (
        "opentelemetry.exporter.otlp.proto.http", "opentelemetry.sdk", "procrastinate", "psycopg", "psycopg_pool",
    ),
})  # fmt: skip
"""The modules of each extra."""


def missing(extra: str) -> tuple[str, ...]:
    """The modules of ``extra`` that are not installed."""
    return tuple(module for module in EXTRAS[extra] if not _found(module))


def _found(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # Nor is the package around it.
        return False


def require(extra: str, purpose: str) -> None:
    """Raise ExtraNotInstalled where a part of ``extra`` is missing; ``purpose`` begins the sentence."""
    if missing(extra):
        raise ExtraNotInstalled(f"{purpose} needs the optional extra [{extra}]. {remedy(extra)}")


def remedy(extra: str) -> str:
    """How to add ``extra``, in a sentence."""
    return f'In the checkout, run: uv tool install --force ".[{extra}]", or with pip: pip install ".[{extra}]".'
