#!/usr/bin/env bash
# OpenImageIO's Python writer refuses an array whose dtype names the machine's own byte order, as arrays out of files may
# (numpy's newbyteorder("<") on a little-endian machine): "buffer is wrong size". numpy calls the two types equal.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openimageio==3.2.2.0 numpy==2.4.6
venv/bin/python - <<'PY'
import sys
import numpy as np, OpenImageIO as oiio

print("OpenImageIO", oiio.__version__, "numpy", np.__version__)
plain = np.zeros((4, 6), np.uint16)
named = plain.view(plain.dtype.newbyteorder("<" if sys.byteorder == "little" else ">"))
done = {}
for name, plane in (("plain", plain), ("named", named)):
    writer = oiio.ImageOutput.create("a.tif")
    writer.open("a.tif", oiio.ImageSpec(6, 4, 1, "uint16"))
    done[name] = writer.write_image(plane[:, :, None])
    print(name, "byte order", plane.dtype.byteorder, "equal to uint16:", plane.dtype == np.uint16, "written:", done[name])
    print(writer.geterror())
    writer.close()
raise SystemExit(0 if done == {"plain": True, "named": False} else 1)
PY
