"""Second opinions on what a file shows: decoders that share no code with the one under test where that can be had."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.float32]
"""``[H, W, 1]`` or ``[H, W, 3]``, upright, 0-1."""


def pillow(data: bytes) -> Picture:
    """As Pillow shows it, in 8 bits. Raises anything."""
    from PIL import Image, ImageOps

    image = Image.open(BytesIO(data))
    image = ImageOps.exif_transpose(image)
    if image.mode in ("I;16", "I;16B", "I", "F"):
        plane = np.asarray(image).astype(np.float32)
        return plane[:, :, None] / (1 if image.mode == "F" else 65535)
    gray = image.mode in ("1", "L", "LA")
    plane = np.asarray(image.convert("RGBA").convert("L" if gray else "RGB"), np.float32) / 255
    return plane[:, :, None] if gray else plane


def tifffile(data: bytes) -> Picture:
    """Gray and RGB of TIFF, 8 bits to floats, read to the last bit. Raises anything."""
    from tifffile import TiffFile

    with TiffFile(BytesIO(data)) as file:
        pages = [page for page in file.pages if not page.subfiletype & 5] or list(file.pages)
        page = pages[0]
        multiplied = 338 in page.tags and 1 in np.atleast_1d(page.tags[338].value)
        lies_turned = 274 in page.tags and page.tags[274].value != 1
        if page.photometric not in (0, 1, 2) or page.planarconfig != 1 or lies_turned or multiplied:
            raise ValueError("another kind of TIFF")
        plane = page.asarray()
        plane = plane[:, :, None] if plane.ndim == 2 else plane
        white = 1.0 if plane.dtype.kind == "f" else 2.0**page.bitspersample - 1
        shown = (plane[:, :, : 3 if page.photometric == 2 else 1] / white).astype(np.float32)
        return 1 - shown if page.photometric == 0 else shown


def vips(data: bytes) -> Picture:
    """As libvips shows it in sRGB. Raises anything."""
    with tempfile.TemporaryDirectory() as folder:
        source, turned, target = Path(folder, "in"), Path(folder, "turned.v"), Path(folder, "out.png")
        source.write_bytes(data)
        for command in (["autorot", str(source), str(turned)], ["colourspace", str(turned), str(target), "srgb"]):
            subprocess.run(["vips", *command], check=True, capture_output=True, timeout=60)
        return _read_png(target.read_bytes())


def magick(data: bytes) -> Picture:
    """As ImageMagick shows it in sRGB. Raises anything."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in"), Path(folder, "out.png")
        source.write_bytes(data)
        command = ["convert", f"{source}[0]", "-auto-orient", "-colorspace", "sRGB", "-alpha", "off", "-depth", "16"]
        subprocess.run([*command, f"png:{target}"], check=True, capture_output=True, timeout=60)
        return _read_png(target.read_bytes())


def _read_png(data: bytes) -> Picture:
    import imagecodecs

    plane = np.asarray(imagecodecs.png_decode(data))
    plane = plane[:, :, None] if plane.ndim == 2 else plane
    colors = 3 if plane.shape[2] >= 3 else 1
    return (plane[:, :, :colors] / np.iinfo(plane.dtype).max).astype(np.float32)


def installed() -> dict[str, Callable[[bytes], Picture]]:
    """The decoders that can be used here, by their names, the exactest first."""
    found: dict[str, Callable[[bytes], Picture]] = {"tifffile": tifffile, "Pillow": pillow}
    if shutil.which("vips"):
        found["libvips"] = vips
    if shutil.which("convert"):
        found["ImageMagick"] = magick
    return found


def opinions(data: bytes, shown: Picture) -> Iterator[tuple[str, float | None]]:
    """The mean difference of ``shown`` from what each decoder shows; ``None`` where it shows nothing comparable.

    Gray that comes as three equal channels, and the other way round, is the same.
    """
    for name, decode in installed().items():
        try:
            other = decode(data)
        except Exception:  # Decoders raise anything over what they do not know.
            continue
        if other.shape[:2] != shown.shape[:2]:
            yield name, None
            continue
        first, second = (plane if plane.shape[2] == 3 else plane.repeat(3, axis=2) for plane in (shown, other))
        yield name, float(np.nanmean(np.abs(np.clip(first, 0, 1) - np.clip(second, 0, 1))))
