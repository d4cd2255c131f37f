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
    id: str
    role: str
    purpose: str
    multiple: int
    tile: int
    halo: int
    adapter: str = "plain"


_ENTRIES = (
    _Entry("embedded/damage@1", "damage", "finds scratches, cracks, tears and dust", 16, 1024, 32),
    _Entry("embedded/inpaint@1", "inpaint", "fills damage", 8, 224, 16),
    _Entry("embedded/noise@1", "noise", "measures noise", 8, 176, 16),
    _Entry("embedded/denoise@1", "denoise", "removes noise", 8, 1024, 24),
    _Entry("embedded/face_detection@1", "face_detection", "finds faces", 128, 1024, 64, "faces"),
    _Entry("embedded/face_restoration@1", "face_restoration", "enhances faces", 32, 512, 0, "portrait"),
    _Entry("embedded/colorize@1", "colorize", "colours grey photos", 32, 256, 0, "chroma"),
)


def catalog(folder: Path = WEIGHTS) -> Catalog:
    """A catalog of the embedded models whose digests ``folder`` lists."""
    digests = _digests(folder)
    return Catalog(
        *(
            Model(
                id=entry.id,
                role=entry.role,
                tier="embedded",
                file=f"{entry.role}.onnx",
                sha256=digests[entry.role],
                size_bytes=(folder / f"{entry.role}.onnx").stat().st_size,
                licence=LICENCE,
                purpose=entry.purpose,
                multiple=entry.multiple,
                tile=entry.tile,
                halo=entry.halo,
                adapter=entry.adapter,
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
