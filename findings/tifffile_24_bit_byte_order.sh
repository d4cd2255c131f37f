#!/usr/bin/env bash
# tifffile reads integers of 24 bits wrongly from files of either byte order. It takes them for big-endian whatever the
# file is (TIFF 6.0 and libtiff have whole bytes in the file's order), and of a big-endian file it hands out an array
# of the machine's type whose bytes are in the file's order. Either looks like noise.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check tifffile==2026.3.3 imagecodecs==2026.3.6 numpy==2.4.6
venv/bin/python - <<'PY'
import io
import struct
import tifffile


def file(order: str) -> io.BytesIO:
    """One sample of 24 bits, 0x010203, as a TIFF of either byte order."""
    sample = bytes((3, 2, 1)) if order == "<" else bytes((1, 2, 3))
    tags = [(256, 4, 1), (257, 4, 1), (258, 3, 24), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1), (278, 4, 1), (279, 4, 3)]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 12) + sample + b"\0"
    rows = b"".join(
        struct.pack(order + "HHI", tag, kind, 1) + (struct.pack(order + "I", value) if kind == 4 else struct.pack(order + "HH", value, 0))
        for tag, kind, value in tags
    )
    return io.BytesIO(head + struct.pack(order + "H", len(tags)) + rows + bytes(4))


print("tifffile", tifffile.__version__)
seen = {order: int(tifffile.imread(file(order)).item()) for order in "><"}
print(f"0x00010203 is read as {seen['>']:#010x} from a big-endian file and as {seen['<']:#010x} from a little-endian one")
raise SystemExit(0 if seen == {">": 0x03020100, "<": 0x00030201} else 1)
PY
