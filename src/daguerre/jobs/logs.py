"""Structured logs on standard error: JSON for machines, aligned text where a person watches."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logs() -> None:
    """For this process. Context that was bound, such as the ids of jobs and requests, is in every line."""
    terminal = sys.stderr.isatty()
    rendering = (
        [structlog.dev.ConsoleRenderer()]
        if terminal
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *rendering,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
