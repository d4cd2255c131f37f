"""Whatever a file holds: a photo, or one of our errors with a sentence; never a hang, never gigabytes."""

from __future__ import annotations

import os
import random
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import daguerre
from daguerre import imaging
from daguerre.errors import CannotWrite, ImageTooLarge, InvalidImage, NotAnImage
from daguerre.imaging.containers import tiff_ifd
from daguerre.imaging.containers.tiff_ifd import Entry
from tests.imaging.specimens import HEIGHT, WIDTH, specimens

HUGE = 20_000
NAMES = sorted(specimens())
SENTENCE = re.compile(r"[A-Z/][^\n]{8,200}\.")
MACHINE = re.compile(r"Traceback|site-packages|0x[0-9a-f]{6}|Error\b|Exception|errno|<class|\\x")


def is_readable(sentence: str) -> bool:
    """Whether ``sentence`` is one that a person understands."""
    return bool(SENTENCE.fullmatch(sentence)) and not MACHINE.search(sentence)


def damaged(data: bytes, seed: str, count: int) -> Iterator[bytes]:
    """``count`` versions of ``data``: cut, flipped, zeroed, lengthened, with a foreign head or impossible numbers."""
    dice = random.Random(seed)
    others = [specimens()[name] for name in NAMES]
    for number in range(count):
        work, size = bytearray(data), len(data)
        at = dice.randrange(size)
        match number % 8:
            case 0:
                del work[at:]
            case 1:
                for _ in range(dice.choice((1, 4, 20))):
                    work[dice.randrange(size)] ^= 1 << dice.randrange(8)
            case 2:
                work[at : at + 64] = bytes(len(work[at : at + 64]))
            case 3:
                work += dice.randbytes(dice.choice((1, 300)))
            case 4:
                head = dice.choice((4, 12, 32))
                work[:head] = dice.choice(others)[:head]
            case 5:
                at = dice.randrange(min(size - 4, 200))
                value = dice.choice((0xFFFFFFFF, 0x7FFFFFFF, 0x10000, 20_000, 1, 0))
                work[at : at + 4] = value.to_bytes(4, dice.choice(("big", "little")))
            case 6:
                del work[at : at + dice.choice((1, 4, 200))]
            case _:
                work[at:at] = work[at : at + dice.choice((4, 64))]
        yield bytes(work)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_damaged_files_give_a_photo_or_one_of_our_errors(name: str) -> None:
    for data in damaged(specimens()[name], name, 48):
        try:
            photo = daguerre.open(data, max_pixels=4_000_000)
        except InvalidImage as error:
            assert is_readable(str(error)), str(error)
        else:
            assert photo.pixels.size <= 3 * 4_000_000


def test_every_specimen_is_read_as_what_it_is() -> None:
    for name, data in specimens().items():
        assert daguerre.open(data).format == name.partition("-")[0]


def png(width: int, height: int, kind: int, depth: int, body: bytes = b"") -> bytes:
    """A PNG that says it is ``width`` x ``height``."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)), (b"IDAT", body), (b"IEND", b"")]
    chunks = (struct.pack(">I", len(b)) + k + b + struct.pack(">I", zlib.crc32(k + b)) for k, b in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def resized(name: str, at: int, layout: str, *values: int) -> bytes:
    """A specimen with other numbers in its header."""
    work = bytearray(specimens()[name])
    struct.pack_into(layout, work, at, *values)
    return bytes(work)


def swapped(name: str, old: bytes, new: bytes) -> bytes:
    """A specimen with ``new`` wherever it had ``old``."""
    data = specimens()[name]
    assert old in data
    return data.replace(old, new)


def bombs() -> dict[str, bytes]:
    """Small files that declare 20000 x 20000 pixels, 400 million."""
    blank = zlib.compress(bytes(HUGE * 3 + 1)) * 50
    tags = {256: Entry(4, 1, struct.pack("<I", HUGE)), 257: Entry(4, 1, struct.pack("<I", HUGE))}
    tall = {257: tags[257], 256: tags[256]}
    width, height = struct.pack(">I", WIDTH), struct.pack(">I", HEIGHT)
    huge = struct.pack(">I", HUGE)
    exr = specimens()["exr-float32-3"]
    window = struct.pack("<4i", 0, 0, WIDTH - 1, HEIGHT - 1)
    jpeg = specimens()["jpeg-uint8-3"]
    frame = re.search(rb"\xff[\xc0-\xc2]\x00\x11\x08", jpeg)
    assert frame is not None
    inside = png(HUGE, HUGE, 2, 8, blank)
    icon = b"\0\0\1\0\1\0" + bytes((16, 16, 0, 0, 1, 0, 32, 0)) + struct.pack("<II", len(inside), 22)
    return {
        "png": png(HUGE, HUGE, 2, 8, blank),
        "png of 16 bits": png(HUGE, HUGE, 2, 16, blank),
        "jpeg": resized("jpeg-uint8-3", frame.end(), ">HH", HUGE, HUGE),
        "gif": resized("gif-uint8-3", 6, "<HH", HUGE, HUGE),
        "bmp": resized("bmp-uint8-3", 18, "<ii", HUGE, HUGE),
        "tga": resized("tga-uint8-3", 12, "<HH", HUGE, HUGE),
        "psd": resized("psd-uint8-3", 14, ">II", HUGE, HUGE),
        "ico": icon + inside,
        "hdr": swapped("hdr-float32-3", b"-Y 40 +X 48", b"-Y 20000 +X 20000"),
        "exr": exr.replace(window, struct.pack("<4i", 0, 0, HUGE - 1, HUGE - 1)),
        "jp2": swapped("jp2-uint8-3", width + height, huge + huge),
        "avif": swapped("avif-uint8-3", width + height, huge + huge),
        "tiff": tiff_ifd.rewrite_pages(specimens()["tiff-uint8-3"], [(tags, set())]),
        "raw": tiff_ifd.rewrite_pages(specimens()["raw-dng"], [(tall, set())]),
        # Two sides of 18 bits each.
        "jxl": b"\xff\x0a" + (2 << 1 | (HUGE - 1) << 3 | 2 << 24 | (HUGE - 1) << 26).to_bytes(200, "little"),
        "webp": b"RIFF" + struct.pack("<I", 100) + b"WEBPVP8L" + struct.pack("<I", 80) + b"\x2f" + b"\xff" * 79,
    }  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_bombs_are_refused_from_their_header(tmp_path: Path) -> None:
    for name, data in bombs().items():
        (tmp_path / name).write_bytes(data)
    program = (
        "import sys, time, pathlib, daguerre\n"
        # What the system counts for a process begins with the peak of its parent; this does not.
        "peak = lambda: int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) // 1024\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    before = time.process_time()\n"
        "    try: print(path.name, 'opened', daguerre.open(path).pixels.shape)\n"
        "    except daguerre.InvalidImage as error: print(path.name, type(error).__name__)\n"
        "    print(path.name, peak(), time.process_time() - before, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    said = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())
    assert set(said) == set(bombs())
    assert set(said.values()) <= {"ImageTooLarge", "BrokenImage", "UnsupportedImage"}
    told = [line.rsplit(" ", 2) for line in done.stderr.splitlines() if line.split(" ")[0] in bombs()]
    assert max(int(peak) for _, peak, _ in told) < 500, done.stderr
    assert max(float(seconds) for _, _, seconds in told) < 10, done.stderr


def test_the_pages_of_a_file_count_together() -> None:
    with pytest.raises(ImageTooLarge, match=str(2 * HEIGHT * WIDTH)):
        daguerre.open(specimens()["tiff-pages"], max_pixels=HEIGHT * WIDTH * 3 // 2)


def test_a_jpeg_of_thousands_of_scans_is_refused() -> None:
    data = specimens()["jpeg-progressive"]
    last = data.rindex(b"\xff\xda")
    with pytest.raises(InvalidImage):
        daguerre.open(data[:last] + data[last:-2] * 5000 + b"\xff\xd9")


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (20_000, 2), (2, 20_000)])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp", ".webp", ".jxl", ".jp2", ".exr", ".psd", ".avif"])
def test_extreme_shapes_come_back(shape: tuple[int, int], suffix: str) -> None:
    height, width = shape
    pixels = np.full((height, width, 3), 90, np.uint8)
    made = daguerre.restore(daguerre.Photo(pixels, "png"), output_format=suffix, denoise=False, scratch_removal=False)
    if max(shape) > 16383 and suffix == ".webp":
        with pytest.raises(daguerre.CannotWrite, match="16383"):
            made.encode()
        return
    back = daguerre.open(made.encode().data)
    assert back.pixels.shape == pixels.shape


def test_names_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(specimens()["tiff-uint16-3"])
    assert daguerre.open(path).format == "tiff"
    path.write_text("Dear diary, today we took the ferry.\n")
    with pytest.raises(NotAnImage):
        daguerre.open(path)


@pytest.mark.skipif(os.name == "nt", reason="POSIX files")
def test_what_is_no_readable_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "gone.jpg").symlink_to("vanished.jpg")
    for name in ("pipe.jpg", "empty.jpg", "loop.jpg", "gone.jpg", "absent.jpg", ".", "a\0b.jpg", "x" * 300):
        with pytest.raises(InvalidImage) as caught:
            daguerre.open(f"{tmp_path}/{name}")
        assert str(caught.value).endswith("."), name


def test_a_file_object_that_gives_no_bytes_is_named(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(specimens()["png-bilevel"])
    with path.open("rb") as file:
        assert daguerre.restore(file, denoise=False, scratch_removal=False).original_size == path.stat().st_size
    for opened in (file, path.open("ab"), path.open(encoding="latin-1"), StringIO("text")):
        for door in (daguerre.open, daguerre.restore):
            with pytest.raises(InvalidImage, match="The file object"):
                door(opened)  # type: ignore[operator]
        opened.close()
    photo = daguerre.restore(bytearray(path.read_bytes()), denoise=False, scratch_removal=False)  # type: ignore[arg-type]
    assert photo.width == WIDTH


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    path = tmp_path / "secret.jpg"
    Image.new("RGB", (4, 4)).save(path)
    path.chmod(0)
    with pytest.raises(InvalidImage, match="cannot be read: Permission denied"):
        daguerre.open(path)


def test_a_damaged_profile_is_left_out_and_named() -> None:
    photo = daguerre.open(specimens()["jxl-uint8-3"])
    photo.metadata.icc = b"no profile" * 20
    encoded = imaging.encode(photo)
    assert encoded.warnings == ["The color profile is damaged and was left out."]
    back = daguerre.open(encoded.data)
    assert back.metadata.xmp == photo.metadata.xmp
    assert np.array_equal(back.pixels, photo.pixels)


def test_damaged_attributes_of_openexr_are_left_out() -> None:
    data = specimens()["exr-float32-3"]
    assert b"PixelAspectRatio" in data or b"pixelAspectRatio" in data
    photo = daguerre.open(data.replace(b"ixelAspectRatio", b"ixel\xe9spectRatio"))
    assert np.array_equal(daguerre.open(imaging.encode(photo).data).pixels, photo.pixels)


def test_no_room_for_temporary_files_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    with pytest.raises(CannotWrite, match="TMPDIR"):
        daguerre.open(specimens()["exr-float32-3"])
    with pytest.raises(CannotWrite, match="TMPDIR"):
        imaging.encode(daguerre.open(specimens()["png-uint8-3"]), format="tiff")
