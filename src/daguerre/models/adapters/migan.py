"""MI-GAN (Sargsyan et al., 2023), with the work around the model inside of the file: pictures and masks of bytes."""

from __future__ import annotations

import numpy as np

from daguerre.models.catalog import Model
from daguerre.models.roles import Floats
from daguerre.models.runtime.session import Session


class Adapter:
    """An :class:`~daguerre.models.roles.Inpainter`."""

    size = 512

    def __init__(self, session: Session, model: Model) -> None:
        del model
        self._session = session
        self._output = session.output_names[0]

    def __call__(self, image: Floats, hole: Floats) -> Floats:
        bytes_of = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
        known = np.where(hole > 0.5, 0, 255).astype(np.uint8)
        inputs = {"image": bytes_of.transpose(2, 0, 1)[None], "mask": known[None, None]}
        filled = self._session.run(inputs)[self._output][0].transpose(1, 2, 0)
        return np.ascontiguousarray(filled, np.float32) / np.float32(255)
