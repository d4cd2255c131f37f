#!/usr/bin/env bash
# pillow-heif (and pi-heif) hand 10 bits a sample out as 16 by a shift: white is 65472 of 65535, so that whoever takes the
# array for 16 bits loses a thousandth everywhere, and 1023 comes back as 1022 once it is scaled down again.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow-heif==1.3.0 numpy==2.4.6
venv/bin/python - <<'PY'
import io
import numpy as np, pillow_heif

print("pillow-heif", pillow_heif.__version__)
white = np.full((64, 64, 3), 65535, np.uint16)
file = pillow_heif.from_bytes(mode="RGB;16", size=(64, 64), data=white.tobytes())
stream = io.BytesIO()
file.save(stream, quality=-1, bit_depth=10, chroma=444)
back = np.asarray(pillow_heif.open_heif(stream, convert_hdr_to_8bit=False))
print("white of 10 bits:", back.dtype, int(back.max()), "of 65535")
raise SystemExit(0 if int(back.max()) == 1023 << 6 else 1)
PY
