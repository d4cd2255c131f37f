"""Write the trained detector and its encoder as ONNX: ``python -m training.damage.export``."""

from __future__ import annotations

import torch
from torch import nn

from training import arguments, exported
from training.damage.scene import CONTEXT, SCENE, Both, SceneDetector

TOLERANCE = 3e-2
"""The largest difference from torch, of 1, that float16 weights may make."""
SCENE_TOLERANCE = 0.15
"""The same for the scene, of 6; less than what bfloat16 makes of it."""


class Published(nn.Module):
    """The detector as it ships: ``probability`` instead of the logit."""

    def __init__(self, detector: SceneDetector) -> None:
        super().__init__()
        self.detector = detector

    def forward(
        self, image: torch.Tensor, coarse: torch.Tensor, context: torch.Tensor, scene: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        logit, told = self.detector(image, coarse, context, scene)
        return torch.sigmoid(logit), told


def main() -> None:
    """Export the averaged networks and compare them with torch."""
    options = arguments.export_parser(__doc__, "damage_scene").parse_args()
    both = Both()
    exported.averaged(both, options.run)
    options.out.mkdir(parents=True, exist_ok=True)
    scene = {"image": torch.rand(1, 3, 96, 128)}
    exported.write(
        both.scene.eval(), scene, ["scene"], options.out / "damage_scene.onnx", tolerance=SCENE_TOLERANCE, half=True
    )
    example = {
        "image": torch.rand(1, 3, 64, 96),
        "coarse": torch.rand(1, 1, 64, 96),
        "context": torch.rand(1, CONTEXT, 8, 12),
        "scene": torch.rand(1, SCENE, 8, 12),
    }
    detector = Published(both.detector).eval()
    exported.write(
        detector, example, ["probability", "told"], options.out / "damage.onnx", tolerance=TOLERANCE, half=True
    )


if __name__ == "__main__":
    main()
