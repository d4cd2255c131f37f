"""Peak memory of restoring a large JPEG with the defaults: ``python -m benchmarks.memory``. Prints Markdown.

The photo is restored in a process of its own, whose peak resident size the system reports (Linux and macOS).
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.scenes import damaged, store

_RESTORE = "import sys, daguerre; daguerre.restore(sys.argv[1]).save(sys.argv[2])"


def peak_bytes(photo: Path, result: Path) -> int:
    """The peak resident size of restoring ``photo``. Raises CalledProcessError."""
    subprocess.run([sys.executable, "-c", _RESTORE, str(photo), str(result)], check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, default=100)
    megapixels = parser.parse_args().megapixels
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    with tempfile.TemporaryDirectory() as folder:
        photo = store(damaged(height, round(height * 4 / 3)), Path(folder) / "scan.jpg")
        peak = peak_bytes(photo, Path(folder) / "restored.jpg")
    print(f"| photo | peak memory |\n|---|---|\n| {megapixels:g} MP, 8 bits | {peak / 1e9:.2f} GB |")


if __name__ == "__main__":
    main()
