"""The models that come with the package, trained by this project.

Their digests stand in ``weights/SHA256SUMS``, in the format of ``sha256sum``, which is written anew
whenever a model is: ``cd weights && sha256sum *.onnx > SHA256SUMS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from daguerre.models.catalog import Catalog, Model

WEIGHTS = Path(__file__).parents[1] / "weights"
LICENCE = "Apache-2.0"


@dataclass(frozen=True, slots=True)
class _Entry:
    role: str
    adapter: str
    purpose: str
    multiple: int
    tile: int = 0
    halo: int = 0
    window: int = 0
    version: int = 1
    parts: tuple[str, ...] = ()


_ENTRIES = (
    _Entry("damage_scene", "", "knows what a photo shows, for the search for damage", multiple=32, window=1024),
    _Entry("damage_verdict", "", "decides on each piece of damage as a whole", multiple=64, window=64),
    _Entry(
        "damage",
        "SceneDamage",
        "finds scratches, cracks, tears and dust",
        multiple=16,
        tile=1024,
        halo=32,
        version=3,
        parts=("embedded/damage_scene@1", "embedded/damage_verdict@1"),
    ),
    _Entry("inpaint", "ResidualInpainter", "fills damage", multiple=8, tile=224, halo=16),
    _Entry("noise", "CellNoise", "measures noise", multiple=8, tile=176, halo=16),
    _Entry("denoise", "ResidualDenoiser", "removes noise", multiple=8, tile=1024, halo=24),
    _Entry("face_detection", "StrideFaces", "finds faces", multiple=32, tile=1536, halo=96),
    _Entry("face_restoration", "Portrait", "enhances faces", multiple=32, window=512),
    _Entry("monochrome", "ToneJudge", "tells monochrome photos from color ones", multiple=128, window=128),
    _Entry("upscale", "Enlarger", "enlarges photos", multiple=4, tile=384, halo=32),
    _Entry("colorize", "ChromaHints", "colors gray photos", multiple=32, window=256, version=2),
    _Entry("fading", "DyeFading", "brings faded colors back", multiple=8, window=48),
)


def catalog(folder: Path = WEIGHTS) -> Catalog:
    """A catalog of the embedded models whose digests ``folder`` lists."""
    digests = _digests(folder)
    return Catalog(
        *(
            Model(
                id=f"embedded/{entry.role}@{entry.version}",
                role=entry.role,
                tier="embedded",
                file=f"{entry.role}.onnx",
                sha256=digests[entry.role],
                size_bytes=(folder / f"{entry.role}.onnx").stat().st_size,
                licence=LICENCE,
                purpose=entry.purpose,
                adapter=entry.adapter,
                multiple=entry.multiple,
                tile=entry.tile,
                halo=entry.halo,
                window=entry.window,
                parts=entry.parts,
            )
            for entry in _ENTRIES
            if entry.role in digests and (folder / f"{entry.role}.onnx").is_file()
        )
    )


def _digests(folder: Path) -> dict[str, str]:
    """Digests by role."""
    try:
        lines = (folder / "SHA256SUMS").read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.split() for line in lines if line.strip())
    return {name.lstrip("*").removesuffix(".onnx"): digest for digest, name in pairs}
