"""Files that end too early: how they are refused."""

from __future__ import annotations

from daguerre.errors import BrokenImage


def truncated(title: str, share: float, where: str = "its picture") -> BrokenImage:
    """The refusal of a file of the format ``title`` that lacks the ``share`` 0-1 of ``where``."""
    lost = f"{max(1, round(100 * share))} % of {where} are missing"
    return BrokenImage(
        f"The {title} file is truncated: {lost}. What is there can be restored with the setting recover."
    )
