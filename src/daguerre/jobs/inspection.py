"""Inspects a file before its job is accepted, in a process of its own: ``python -m daguerre.jobs.inspection``.

Small pictures are decoded completely. Of larger ones the header is read, and their end is looked for. Requests and
answers are lines of JSON on standard input and output.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from daguerre.errors import BrokenImage, DaguerreError, ImageTooLarge, InvalidImage, InvalidSettings

DECODED_PIXELS = 4_000_000
"""Pictures up to this size are decoded, which takes some 50 ms."""

MEMORY_BYTES = 4 << 30

_LONGEST_VIEW = 16_000


@dataclass(frozen=True, slots=True)
class Request:
    """Paths of local files, and what will be made of them.

    With ``recover`` a truncated photo is accepted. A photo that is not ``whole`` consists of its beginning and its
    end, with a hole between them, which is left to the worker. With ``head`` the file is the beginning of an upload,
    and only its number of pixels is checked. ``upscale`` is the factor by which each side will grow, and
    ``rotate`` by how many degrees clockwise the photo is turned. With ``view`` a picture that every browser shows is
    written to that path, at most ``view_pixels`` on its longest side (0: as large as the photo).
    """

    photo: str
    mask: str | None
    output_format: str | None
    max_pixels: int
    recover: bool = False
    head: bool = False
    view: str | None = None
    view_pixels: int = 0
    whole: bool = True
    upscale: int = 1
    rotate: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """The file is accepted unless ``image_error``, a sentence, or ``settings_problems`` say otherwise.

    ``view_type`` is the media type of a view; with ``view_is_file`` the file itself is the view.
    """

    image_error: str | None = None
    settings_problems: list[tuple[str, str]] = field(default_factory=list)
    view_type: str | None = None
    view_is_file: bool = False


def inspect(request: Request) -> Answer:
    """Do what ``request`` asks for. Never raises."""
    from daguerre import imaging
    from daguerre.imaging import limits, registry

    if request.head:
        return _inspect_head(Path(request.photo), request.max_pixels)
    try:
        if request.view is not None:
            return _view(
                Path(request.photo), Path(request.view), request.view_pixels, request.max_pixels, request.rotate
            )
        if request.output_format is not None:
            registry.named(request.output_format)
        size, exact = _size(
            Path(request.photo), request.max_pixels, recover=request.recover, whole=request.whole
        )  # fmt: skip
        if size is not None and request.upscale > 1:
            told = imaging.probe(Path(request.photo).read_bytes())
            pages = [(page.width, page.height) for page in told.pages if page.kind == "photo"]
            limits.check_enlarged(pages, request.upscale, request.max_pixels, request.output_format or told.format)
        if size is not None and request.rotate in (90, 270):
            size = size[::-1]
        if request.mask is not None:
            _compare(size, exact, Path(request.mask), request.max_pixels)
    except InvalidSettings as error:
        return Answer(settings_problems=error.problems)
    except DaguerreError as error:
        return Answer(image_error=str(error))
    except MemoryError:
        return Answer(image_error="The picture does not fit into memory.")
    return Answer()


def _inspect_head(path: Path, max_pixels: int) -> Answer:
    from daguerre import imaging

    try:
        told = imaging.probe(path.read_bytes())
    except (DaguerreError, MemoryError):
        return Answer()  # What cannot be told from the beginning is told from the whole.
    if told.pixels > max_pixels:
        return Answer(image_error=_too_large((told.width, told.height), max_pixels))
    return Answer()


def _view(path: Path, target: Path, longest: int, max_pixels: int, rotate: int) -> Answer:
    from daguerre import imaging
    from daguerre.imaging import registry, sniff
    from daguerre.imaging.turning import turned
    from daguerre.jobs.restore import preview

    data = path.read_bytes()
    form = registry.FORMATS[sniff.find_format(data)]
    if not longest and form.in_browsers and not rotate:
        return Answer(view_type=form.media_type, view_is_file=True)
    photo = turned(imaging.open_image(data, max_pixels=max_pixels, recover=True), rotate)
    del data
    if longest:
        target.write_bytes(preview(photo, longest))
        return Answer(view_type="image/webp")
    shown = registry.FORMATS["png" if photo.alpha is not None else "jpeg"]
    target.write_bytes(preview(photo, _LONGEST_VIEW, shown.name, quality=92))
    return Answer(view_type=shown.media_type)


def _too_large(size: tuple[int, int], max_pixels: int) -> str:
    return f"The picture has {size[0]} x {size[1]} pixels; the limit is {max_pixels} pixels."


def _compare(size: tuple[int, int] | None, exact: bool, mask: Path, max_pixels: int) -> None:
    try:
        other, exact_too = _size(mask, max_pixels)
    except InvalidImage as error:
        raise InvalidImage(f"The mask cannot be read: {error}") from error
    if size is None or other is None:
        return
    # A header does not tell which side is up: the worker compares again.
    if (size != other) if exact and exact_too else (sorted(size) != sorted(other)):
        raise InvalidImage(
            f"The mask is {other[0]} x {other[1]} pixels, the photo {size[0]} x {size[1]}: they must be of one size."
        )


def _size(
    path: Path, max_pixels: int, *, recover: bool = False, whole: bool = True
) -> tuple[tuple[int, int] | None, bool]:
    """Width and height, or ``None`` where they are unknown, and whether the picture was decoded to find them."""
    from daguerre import imaging

    data = path.read_bytes()
    try:
        told = imaging.probe(data)
    except BrokenImage:
        if whole and not recover:
            raise
        return None, False
    size = (told.width, told.height)
    if told.pixels > max_pixels:
        raise ImageTooLarge(_too_large(size, max_pixels))
    # Of larger files that end too early only the decoder can tell whether pixels are missing, or the end alone.
    if whole and (told.pixels <= DECODED_PIXELS or not _has_end(data, told.format)):
        photo = imaging.open_image(data, max_pixels=max_pixels, recover=recover)
        return (photo.width, photo.height), True
    # Raw sensors are larger than their pictures.
    return (None if told.format == "raw" else size), False


def _has_end(data: bytes, form: str) -> bool:
    """Whether the end of the picture is there; other data, such as a video, may follow it."""
    from daguerre.imaging.containers import jpeg_segments

    if form == "png":
        return b"IEND" in data
    return form != "jpeg" or jpeg_segments.find_picture_end(data) is not None


def main() -> None:
    """Answer until standard input ends."""
    from daguerre.jobs.limits import limit_memory
    from daguerre.jobs.logs import configure_logs

    configure_logs()
    limit_memory(MEMORY_BYTES)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What libraries print must not come between the answers.
    import daguerre.imaging
    import daguerre.imaging.codecs.jpeg
    import daguerre.imaging.codecs.png  # noqa: F401  # the formats that come most are loaded before they come

    for line in sys.stdin:
        answers.write(json.dumps(asdict(inspect(Request(**json.loads(line))))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
