"""One small valid file of every format, depth and color mode that the project reads, made by itself or by Pillow."""

from __future__ import annotations

import functools
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from daguerre import imaging
from daguerre.imaging import registry
from daguerre.imaging.codecs import oiio
from daguerre.imaging.containers import tiff_ifd
from daguerre.imaging.containers.tiff_ifd import Entry
from daguerre.imaging.photo import Metadata, Photo

HEIGHT, WIDTH = 40, 48
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="ferry"/>'
    b"</rdf:RDF></x:xmpmeta>"
)
IPTC = b"\x1c\x02\x78\x00\x05ferry"
EXIF = tiff_ifd.pack_block({315: Entry(2, 8, b"Atelier\0"), 274: Entry(3, 1, b"\1\0")})


def samples(kind: str, channels: int) -> npt.NDArray[Any]:
    """``[40, 48, channels]``: a ramp under noise, the same in every run."""
    unit = np.linspace(0.1, 0.8, WIDTH)[None, :, None] + np.random.default_rng(9).random((HEIGHT, WIDTH, channels)) / 7
    return unit.astype(np.float32) if kind == "float32" else (unit * np.iinfo(kind).max).astype(kind)


def photo(name: str, kind: str, channels: int, alpha: bool) -> Photo:
    """A photo of the format ``name`` with everything that a file may say."""
    plane = samples(kind, channels + 1)
    told = Metadata(ICC if channels == 3 else None, EXIF, XMP, IPTC, (300.0, 300.0))
    return Photo(plane[:, :, :channels].copy(), name, plane[:, :, channels].copy() if alpha else None, told)


@functools.cache
def specimens() -> dict[str, bytes]:
    """The files by name, such as ``tiff-uint16-3a``: RGB with alpha."""
    found = {}
    for form in registry.FORMATS.values():
        for kind in form.depths:
            for channels in (1, 3):
                for alpha in (False, True) if form.alpha else (False,):
                    made = imaging.encode(photo(form.name, kind, channels, alpha))
                    if made.format == form.name:
                        found[f"{form.name}-{kind}-{channels}{'a' * alpha}"] = made.data
    image = Image.fromarray(samples("uint8", 3))
    several: dict[str, Any] = {"save_all": True, "append_images": [image.rotate(90), image.rotate(180)]}
    variants: list[tuple[str, str, str, dict[str, Any]]] = [
        ("jpeg-cmyk", "JPEG", "CMYK", {}),
        ("jpeg-progressive", "JPEG", "RGB", {"progressive": True}),
        ("png-palette", "PNG", "P", {}),
        ("png-bilevel", "PNG", "1", {}),
        ("png-animated", "PNG", "RGB", several),
        ("webp-lossless", "WEBP", "RGB", {"lossless": True}),
        ("webp-animated", "WEBP", "RGB", several),
        ("avif-animated", "AVIF", "RGB", several),
        ("gif-animated", "GIF", "RGB", several),
        ("bmp-palette", "BMP", "P", {}),
        ("tga-packed", "TGA", "RGB", {"compression": "tga_rle"}),
        ("tga-palette", "TGA", "P", {}),
        ("ico-bitmap", "ICO", "RGBA", {"bitmap_format": "bmp"}),
        ("tiff-lzw", "TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("tiff-jpeg", "TIFF", "RGB", {"compression": "jpeg"}),
        ("tiff-fax", "TIFF", "1", {"compression": "group4"}),
        ("tiff-cmyk", "TIFF", "CMYK", {}),
        ("tiff-pages", "TIFF", "RGB", several),
    ]
    for name, format, mode, options in variants:
        stream = BytesIO()
        image.convert(mode).save(stream, format, **options)
        found[name] = stream.getvalue()
    return {**found, "raw-dng": dng(), "exr-tiled": _tiled_exr()}


def dng() -> bytes:
    """A small uncompressed Bayer DNG: a gray ramp under an RGGB filter."""
    import OpenImageIO as oi

    plane = np.tile(np.linspace(1000, 60000, 96, dtype=np.uint16), (64, 1))[:, :, None]
    spec = oi.ImageSpec(96, 64, 1, "uint16")
    spec.attribute("compression", "none")
    data = oiio.encode(".tif", [(spec, plane)])
    matrix = [1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1]
    tags = {
        254: Entry(4, 1, bytes(4)),
        262: Entry(3, 1, (32803).to_bytes(2, "little")),
        271: Entry(2, 5, b"Test\0"),
        272: Entry(2, 4, b"Cam\0"),
        33421: Entry(3, 2, b"\2\0\2\0"),
        33422: Entry(1, 4, b"\0\1\1\2"),
        50706: Entry(1, 4, b"\1\4\0\0"),
        50708: Entry(2, 9, b"Test Cam\0"),
        50721: Entry(10, 9, b"".join(value.to_bytes(4, "little") for value in matrix)),
        50728: Entry(5, 3, b"".join(value.to_bytes(4, "little") for value in (1, 1, 1, 1, 1, 1))),
        50778: Entry(3, 1, b"\x15\0"),
    }
    return tiff_ifd.rewrite_pages(data, [(tags, set())])


def _tiled_exr() -> bytes:
    import OpenImageIO as oi

    spec = oi.ImageSpec(WIDTH, HEIGHT, 3, "half")
    spec.tile_width = spec.tile_height = 16
    return oiio.encode(".exr", [(spec, samples("float32", 3))])
