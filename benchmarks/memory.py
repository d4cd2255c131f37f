"""Peak memory of ``daguerre restore`` with the defaults on a large photo: ``python -m benchmarks.memory``.

Prints Markdown. What is measured is the whole process that a user would start, decoding and encoding included, by
the peak resident size that the system reports for it (Linux and macOS). This process stays small, since on Linux
a child's peak begins with what its parent held: the photo is drawn by another one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

_DRAW = """
import sys
from pathlib import Path
import cv2
from benchmarks.scenes import damaged, store
photo = damaged(int(sys.argv[1]), int(sys.argv[2]))
path = Path(sys.argv[3])
store(photo, path) if path.suffix == ".jpg" else cv2.imwrite(str(path), photo, [cv2.IMWRITE_TIFF_COMPRESSION, 1])
"""


def peak_bytes(photo: Path, result: Path) -> int:
    """The peak resident size of restoring ``photo``. Raises SystemExit where that fails."""
    command = [sys.executable, "-m", "daguerre.cli", "restore", str(photo), "-o", str(result)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"The restoration ended with {process.returncode}.")
    return usage.ru_maxrss if sys.platform == "darwin" else usage.ru_maxrss * 1024


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, default=100)
    parser.add_argument("--formats", nargs="+", default=["jpg", "tif"], choices=["jpg", "tif"])
    arguments = parser.parse_args()
    height = round((arguments.megapixels * 1e6 * 3 / 4) ** 0.5)
    print("| photo, in and out | peak memory |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for suffix in arguments.formats:
            photo = Path(folder) / f"scan.{suffix}"
            size = [str(height), str(round(height * 4 / 3))]
            subprocess.run([sys.executable, "-c", _DRAW, *size, str(photo)], check=True)
            peak = peak_bytes(photo, Path(folder) / f"restored.{suffix}")
            print(f"| {arguments.megapixels:g} MP, 8 bits, {suffix} | {peak / 1e9:.2f} GB |", flush=True)


if __name__ == "__main__":
    main()
