"""What a picture may ask for, judged by its header before anything of that size is allocated."""

from __future__ import annotations

from collections.abc import Sequence

from daguerre.errors import BrokenImage, ImageTooLarge
from daguerre.imaging import registry

_ALWAYS_ALLOWED_BYTES = 512 << 20
_TIGHTEST = 500
"""Unpacked bytes per byte of the file: Deflate reaches 1032, and the worst JPEG of a flat color 200."""


def check_size(
    width: int, height: int, max_pixels: int, *, file_bytes: int, pixel_bytes: int = 3, before: int = 0
) -> None:
    """Refuses a picture of ``width`` x ``height`` pixels of ``pixel_bytes`` each in a file of ``file_bytes``.

    ``before`` are the pixels of the pages before it, which count as well.

    Raises BrokenImage for one without pixels, and ImageTooLarge for one of more than ``max_pixels`` or
    one that unpacks to more than 512 MiB from a file that no photo of that size would fit into.
    """
    if width < 1 or height < 1:
        raise BrokenImage("The picture declares a size of nothing.")
    pixels = before + width * height
    if pixels > max_pixels:
        what = f"The picture is {width} x {height}" if not before else f"The pages are together {pixels}"
        message = f"{what} pixels, more than the {max_pixels} that are allowed."
        raise ImageTooLarge(message, (width, height))
    if pixels * pixel_bytes > max(_ALWAYS_ALLOWED_BYTES, _TIGHTEST * file_bytes):
        message = f"A file of {file_bytes} bytes declares {pixels} pixels: that cannot be a photo."
        raise ImageTooLarge(message, (width, height))


def check_enlarged(sizes: Sequence[tuple[int, int]], factor: int, max_pixels: int, format: str) -> None:
    """Refuses to enlarge pages of ``sizes``, width and height, ``factor`` times each way beyond what may be.

    Raises ImageTooLarge where the result would have more than ``max_pixels`` or sides longer than a file of ``format``
    holds. An unknown format is for the encoder to refuse.
    """
    if factor == 1:
        return
    width, height = (factor * max(size[side] for size in sizes) for side in (0, 1))
    would = f"Enlarged {factor} times, the picture would be {width} x {height} pixels"
    if sum(across * down for across, down in sizes) * factor**2 > max_pixels:
        raise ImageTooLarge(f"{would}, more than the {max_pixels} that are allowed.", (width, height))
    form = registry.find(format)
    if form is not None and max(width, height) > form.longest_side:
        raise ImageTooLarge(
            f"{would}; {form.title} holds {form.longest_side} a side: choose another format.", (width, height)
        )
