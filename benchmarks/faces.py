"""Faces: how well they are found, enhanced, kept and left alone: ``python -m benchmarks.faces``. Prints Markdown.

The pictures are those of ``$DAGUERRE_PICTURES/eval``; YuNet, which says where faces are, and
MobileFaceNet, which says whose they are, lie in ``models`` beside that data. The perceptual distance needs torch.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

import daguerre
from benchmarks.clean import psnr
from daguerre import Photo, Restorer, Settings
from daguerre.config import Config
from daguerre.models.adapters.mobilefacenet import MobileFaceNet
from daguerre.models.catalog import Model
from daguerre.models.runtime.loaded import LoadedModel
from daguerre.models.runtime.session import Session
from daguerre.pipeline.faces import alignment
from training.pictures import judging_networks, require_pictures

ROOT = Path(__file__).parents[1]
FACES_ONLY = Settings(scratch_removal=False, denoise=False)
GROUPS = (
    "faces_lq",
    "old_scratched",
    "old_faded",
    "historic_photos",
    "old_postcards",
    "glass_plates",
    "color_bw_inputs",
)
THINGS = ("bench_CBSD68", "cid22_val")

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def pictures(name: str) -> list[tuple[Path, Bytes]]:
    """RGB pictures of a set of the data."""
    read = []
    for path in sorted((require_pictures() / "eval" / name).rglob("*")):
        if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"):
            image = cv2.imread(str(path))
            if image is not None:
                read.append((path, cv2.cvtColor(image, cv2.COLOR_BGR2RGB)))
    return read


def yunet() -> Callable[[Bytes], npt.NDArray[Any]]:
    """What OpenCV's YuNet finds at 0.7: rows of box, landmarks and score."""
    reader = cv2.FaceDetectorYN.create(
        str(judging_networks() / "face_detection_yunet_2023mar.onnx"), "", (320, 320), 0.7, 0.3, 5000
    )

    def find(image: Bytes) -> npt.NDArray[Any]:
        reader.setInputSize((image.shape[1], image.shape[0]))
        rows = reader.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
        return np.zeros((0, 15)) if rows is None else rows

    return find


def perceptual() -> Callable[[Floats, Floats], float] | None:
    """The distance as SqueezeNet sees it, or ``None`` without torch."""
    try:
        import torch

        from training.inpaint.perceptual import load
    except ImportError:
        print("Without torch the perceptual distance is left out.\n")
        return None
    eye = load()

    def distance(one: Floats, other: Floats) -> float:
        pair = [torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)[None])) for image in (one, other)]
        with torch.no_grad():
            return float(eye(*pair))

    return distance


def degraded(face: Bytes, rng: np.random.Generator) -> Bytes:
    """1024 pixels brought down by 8 with blur, noise and JPEG, and up again to 512."""
    small = cv2.resize(cv2.GaussianBlur(face, (0, 0), 3), (128, 128), interpolation=cv2.INTER_AREA)
    noisy = np.clip(np.rint(small + rng.normal(0, 6, small.shape)), 0, 255).astype(np.uint8)
    coded = cv2.imdecode(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 75])[1], cv2.IMREAD_COLOR)
    return np.asarray(cv2.resize(coded, (512, 512), interpolation=cv2.INTER_CUBIC), np.uint8)


def quality(restorer: Restorer) -> None:
    """Known faces, made poor and restored at fidelity 0.5."""
    eye, find = perceptual(), yunet()
    file = judging_networks() / "MobileFaceNet.onnx"
    entry = Model(
        "full/mobilefacenet@1", "face_identity", "full", file.name, "", 1, "", "", "MobileFaceNet", window=112
    )
    network = MobileFaceNet(LoadedModel(entry, Session(file)))
    ways = {
        "degraded": None,
        "the step alone": FACES_ONLY.updated(fidelity=0.5),
        "the whole pipeline": Settings(fidelity=0.5),
        "the whole pipeline, fidelity 0.7": Settings(),
    }
    figures: dict[str, list[tuple[float, float, float]]] = {way: [] for way in ways}
    rng = np.random.default_rng(0)
    for _, face in pictures("faces_hq"):
        true = cv2.resize(face, (512, 512), interpolation=cv2.INTER_AREA)
        row = find(true)[0]
        part = alignment.Region(0, 0, 512, 512)
        matrix = alignment.similarity(row[4:14].reshape(5, 2), alignment.ARCFACE)
        poor = degraded(face, rng)

        def embedded(image: Bytes, matrix: Any = matrix, part: Any = part) -> Floats:
            return network(alignment.crop(image.astype(np.float32) / 255, part, matrix, alignment.ARCFACE_SIDE))

        for way, settings in ways.items():
            image = poor if settings is None else restorer.restore(Photo(poor, "png"), settings).photo.pixels
            seen = float("nan") if eye is None else eye(image.astype(np.float32) / 255, true.astype(np.float32) / 255)
            figures[way].append((seen, psnr(image, true, 255), float(embedded(image) @ embedded(true))))
    print(
        "| faces_hq at an eighth, at 512 pixels | perceptual distance | PSNR | MobileFaceNet similarity |\n"
        "|---|---|---|---|"
    )
    start = np.mean(figures["degraded"], 0)
    for way, rows in figures.items():
        seen, signal, alike = np.mean(rows, 0)
        print(f"| {way} | {seen:.4f} ({100 * (seen / start[0] - 1):+.0f} %) | {signal:.2f} dB | {alike:.3f} |")


def detection(restorer: Restorer) -> None:
    """Against YuNet at 0.7, which finds animals and patterns too."""
    find = yunet()
    print("\n| set | pictures | YuNet's faces | found | others found |\n|---|---|---|---|---|")
    for name in (*GROUPS, *THINGS):
        theirs = hits = others = 0
        every = pictures(name)
        for _, image in every:
            scale = min(1.0, 1600 / max(image.shape[:2]))
            small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
            rows = find(small)
            boxes = [face.box for face in restorer.restore(Photo(small, "png"), FACES_ONLY, faces=[]).faces]
            theirs += len(rows)
            hits += sum(any(overlap(row[:4], box) > 0.35 for box in boxes) for row in rows)
            others += sum(not any(overlap(row[:4], box) > 0.35 for row in rows) for box in boxes)
        print(f"| {name} | {len(every)} | {theirs} | {hits} | {others} |")


def overlap(one: Any, other: Any) -> float:
    """Intersection over union of boxes x, y, width, height."""
    low = np.maximum(one[:2], other[:2])
    high = np.minimum(np.add(one[:2], one[2:4]), np.add(other[:2], other[2:4]))
    both = float(np.clip(high - low, 0, None).prod())
    return both / (float(np.prod(one[2:4])) + float(np.prod(other[2:4])) - both)


def left_alone(restorer: Restorer) -> None:
    """Clean portraits through the step."""
    signals = []
    for path, _ in pictures("faces_hq"):
        photo = daguerre.open(path)
        signals.append(psnr(photo.pixels, restorer.restore(photo, FACES_ONLY).photo.pixels, photo.white))
    print(f"\nClean portraits: {np.mean(signals):.1f} dB, worst {min(signals):.1f} dB (99: to the bit).")


def speed(restorer: Restorer) -> None:
    """Processor and wall time for one face, and for 12 megapixels without any."""
    face = next(image for _, image in pictures("faces_hq"))
    poor = degraded(face, np.random.default_rng(1))
    restorer.restore(Photo(poor, "png"), FACES_ONLY)
    plain = cv2.resize(cv2.GaussianBlur(face, (0, 0), 40), (4000, 3000))
    for name, image, count in (("a face, found and enhanced", poor, 10), ("12 megapixels without a face", plain, 1)):
        processor, wall = time.process_time(), time.perf_counter()
        for _ in range(count):
            restorer.restore(Photo(image, "png"), FACES_ONLY)
        processor, wall = time.process_time() - processor, time.perf_counter() - wall
        print(f"\n{name.capitalize()}: {wall / count:.3f} s, {processor / count:.3f} s of processor time.")


def main() -> None:
    """Measure."""
    parts = {"quality": quality, "detection": detection, "left_alone": left_alone, "speed": speed}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*parts, []], help="some of: " + ", ".join(parts))
    chosen = parser.parse_args().parts or list(parts)
    restorer = Restorer(config=Config())
    for part in chosen:
        parts[part](restorer)


if __name__ == "__main__":
    main()
