"""``python -m samples.trial``: makes the sample that the page offers, ``src/daguerre/web/sample.jpg``.

A portrait in the public domain (Eileen Collins, by NASA, as scikit-image carries it) as a cracked and scratched print.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import skimage.data

from samples.pictures import cracked

TRIAL = Path(__file__).parents[1] / "src" / "daguerre" / "web" / "sample.jpg"

_LIMIT_BYTES = 40_000
_TONE = (1.0, 0.9, 0.76)


def main() -> None:
    """Write the sample, as good as the limit allows."""
    portrait = skimage.data.astronaut()[:448, 16:464]
    damaged = cracked(np.ascontiguousarray(portrait), ("folds", "hairlines", "dust"), 11, _TONE)
    for quality in range(92, 40, -4):
        code = cv2.imencode(".jpg", damaged[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(code) <= _LIMIT_BYTES:
            TRIAL.write_bytes(code)
            print(f"{TRIAL}: {len(code) / 1000:.0f} kB, quality {quality}")
            return
    raise SystemExit("The sample does not fit into its limit.")


if __name__ == "__main__":
    main()
