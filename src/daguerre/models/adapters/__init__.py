"""Which adapters serve each role: the one table that a new adapter is entered in.

An adapter is a class that is made from a :class:`~daguerre.models.runtime.loaded.LoadedModel` and offers what the
protocol of its role asks for (:mod:`daguerre.models.roles`). It bears the model's own name, alone knows what its inputs
and outputs are called, and takes sizes from the model's entry. An entry of the catalog names its adapter by class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from daguerre.errors import ModelFailed
from daguerre.models import roles
from daguerre.models.adapters.cell_noise import CellNoise
from daguerre.models.adapters.chroma_hints import ChromaHints
from daguerre.models.adapters.codeformer import CodeFormer
from daguerre.models.adapters.ddcolor import DDColor
from daguerre.models.adapters.dye_fading import DyeFading
from daguerre.models.adapters.enlarger import Enlarger
from daguerre.models.adapters.gfpgan import GFPGAN
from daguerre.models.adapters.lama import LaMa
from daguerre.models.adapters.migan import MiGan
from daguerre.models.adapters.mobilefacenet import MobileFaceNet
from daguerre.models.adapters.portrait import Portrait
from daguerre.models.adapters.realesrgan import RealESRGAN, RealESRGANFaces
from daguerre.models.adapters.residual_denoiser import ResidualDenoiser
from daguerre.models.adapters.residual_inpainter import ResidualInpainter
from daguerre.models.adapters.scene_damage import SceneDamage
from daguerre.models.adapters.sface import SFace
from daguerre.models.adapters.siggraph17 import Siggraph17
from daguerre.models.adapters.stride_faces import StrideFaces
from daguerre.models.adapters.tone_judge import ToneJudge
from daguerre.models.adapters.yunet import YuNet
from daguerre.models.runtime.loaded import LoadedModel

Served = TypeVar("Served", covariant=True)


@dataclass(frozen=True)
class Role(Generic[Served]):
    """What a model does in the pipeline, and by name the adapters that can do it."""

    name: str
    adapters: dict[str, Callable[[LoadedModel], Served]]

    def adapt(self, loaded: LoadedModel) -> Served:
        """``loaded`` as this role's protocol has it; raises ModelFailed where its entry names no such adapter."""
        model = loaded.model
        if model.role != self.name or model.adapter not in self.adapters:
            raise ModelFailed(f"The model {model.id} cannot be called: no adapter {model.adapter} for {self.name}.")
        return self.adapters[model.adapter](loaded)


DAMAGE: Role[roles.DamageDetector] = Role("damage", {"SceneDamage": SceneDamage})
INPAINT: Role[roles.Inpainter] = Role("inpaint", {"ResidualInpainter": ResidualInpainter, "LaMa": LaMa, "MiGan": MiGan})
FACE_DETECTION: Role[roles.FaceDetector] = Role("face_detection", {"StrideFaces": StrideFaces, "YuNet": YuNet})
FACE_RESTORATION: Role[roles.FaceRestorer] = Role(
    "face_restoration",
    {"Portrait": Portrait, "GFPGAN": GFPGAN, "CodeFormer": CodeFormer, "RealESRGANFaces": RealESRGANFaces},
)
FACE_IDENTITY: Role[roles.FaceIdentity] = Role("face_identity", {"SFace": SFace, "MobileFaceNet": MobileFaceNet})
NOISE: Role[roles.NoiseEstimator] = Role("noise", {"CellNoise": CellNoise})
DENOISE: Role[roles.Denoiser] = Role("denoise", {"ResidualDenoiser": ResidualDenoiser})
COLORIZE: Role[roles.Colorizer] = Role(
    "colorize", {"ChromaHints": ChromaHints, "DDColor": DDColor, "Siggraph17": Siggraph17}
)
UPSCALE: Role[roles.Upscaler] = Role("upscale", {"Enlarger": Enlarger, "RealESRGAN": RealESRGAN})
FADING: Role[roles.FadingEstimator] = Role("fading", {"DyeFading": DyeFading})
MONOCHROME: Role[roles.MonochromeJudge] = Role("monochrome", {"ToneJudge": ToneJudge})

ROLES = (
    DAMAGE, INPAINT, FACE_DETECTION, FACE_RESTORATION, FACE_IDENTITY, NOISE, DENOISE, COLORIZE, UPSCALE, MONOCHROME,
    FADING,
)  # fmt: skip
