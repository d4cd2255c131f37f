"""What a file holds, told from its headers."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from io import BytesIO

from daguerre.imaging.photo import Metadata

_SECTIONS = {
    "icc": "color profile", "exif": "EXIF", "xmp": "XMP", "iptc": "IPTC", "resources": "Photoshop resources",
    "comments": "comments",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """One picture in a file: ``kind`` is photo, thumbnail, mask or frame, ``bits`` those of a sample.

    ``color`` is gray, RGB, CMYK, palette, Lab or another name of what is stored; ``extra`` names further samples of a
    pixel, such as alpha. ``width`` and ``height`` are of the picture as it is stored, before it is turned upright.
    """

    width: int
    height: int
    bits: int
    color: str
    kind: str = "photo"
    extra: tuple[str, ...] = ()
    is_float: bool = False
    compression: str | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """The pages of a file and what it says of them. ``title`` and ``format`` name its format."""

    format: str
    title: str
    pages: tuple[Page, ...]
    metadata: Metadata = field(default_factory=Metadata, repr=False)

    @property
    def photo(self) -> Page:
        """The picture that a restoration takes first."""
        return next((page for page in self.pages if page.kind == "photo"), self.pages[0])

    @property
    def width(self) -> int:
        """Pixels of the photo across, as it is stored."""
        return self.photo.width

    @property
    def height(self) -> int:
        """Pixels of the photo down, as it is stored."""
        return self.photo.height

    @property
    def bits(self) -> int:
        """Bits of each of the photo's samples."""
        return self.photo.bits

    @property
    def pixels(self) -> int:
        """The pixels of all pages that a restoration takes."""
        return sum(page.width * page.height for page in self.pages if page.kind == "photo")

    @property
    def sections(self) -> tuple[str, ...]:
        """The kinds of metadata in the file."""
        named = (entry.name for entry in fields(self.metadata))
        return tuple(_SECTIONS[name] for name in named if name in _SECTIONS and getattr(self.metadata, name))

    @property
    def profile(self) -> str | None:
        """What the color profile calls itself; ``None`` without one."""
        from PIL import ImageCms

        if self.metadata.icc is None:
            return None
        try:
            return str(ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(self.metadata.icc)))).strip()
        except (ImageCms.PyCMSError, OSError):
            return "damaged"
