#!/usr/bin/env bash
# Pillow reports 72 dpi for a JPEG whose EXIF block names no resolution and which has no JFIF header: a program that
# hands `info["dpi"]` on writes a resolution that nobody measured.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0
venv/bin/python - <<'PY'
import io, struct
import PIL
from PIL import Image

print("Pillow", PIL.__version__)
stream = io.BytesIO()
exif = Image.Exif()
exif[270] = "no word of a resolution"
Image.new("RGB", (16, 16)).save(stream, "JPEG", exif=exif)
data = stream.getvalue()
end = 4 + struct.unpack_from(">H", data, 4)[0]
bare = data[:2] + data[end:]  # without the JFIF header
dpi = Image.open(io.BytesIO(bare)).info.get("dpi")
print("dpi:", dpi)
raise SystemExit(0 if dpi == (72, 72) else 1)
PY
