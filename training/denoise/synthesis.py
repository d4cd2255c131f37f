"""Noisy photographs with their truth, made on the fly from the training pictures.

What is drawn: independent Gaussian noise in 8 bits, Poisson-Gaussian noise of sensors, film grain (correlated in space,
strongest in the middle tones, in luma or partly in color), JPEG after mild noise, and clean pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

from training.ahead import make_ahead
from training.pictures import Pack, Picture

Floats = npt.NDArray[np.float32]

SHARES = {
    "cid22_train": 5.0,
    "clic": 6.0,
    "div2k_val36": 6.0,
    "bsds500": 8.0,
    "faces_aaf": 0.5,
    "faces_utk": 0.25,
    "faces_lfw_gray": 0.25,
    "weather": 0.5,
}
"""How often a picture of a set is drawn; 1 where the set is not named. Faces are many, small and soft."""

KINDS = ("gaussian", "sensor", "grain", "jpeg", "clean")
ODDS = (0.5, 0.1, 0.17, 0.13, 0.1)


@dataclass(frozen=True)
class Batch:
    """``clean`` and ``noisy`` [N,3,S,S], ``sigma`` [N,1,S,S], all 0..1; ``truth`` [N,1,S,S] is what to report.

    ``sigma`` is what the denoiser is told, at times a little wrong. ``truth`` is the noise that a person would want
    removed, which is none in a good JPEG. ``compressed`` [N] is 1 where the noise is mostly that of a poor JPEG.
    """

    clean: torch.Tensor
    noisy: torch.Tensor
    sigma: torch.Tensor
    truth: torch.Tensor
    compressed: torch.Tensor


class Synthesis:
    """Draws noisy crops of ``size`` pixels."""

    def __init__(self, pack: Pack, size: int, seed: int) -> None:
        self.pack = pack
        self.size = size
        self.random = np.random.default_rng(seed)
        shares = np.array([SHARES.get(str(name), 1.0) for name in pack.sets])
        small = np.minimum(pack.heights, pack.widths) < size
        shares[small] = 0
        self.steps = np.cumsum(shares / shares.sum())

    def batch(self, count: int) -> Batch:
        """``count`` fresh samples."""
        rows = [self.sample() for _ in range(count)]
        *blocks, compressed = zip(*rows, strict=True)
        pictures = [torch.from_numpy(np.ascontiguousarray(np.stack(block))).permute(0, 3, 1, 2) for block in blocks]
        return Batch(*pictures, torch.tensor(compressed, dtype=torch.float32))

    def sample(self) -> tuple[Floats, Floats, Floats, Floats, float]:
        """Clean and noisy ``[S,S,3]``, sigma and truth ``[S,S,1]``, all 0..1; 1 for a poor JPEG, else 0."""
        clean = self.crop()
        kind = KINDS[int(np.searchsorted(np.cumsum(ODDS), self.random.random() * 0.9999))]
        match kind:
            case "gaussian":
                noisy, sigma = self.gaussian(clean)
            case "sensor":
                noisy, sigma = self.sensor(clean)
            case "grain":
                noisy, sigma = self.grain(clean)
            case "jpeg":
                return self.jpeg(clean)
            case _:
                # Told of noise that is not there, the denoiser learns to leave textures alone.
                none = np.zeros_like(clean[..., :1])
                return clean, clean.copy(), none + np.float32(self.random.uniform(0, 8 / 255)), none, 0.0
        if self.random.random() < 0.93:
            noisy = np.asarray(np.clip(np.rint(noisy * 255), 0, 255) / np.float32(255), np.float32)
        return clean, noisy, self.told(sigma), sigma, 0.0

    def told(self, sigma: Floats) -> Floats:
        """``sigma`` as an estimate would have it: in a fifth of the samples a little wrong."""
        if self.random.random() < 0.2:
            return sigma * np.float32(np.exp(self.random.normal(0, 0.15)))
        return sigma

    def crop(self) -> Floats:
        """A clean crop ``[S,S,3]`` in 0..1, in 255 steps, turned, toned and softened at random."""
        random, size = self.random, self.size
        picture = self.pack[int(np.searchsorted(self.steps, random.random()))]
        short = min(picture.shape[:2])
        dice = random.random()
        scale = 1.0 if dice < 0.4 else random.uniform(0.5, 0.95) if dice < 0.8 else random.uniform(1.2, 2.5)
        scale = max(scale, size / short)
        side = min(short, int(np.ceil(size / scale)))
        y = int(random.integers(0, picture.shape[0] - side + 1))
        x = int(random.integers(0, picture.shape[1] - side + 1))
        crop: Picture = picture[y : y + side, x : x + side]
        if side != size:
            how = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
            crop = np.asarray(cv2.resize(crop, (size, size), interpolation=how), np.uint8)
        if random.random() < 0.12:
            crop = np.asarray(cv2.GaussianBlur(crop, (0, 0), random.uniform(0.4, 1.6)), np.uint8)
        crop = np.rot90(crop, int(random.integers(4)))
        if random.random() < 0.5:
            crop = crop[:, ::-1]
        clean = crop.astype(np.float32)
        clean *= np.float32(1 / 255)
        if random.random() < 0.2:
            gray = clean @ np.array([0.299, 0.587, 0.114], np.float32)
            tint = np.array([1.0, random.uniform(0.85, 1), random.uniform(0.6, 1)], np.float32)
            clean = gray[..., None] * (tint if random.random() < 0.3 else np.ones(3, np.float32))
        if random.random() < 0.3:
            low, high = random.uniform(0, 0.2), random.uniform(0.75, 1.0)
            clean = clean ** np.float32(random.uniform(0.7, 1.5)) * np.float32(high - low) + np.float32(low)
        return np.ascontiguousarray(np.rint(clean * 255) / np.float32(255))

    def independent(self, clean: Floats) -> Floats:
        """Standard normal values that are independent from pixel to pixel: in a gray picture mostly the same in all
        channels, as in the file of a gray photo, in a colored one mostly not.
        """
        gray = bool((clean[..., 0] == clean[..., 2]).all())
        if self.random.random() < (0.8 if gray else 0.08):
            return np.repeat(self.white((*clean.shape[:2], 1)), 3, axis=2)
        return self.white(clean.shape)

    def white(self, shape: tuple[int, ...]) -> Floats:
        """Independent standard normal values."""
        return self.random.standard_normal(shape, dtype=np.float32)

    def gaussian(self, clean: Floats) -> tuple[Floats, Floats]:
        """The same noise at every pixel, as in the field's benchmarks."""
        random = self.random
        level = random.uniform(8, 60) if random.random() < 0.9 else random.uniform(0, 15)
        sigma = np.full_like(clean[..., :1], level / 255)
        return clean + self.independent(clean) * sigma, sigma

    def sensor(self, clean: Floats) -> tuple[Floats, Floats]:
        """Poisson-Gaussian noise: variance ``gain * x + read**2``, a little different in each channel."""
        random = self.random
        gain = random.uniform(0, 0.13) ** 2
        read = random.uniform(0, 30 / 255) if random.random() < 0.5 else random.uniform(0, 8 / 255)
        channels = random.uniform(0.7, 1.4, 3).astype(np.float32)
        sigma = np.sqrt(np.float32(gain) * clean + np.float32(read**2)) * channels
        noisy = clean + self.independent(clean) * sigma
        return noisy, np.sqrt((sigma**2).mean(2, keepdims=True))

    def grain(self, clean: Floats) -> tuple[Floats, Floats]:
        """Film grain: clumps of 0.4 to 1.6 px, strongest in the middle tones, in luma and at times in color."""
        random, size = self.random, self.size
        radius = random.uniform(0.4, 1.6)
        field = self.white((size + 16, size + 16, 3))
        field = np.asarray(cv2.GaussianBlur(field, (0, 0), radius), np.float32)[8:-8, 8:-8]
        if random.random() < 0.3:
            field = field + self.white(field.shape) * np.float32(field.std() * random.uniform(0.3, 1.0))
        field = field / np.float32(field.std())
        color = random.choice([0.0, random.uniform(0, 1)])
        field = field * np.float32(color) + field[..., :1] * np.float32(1 - color)
        field = field / np.float32(np.sqrt((field**2).mean()))
        tone = clean.mean(2, keepdims=True)
        bend = random.uniform(0, 0.8)
        sigma = np.float32(random.uniform(2, 40) / 255) * (1 - bend + bend * 4 * tone * (1 - tone))
        return clean + field * sigma, sigma.astype(np.float32)

    def jpeg(self, clean: Floats) -> tuple[Floats, Floats, Floats, Floats, float]:
        """JPEG of quality 12 to 95 after mild noise; its own errors count as noise from quality 90 downwards."""
        random = self.random
        quality = int(random.uniform(12, 96))
        level = 0.0 if random.random() < 0.55 else random.uniform(0, 18) / 255
        noisy = clean + self.independent(clean) * np.float32(level)
        bytes8 = np.clip(np.rint(noisy * 255), 0, 255).astype(np.uint8)
        sampling = (
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420 if random.random() < 0.7 else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
        )
        options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
        _, code = cv2.imencode(".jpg", bytes8, options)
        noisy = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.float32) / np.float32(255)
        squares = ((noisy - clean) ** 2).mean(2)
        sigma = np.sqrt(np.asarray(cv2.GaussianBlur(squares, (0, 0), 6), np.float32))[..., None]
        visible = np.float32(np.clip((90 - quality) / 20, 0, 1)) if level == 0 else np.float32(1)
        return clean, noisy, self.told(sigma), sigma * visible, float(quality < 80 and level < 8 / 255)


def stream(synthesis: Synthesis, count: int) -> Iterator[Batch]:
    """Batches without end, drawn four ahead by a thread of its own."""
    return make_ahead(lambda: synthesis.batch(count))
