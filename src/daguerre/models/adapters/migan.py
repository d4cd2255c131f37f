"""MI-GAN (Sargsyan et al., 2023), with the work around the network inside of the file: images and masks of bytes."""

from __future__ import annotations

import numpy as np

from daguerre.models.adapters.planes import to_image
from daguerre.models.roles import Floats
from daguerre.models.runtime.loaded import LoadedModel


class MiGan:
    """An :class:`~daguerre.models.roles.Inpainter`. In its mask, 255 is known and 0 is the hole."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.tiling = loaded.model.tiling
        self.window = loaded.model.window
        self._session = loaded.session
        self._output = loaded.session.output_names[0]

    def __call__(self, image: Floats, hole: Floats) -> Floats:
        bytes_of = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
        known = np.where(hole > 0.5, 0, 255).astype(np.uint8)
        inputs = {"image": bytes_of.transpose(2, 0, 1)[None], "mask": known[None, None]}
        return np.asarray(to_image(self._session.run(inputs)[self._output]) / np.float32(255) - image, np.float32)
