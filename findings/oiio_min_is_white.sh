#!/usr/bin/env bash
# OpenImageIO inverts a TIFF whose white is 0 (PhotometricInterpretation 0) up to 8 bits a sample only: from 16 bits the
# reader hands out the negative, with the same attributes, so that nothing tells the two apart.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openimageio==3.2.2.0 tifffile==2026.3.3 numpy==2.4.6
venv/bin/python - <<'PY'
import numpy as np, OpenImageIO as oiio, tifffile

print("OpenImageIO", oiio.__version__)
seen = {}
for kind in (np.uint8, np.uint16):
    # The upper half is white: 0 in a file whose white is 0.
    white = np.iinfo(kind).max
    plane = np.zeros((4, 4), kind)
    plane[2:] = white
    tifffile.imwrite("a.tif", plane, photometric="miniswhite")
    top = oiio.ImageInput.open("a.tif").read_image("float")[0, 0, 0]
    seen[kind.__name__] = float(top)
    print(f"{kind.__name__}: a white pixel is read as {top:g} of 1")
raise SystemExit(0 if seen == {"uint8": 1.0, "uint16": 0.0} else 1)
PY
