"""Ask the teacher once, and keep its answers: ``python -m training.upscale.pairs --count 3000``.

Each pair in ``runs/teacher`` is a poor picture ``NAME_small.png`` [128, 128] and what the teacher makes of it,
``NAME_answer.png`` [512, 512]; the truth, in the same tones, is ``NAME_truth.png``. Every second one is a face. It
goes on
where it stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from training import RUNS, album, teacher
from training.damage.scenes import Tones
from training.upscale import pool
from training.upscale.degrade import look, shrink

Bytes = npt.NDArray[np.uint8]

FOLDER = RUNS / "teacher"
SMALL = 128


def ask(network: torch.nn.Module, small: Bytes) -> Bytes:
    """The teacher's answer to [h, w, 3] uint8: [4h, 4w, 3] uint8. In bfloat16 it is 50 dB from float32."""
    image = (
        torch.from_numpy(small).permute(2, 0, 1)[None].float().div(255).contiguous(memory_format=torch.channels_last)
    )
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        answer = network(image).float()
    return np.asarray((answer[0].permute(1, 2, 0).clamp(0, 1) * 255).round().numpy(), np.uint8)


def complete() -> dict[str, list[Path]]:
    """The poor pictures of all pairs that are there whole, by kind."""
    return {
        kind: [
            file
            for file in sorted(FOLDER.glob(f"*_{kind}_small.png"))
            if Path(str(file).replace("_small.png", "_truth.png")).exists()
        ]
        for kind in ("face", "thing")
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--threads", type=int, default=1)
    choice = parser.parse_args()
    torch.set_num_threads(choice.threads)
    cv2.setNumThreads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    tones = Tones.load(album.ready())
    network = teacher.load().to(memory_format=torch.channels_last)
    for number in range(choice.count):
        kind = ("face", "thing")[number % 2]
        stem = FOLDER / f"{number:05d}_{kind}"
        if Path(f"{stem}_small.png").exists():
            continue
        rng = np.random.default_rng((7, number))
        files = sorted(pool.FOLDER.glob(f"train_{kind}_*.png"))
        truth = cv2.imread(str(files[rng.integers(len(files))]))[..., ::-1]
        truth = look(np.ascontiguousarray(truth[:, ::-1] if rng.random() < 0.5 else truth), rng, tones)
        small = shrink(truth, pool.SIDE // SMALL, rng)
        for name, picture in (("truth", truth), ("answer", ask(network, small)), ("small", small)):
            cv2.imwrite(f"{stem}_{name}.png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])


if __name__ == "__main__":
    main()
