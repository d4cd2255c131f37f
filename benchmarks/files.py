"""What files lose: ``python -m benchmarks.files FOLDER... [--report REPORT.json]``.

Every file is opened, written with every step off, and written with one block of pixels inverted. Other decoders
(Pillow, tifffile, libvips, ImageMagick, whichever are installed) look at what came and at what was written, and
exiftool, where it is installed, at the tags. A difference that no warning names is a fault.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import daguerre
from benchmarks.decoders import Picture, opinions
from daguerre import imaging

BLOCK = 16
DIFFERENT = 0.02
"""Mean difference over 0-1 above which two decoders show different pictures; rounding and JPEG stay below."""
_LARGEST_PIXELS = 60_000_000

_IGNORED_GROUPS = re.compile(
    r"^(System|File|ExifTool|Composite|IFD1|MPImage\d|XMP-daguerre|XMP-x|JFXX|PreviewIFD|QuickTime|Meta|)$"
)
_IGNORED_TAGS = re.compile(
    r"Thumbnail|Preview|^(StripOffsets|StripByteCounts|RowsPerStrip|TileOffsets|TileByteCounts|TileWidth|TileLength|"
    r"Compression|Predictor|PlanarConfiguration|FillOrder|ImageWidth|ImageHeight|BitsPerSample|SamplesPerPixel|"
    r"PhotometricInterpretation|SampleFormat|ColorMap|JPEGTables|YCbCr\w*|ReferenceBlackWhite|Orientation|"
    r"ExifByteOrder|ExifOffset|GPSInfo|JFIFVersion|Filter|Interlace|Palette\w*|Transparency|SignificantBits|DCT\w*|"
    r"APP14\w*|ProfileName|SourceFile|ColorTransform|HistoryAction|HistoryParameters|HistorySoftwareAgent|DigitalSourceType|IPTCDigest|"
    r"Padding|OffsetSchema|Warning|Error|NewSubfileType|SubfileType|OldSubfileType|T4Options|T6Options|FreeOffsets|"
    r"FreeByteCounts|ExtraSamples|InkSet|NumberofInks|MinSampleValue|MaxSampleValue|Threshholding|GrayResponse\w*|"
    r"PageNumber|ImageLength|ModifyDate|VP8Version|WebP_Flags|Alpha\w*|MajorBrand|MinorVersion|CompatibleBrands|"
    r"\w*DataSize|\w*Offset|Meta\w*Box\w*|Handler\w*|PrimaryItem\w*|MediaData\w*|AV1\w*|AverageTicks\w*|"
    r"ProcessingSoftware|SubIFD|CurrentIPTCDigest|XMPToolkit|About|GIFVersion|ColorResolutionDepth|BitsPerPixel|BackgroundColor|TransparentColor|"
    r"AnimationIterations|Channels|Tiff\w+|JPEG\w+|OtherImage\w*|LayerCount|HasExtendedXMP|Duration|ColorType|BitDepth|NumberOfComponents)$"
)  # fmt: skip
_WORDS = {
    "ICC": "profile", "MPF": "picture|view|gain map", "Photoshop": "Photoshop|resources|layer|duotone|palette",
    "JUMBF": "credentials", "SubIFD": "SubIFD", "GIF": "animation", "RIFF": "animation", "APNG": "animation",
    "Google": "gain map|followed", "XMP-hdrgm": "gain map", "XMP-GContainer": "gain map|picture|followed",
    "XMP-Container": "gain map|picture|followed", "XMP-GCamera": "followed|gain map", "Samsung": "followed",
    "XMP-HDRGainMap": "gain map",
    "Olympus": "maker notes", "Canon": "maker notes", "Nikon": "maker notes", "Sony": "maker notes",
}  # fmt: skip
"""Where a tag of a group is gone, words one of which a warning has to hold."""


_TWINS = {"YResolution": "XResolution", "ExifImageHeight": "ExifImageWidth", "PixelsPerUnitY": "PixelsPerUnitX",
    "FocalPlaneYResolution": "FocalPlaneXResolution",
}  # fmt: skip
"""Tags that change places in a picture that is turned."""


@dataclass(slots=True)
class Finding:
    """What came of one file. ``faults`` are differences that no warning names."""

    path: str
    format: str | None = None
    refused: str | None = None
    warnings: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    lost_tags: list[str] = field(default_factory=list)


def audit(path: Path, folder: Path, number: int) -> Finding:
    """The look at the pixels of ``path``; what was written lies in ``folder`` under ``number``."""
    found, data = Finding(str(path)), path.read_bytes()
    try:
        photo = daguerre.open(data, max_pixels=_LARGEST_PIXELS)
    except daguerre.InvalidImage as error:
        found.refused = str(error)
        return found
    found.format = photo.format
    whole = imaging.encode(photo)
    if photo.format != "raw" and photo.original is not None and whole.data != data:
        found.faults.append("with every step off the file does not come back to the byte")
    before = _shown(photo)
    _compare(found, "the file", data, before)
    photo.pixels = photo.pixels.copy()
    block = photo.pixels[:BLOCK, :BLOCK]
    photo.pixels[:BLOCK, :BLOCK] = (photo.white - np.clip(block, 0, photo.white)).astype(photo.pixels.dtype)
    try:
        encoded = imaging.encode(photo)
    except daguerre.CannotWrite as error:
        found.refused = str(error)
        return found
    found.warnings = [*photo.warnings, *encoded.warnings]
    (folder / f"{number}{encoded.extension}").write_bytes(encoded.data)
    back = daguerre.open(encoded.data)
    again = _shown(back)
    if again.shape[2] != before.shape[2]:  # A palette that has only grays left is read as gray.
        again, before = (plane if plane.shape[2] == 3 else plane.repeat(3, axis=2) for plane in (again, before))
    if again.shape != before.shape:
        found.faults.append(f"what was written is {again.shape}, not {before.shape}")
    elif (rest := np.abs(again - before)[BLOCK:, BLOCK:]).size and float(rest.mean()) > DIFFERENT:
        found.faults.append("what was written shows another picture")
    if back.pixels.dtype != photo.pixels.dtype and not encoded.warnings:
        found.faults.append(f"{photo.pixels.dtype} became {back.pixels.dtype}")
    if (back.alpha is None) != (photo.alpha is None) and not encoded.warnings:
        found.faults.append("alpha came or went")
    if len(back.pages) != len(photo.pages) and not encoded.warnings:
        found.faults.append(f"{len(photo.pages) + 1} pages became {len(back.pages) + 1}")
    _compare(found, "the result", encoded.data, again)
    return found


def _shown(photo: daguerre.Photo) -> Picture:
    return photo.pixels.astype(np.float32) / np.float32(photo.white)


def _compare(found: Finding, what: str, data: bytes, shown: Picture) -> None:
    """Notes a fault where other decoders show something, and none of them what we show."""
    against = []
    for name, value in opinions(data, shown):
        if value is not None and value <= DIFFERENT:
            return
        against.append(f"{name} shows another size" if value is None else f"{name} differs by {value:.3f}")
    if against:
        found.faults.append(f"{what}: " + ", ".join(against))


def compare_tags(findings: list[Finding], folder: Path) -> None:
    """Adds the tags that exiftool finds in what came and not in what was written."""
    read = [(number, found) for number, found in enumerate(findings) if found.format]
    sources = [found.path for _, found in read]
    targets = {path.stem: str(path) for path in folder.iterdir()}
    told = _exiftool([*sources, *targets.values()])
    for number, found in read:
        target = targets.get(str(number))
        if target is None:
            continue
        before, after = told.get(found.path, {}), told.get(target, {})
        values = {(_TWINS.get(tag, tag), _plain(value)) for tag, value in _tags(after)}
        said = " ".join(found.warnings)
        for name, value in before.items():
            group, _, tag = name.rpartition(":")
            if _IGNORED_GROUPS.match(group) or _IGNORED_TAGS.search(tag):
                continue
            if (_TWINS.get(tag, tag), _plain(value)) in values or (group == "JFIF" and "cm" in before.values()):
                continue
            found.lost_tags.append(f"{name} = {str(value)[:60]}")
            words = next((words for start, words in _WORDS.items() if group.startswith(start)), None)
            if not (words and re.search(words, said)) and "camera RAW" not in said:
                found.faults.append(f"lost: {name} = {str(value)[:60]}")


def _tags(row: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name.rpartition(":")[2], value) for name, value in row.items()]


def _plain(value: Any) -> str:
    """A value without what rounding and units change."""
    text = str(value)
    try:
        return f"{float(text):.2f}"
    except ValueError:
        return text.strip()


def _exiftool(paths: list[str]) -> dict[str, dict[str, Any]]:
    if not shutil.which("exiftool") or not paths:
        return {}
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as names:
        names.write("\n".join(paths))
        names.flush()
        command = ["exiftool", "-j", "-G1", "-a", "-u", "-q", "-q", "-@", names.name]
        made = subprocess.run(command, capture_output=True, check=False)
    rows = json.loads(made.stdout.decode(errors="replace") or "[]")
    return {row["SourceFile"]: row for row in rows}


def main() -> None:
    """Audit folders and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--report", type=Path, help="write every finding here, as JSON")
    wanted = parser.parse_args()
    paths = sorted(path for folder in wanted.folders for path in folder.rglob("*") if path.is_file())
    with tempfile.TemporaryDirectory() as written:
        findings = []
        for number, path in enumerate(paths):
            try:
                findings.append(audit(path, Path(written), number))
            except Exception as error:  # A crash is a finding: the audit goes on.
                findings.append(Finding(str(path), faults=[f"crash: {type(error).__name__}: {error}"]))
        compare_tags(findings, Path(written))
    if wanted.report is not None:
        wanted.report.write_text(json.dumps([asdict(found) for found in findings], indent=1))
    faulty = [found for found in findings if found.faults]
    for found in faulty:
        print(found.path, *(f"  {fault}" for fault in found.faults), sep="\n")
    refused = Counter(found.refused for found in findings if found.refused)
    for sentence, count in refused.most_common():
        print(f"{count:>5} refused: {sentence}")
    opened = sum(found.format is not None for found in findings)
    print(f"{len(paths)} files, {opened} opened, {len(faulty)} with faults")


if __name__ == "__main__":
    main()
