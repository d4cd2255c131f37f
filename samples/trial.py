"""``python -m samples.trial``: makes the sample that the page offers, ``src/daguerre/web/sample.jpg``.

It is the demo's photo, a portrait in the public domain under damage that ``samples.draw`` draws, made smaller.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

import daguerre
from samples.pictures import SAMPLE

TRIAL = Path(__file__).parents[1] / "src" / "daguerre" / "web" / "sample.jpg"

_SIDE = 512
_LIMIT_BYTES = 40_000


def main() -> None:
    """Write the sample, as good as the limit allows."""
    photo = np.asarray(daguerre.open(SAMPLE).pixels, np.uint8)
    small = cv2.resize(photo, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    for quality in range(92, 40, -4):
        code = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(code) <= _LIMIT_BYTES:
            TRIAL.write_bytes(code)
            print(f"{TRIAL}: {len(code) / 1000:.0f} kB, quality {quality}")
            return
    raise SystemExit("The sample does not fit into its limit.")


if __name__ == "__main__":
    main()
