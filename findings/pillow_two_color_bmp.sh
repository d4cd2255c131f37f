#!/usr/bin/env bash
# Pillow writes a palette picture of two colors, black and white, as a BMP of 8 bits a pixel, and reads that file back as
# a picture of 1 bit a pixel, whose bytes it then takes for bits: white comes back as black.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0
venv/bin/python - <<'PY'
import io
import PIL
from PIL import Image

print("Pillow", PIL.__version__)
image = Image.new("P", (16, 16), 1)
image.putpalette(bytes((0, 0, 0, 255, 255, 255)))
stream = io.BytesIO()
image.save(stream, "BMP")
data = stream.getvalue()
print("bits a pixel in the file:", int.from_bytes(data[28:30], "little"))
back = Image.open(io.BytesIO(data))
found = sorted(set(back.convert("L").tobytes()))
print("mode:", back.mode, "- levels of a white picture:", found)
raise SystemExit(0 if back.mode == "1" and found != [255] else 1)
PY
