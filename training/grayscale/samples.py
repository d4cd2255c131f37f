"""Small pictures that are in color, and monochrome ones, toned, yellowed, stained and written on."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.pipeline.monochrome import residual_chroma
from training import album, pictures
from training.damage import scenes, wear
from training.damage.synthesis import letters
from training.damage.wear import log_uniform, noise

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SIDE = 160
"""Pixels of the longer side that the judgment looks at."""
_WORK = 360
"""Pixels of the longer side at which samples are made."""


def _gray(image: Floats) -> Floats:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.float32)


class Samples:
    """Draws pictures [h, w, 3] 0..1 and 1 for monochrome, 0 for color."""

    def __init__(self, seed: int, part: str = "train") -> None:
        self.rng = np.random.default_rng(seed)
        entries = [e for e in album.ready() if not e.old]
        held = [e for e in entries if hash_(e.source) % 5 == 0]
        self.entries = held if part == "judge" else [e for e in entries if hash_(e.source) % 5]
        self.tones = scenes.Tones.load([])
        self.pack = pictures.load()
        colorful = (self.pack.kinds == "colour") & (np.minimum(self.pack.heights, self.pack.widths) >= 150)
        rows = np.flatnonzero(colorful)
        self.rows = rows[rows % 5 == 0] if part == "judge" else rows[rows % 5 != 0]

    def picture(self) -> Floats:
        rng = self.rng
        if rng.random() < 0.6:
            picture = self.entries[rng.integers(len(self.entries))].open()
        else:
            picture = np.ascontiguousarray(self.pack[int(self.rows[rng.integers(len(self.rows))])])
        height, width = picture.shape[:2]
        if rng.random() < 0.3:
            share = rng.uniform(0.4, 0.9)
            tall, wide = int(height * share), int(width * share)
            y, x = int(rng.integers(0, height - tall + 1)), int(rng.integers(0, width - wide + 1))
            picture = picture[y : y + tall, x : x + wide]
        scale = _WORK / max(picture.shape[:2])
        small = cv2.resize(np.ascontiguousarray(picture), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return small.astype(np.float32) / 255

    def sample(self) -> tuple[Floats, float]:
        """One picture and its answer."""
        while True:
            image = self.picture()
            monochrome = self.rng.random() < 0.5
            made = self.monochrome(image) if monochrome else self.colored(image)
            if made is not None:
                return self.stored(self.surroundings(made)), float(monochrome)

    def monochrome(self, image: Floats) -> Floats:
        """Gray, toned by a curve, yellowed unevenly, stained."""
        rng = self.rng
        gray = _gray(image)
        height, width = gray.shape
        dice = rng.random()
        if dice < 0.45:
            table = self.tones.colors[rng.integers(len(self.tones.colors))]
            mean = table.mean(1, keepdims=True)
            table = mean + (table - mean) * np.float32(rng.uniform(0.3, 1.6))
            result = table[np.rint(gray * 255).astype(int)]
        elif dice < 0.85:  # sepia, selenium, cyanotype, split tones
            hue, other = rng.uniform(0, 2 * np.pi, 2)
            if rng.random() < 0.6:
                hue = other = rng.normal(1.2, 0.35)
            if rng.random() < 0.35:
                hue = other = rng.choice([rng.normal(5.6, 0.35), rng.normal(4.4, 0.25)])
            force = log_uniform(rng, 1.5, 38)
            lab = np.zeros((height, width, 3), np.float32)
            lab[..., 0] = 100 * gray ** np.float32(rng.uniform(0.7, 1.4)) * np.float32(
                rng.uniform(0.75, 1)
            ) + np.float32(rng.uniform(0, 12))
            mix = gray if rng.random() < 0.4 else np.float32(0) * gray
            shape = (4 * gray * (1 - gray)) ** np.float32(rng.uniform(0, 1))
            lab[..., 1] = force * shape * (np.cos(hue) * (1 - mix) + np.cos(other) * mix)
            lab[..., 2] = force * shape * (np.sin(hue) * (1 - mix) + np.sin(other) * mix)
            result = cv2.cvtColor(lab, cv2.COLOR_Lab2RGB)
        else:
            result = gray[..., None].repeat(3, 2)
        result = np.clip(result, 0, 1).astype(np.float32)
        if rng.random() < 0.45:  # uneven yellowing and fading
            field = noise(rng, height, width, rng.uniform(0.4, 1.2) * max(height, width), 1)[..., None]
            result = result * (
                1 - field * rng.uniform(0, 0.14) * np.array([0.15, 0.5, 1.0], np.float32) * rng.choice([-1, 1])
            )
        if rng.random() < 0.4:
            for kind in rng.choice(
                np.array([wear.stains, wear.foxing, wear.worn_edges, wear.chips, wear.torn], dtype=object),
                rng.integers(1, 3),
            ):
                result, _ = wear.draw(rng, np.clip(result, 0, 1).astype(np.float32), kind)
        if rng.random() < 0.25:
            result = self.corner(result)
        return np.asarray(result, np.float32)

    def corner(self, image: Floats) -> Floats:
        """A rusty or inky patch at the border, of one hue."""
        rng = self.rng
        height, width = image.shape[:2]
        canvas = np.zeros((height, width), np.uint8)
        x, y = (
            float(rng.choice([0, width, rng.uniform(0, width)])),
            float(rng.choice([0, height, rng.uniform(0, height)])),
        )
        for _ in range(rng.integers(1, 6)):
            points = wear.blob(rng, x + rng.normal(0, 12), y + rng.normal(0, 12), log_uniform(rng, 4, 60))
            cv2.fillPoly(canvas, [np.int32(points)], 255, cv2.LINE_AA)
        alpha = cv2.GaussianBlur(canvas.astype(np.float32) / 255, (0, 0), log_uniform(rng, 0.6, 12))[
            ..., None
        ] * np.float32(rng.uniform(0.3, 1))
        hue = rng.choice([rng.uniform(0.02, 0.12), rng.uniform(0.55, 0.72), rng.uniform(0, 1)], p=[0.65, 0.2, 0.15])
        color = cv2.cvtColor(
            np.float32([[[hue * 360, rng.uniform(0.3, 1), rng.uniform(0.3, 0.9)]]]), cv2.COLOR_HSV2RGB
        )[0, 0]
        how = image * color if rng.random() < 0.6 else image * 0 + color
        return np.asarray(image + (how - image) * alpha, np.float32)

    def colored(self, image: Floats) -> Floats | None:
        """A color photo as it is, muted, faded, cast, hand-tinted, or with one colored subject; ``None`` where it has
        no color.
        """
        rng = self.rng
        gray = _gray(image)[..., None]
        dice = rng.random()
        if dice < 0.4:
            image = gray + (image - gray) * np.float32(rng.uniform(0.25, 0.9))
        elif dice < 0.6:  # dyes faded, a cast
            image = image ** rng.uniform(0.6, 1.6, 3).astype(np.float32)
            low, high = rng.uniform(0, 0.3, 3), rng.uniform(0.65, 1, 3)
            image = (low + image * (high - low)).astype(np.float32)
            gray = _gray(image)[..., None]
            image = gray + (image - gray) * np.float32(rng.uniform(0.5, 1))
        elif dice < 0.72:  # one thing keeps its color
            chroma = np.abs(image - gray).max(2)
            blurred = cv2.GaussianBlur(chroma, (0, 0), 6)
            y, x = np.unravel_index(int((blurred * rng.uniform(0.5, 1, blurred.shape)).argmax()), blurred.shape)
            near = np.hypot(*np.ogrid[-y : blurred.shape[0] - y, -x : blurred.shape[1] - x])
            mask = ((near < rng.uniform(0.1, 0.35) * max(blurred.shape)) & (blurred > 0.5 * blurred[y, x])).astype(
                np.float32
            )
            soft = cv2.GaussianBlur(mask, (0, 0), 2)[..., None]
            if (mask * (chroma > 0.08)).mean() < 0.012:
                return None
            image = gray + (image - gray) * soft
        elif dice < 0.8:  # tinted by hand over a toned print
            base = self.monochrome(image)
            lab, tint = cv2.cvtColor(np.clip(base, 0, 1), cv2.COLOR_RGB2Lab), cv2.cvtColor(image, cv2.COLOR_RGB2Lab)
            lab[..., 1:] += cv2.GaussianBlur(tint[..., 1:], (0, 0), 2.5) * np.float32(rng.uniform(0.35, 0.9))
            image = np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float32)
        image = np.clip(image, 0, 1).astype(np.float32)
        rest = residual_chroma(np.rint(image * 255).astype(np.uint8))
        # A person must be able to see it.
        return image if float(np.quantile(rest, 0.985)) > 5 else None

    def surroundings(self, image: Floats) -> Floats:
        """Writing, a mount, the scanner's bed, chroma noise: they say nothing of the photo."""
        rng = self.rng
        if rng.random() < 0.12:
            image = letters(np.clip(image, 0, 1).astype(np.float32), rng)
        if rng.random() < 0.35:
            image = scenes.mount(np.clip(image, 0, 1).astype(np.float32), rng, colored=0.35)
        if rng.random() < 0.4:
            grain = cv2.GaussianBlur(
                rng.standard_normal(image.shape, dtype=np.float32), (0, 0), log_uniform(rng, 0.4, 2)
            )
            image = image + grain / grain.std() * np.float32(log_uniform(rng, 0.003, 0.06))
        return np.asarray(image, np.float32)

    def stored(self, image: Floats) -> Floats:
        """As a JPEG holds it, most of the time."""
        rng = self.rng
        if rng.random() < 0.7:
            options = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 97))]
            coded = cv2.imencode(".jpg", np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8), options)[1]
            image = cv2.imdecode(coded, cv2.IMREAD_COLOR).astype(np.float32) / 255
        return np.clip(image, 0, 1).astype(np.float32)


def hash_(text: str) -> int:
    """The same for the same text, in every process."""
    import zlib

    return zlib.crc32(text.encode())
