"""The colorizer of *Real-Time User-Guided Image Colorization* (Zhang et al. 2017, https://arxiv.org/abs/1705.02999)."""

from __future__ import annotations

import numpy as np

from daguerre.errors import ModelFailed
from daguerre.models.adapters.ddcolor import fitted
from daguerre.models.roles import Floats
from daguerre.models.runtime.loaded import LoadedModel


class Siggraph17:
    """A :class:`~daguerre.models.roles.Colorizer` of squares.

    The published file takes CIE L* 0-100, ``[1, 1, N, N]``, scales it inside and gives CIE ab ``[1, 2, N, N]``. Files
    that keep the other two inputs of the model, hints in CIE ab ``[1, 2, N, N]`` and where they are known
    ``[1, 1, N, N]``, get them, told apart by their channels. Raises ModelFailed for any other file.
    """

    square = True

    def __init__(self, loaded: LoadedModel) -> None:
        session = self._session = loaded.session
        planes = {name: shape for name, shape in session.input_shapes.items() if len(shape) == 4}
        single = [name for name, shape in planes.items() if shape[1] == 1]
        double = [name for name, shape in planes.items() if shape[1] == 2]
        masks = [name for name in single if "mask" in name.lower()] or single[1:]
        known = [*masks, *double]
        if (len(single), len(double)) not in ((1, 0), (2, 1)) or len(planes) != len(session.input_names):
            raise ModelFailed(f"The model {session.path.stem} is not a colorizer of the kind that was expected.")
        (self._lightness,) = (name for name in session.input_names if name not in known)
        self._hints = (double[0], masks[0]) if double else None
        self.takes_hints = self._hints is not None
        height, width = planes[self._lightness][2:]
        self.side = height or width or loaded.model.window

    def __call__(self, lightness: Floats, hints: Floats | None = None) -> Floats:
        """CIE L* ``[H, W]`` to CIE ab ``[N, N, 2]``; ``hints`` ``[H, W, 3]``, if taken. Raises ModelFailed."""
        feed = {self._lightness: fitted(lightness, self.side)[None, None]}
        if self._hints is not None:
            told = np.zeros((*lightness.shape, 3), np.float32) if hints is None else hints
            told = fitted(told, self.side).transpose(2, 0, 1)[None]
            # Where hints were averaged with places that have none, the known share says how much of the color is left.
            share = np.maximum(told[:, 2:], 1e-6)
            known = (told[:, 2:] >= 0.25).astype(np.float32)
            colors = np.asarray(told[:, :2] / share * known, np.float32)
            feed |= {self._hints[0]: colors, self._hints[1]: known}
        (chroma,) = self._session.run(feed).values()
        return np.ascontiguousarray(chroma[0].transpose(1, 2, 0), np.float32)
