"""Models that others have published, and the bundles of them that can be installed.

Addresses, sizes and digests are those that the publishers state. Several different files circulate under some of these
names: address and digest belong together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from daguerre.models.catalog import Catalog, Model, UnknownModel

_ZOO = "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models"
_FACEFUSION = "https://github.com/facefusion/facefusion-assets/releases/download/models-3.0.0"
_APACHE, _MIT, _BSD = "Apache-2.0", "MIT", "BSD-2-Clause"

YUNET = Model(
    id="full/yunet@1", role="face_detection", tier="full", file="face_detection_yunet_2023mar.onnx",
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4", size_bytes=232_589,
    licence=_MIT, licence_url="https://github.com/opencv/opencv_zoo/blob/main/models/face_detection_yunet/LICENSE",
    purpose="finds faces", adapter="YuNet", tile=640, halo=96, multiple=32, input_range=(0, 255),
    urls=(f"{_ZOO}/face_detection_yunet/face_detection_yunet_2023mar.onnx",),
)  # fmt: skip
LAMA = Model(
    id="full/lama@1", role="inpaint", tier="full", file="lama_fp32.onnx",
    sha256="1faef5301d78db7dda502fe59966957ec4b79dd64e16f03ed96913c7a4eb68d6", size_bytes=208_044_816,
    licence=_APACHE, licence_url="https://github.com/advimman/lama/blob/main/LICENSE",
    purpose="fills damage", adapter="LaMa", window=512,
    urls=(
        "https://huggingface.co/Carve/LaMa-ONNX/resolve/c3c0c9e468934d62e79c329e35d82dd09ff8c444/lama_fp32.onnx",
    ),
)  # fmt: skip
GFPGAN = Model(
    id="full/gfpgan@1", role="face_restoration", tier="full", file="gfpgan_1.4.onnx",
    sha256="accc4757b26bdb89b32b4d3500d4f79c9dff97c1dd7c7104bf9dcb95e3311385", size_bytes=340_299_087,
    licence=_APACHE, licence_url="https://github.com/TencentARC/GFPGAN/blob/master/LICENSE",
    purpose="enhances faces", adapter="GFPGAN", window=512, input_range=(-1, 1),
    urls=(f"{_FACEFUSION}/gfpgan_1.4.onnx",),
)  # fmt: skip
DDCOLOR_TINY = Model(
    id="full/ddcolor_tiny@1", role="colorize", tier="full", file="ddcolor_tiny.onnx",
    sha256="bc441aba000b9de6a36e0b71ea35924aed344d92e6865b22fa1e62efbe72d0ce", size_bytes=None, about_bytes=220_000_000,
    licence=_APACHE, licence_url="https://github.com/piddnad/DDColor/blob/master/LICENSE",
    purpose="colors gray photos", adapter="DDColor", window=512,
    urls=("https://github.com/Makistos/colorize/releases/download/models-v1/ddcolor_tiny.onnx",),
)  # fmt: skip
SFACE = Model(
    id="full/sface@1", role="face_identity", tier="full", file="face_recognition_sface_2021dec.onnx",
    sha256="0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79", size_bytes=38_696_353,
    licence=_APACHE, licence_url="https://github.com/opencv/opencv_zoo/blob/main/models/face_recognition_sface/LICENSE",
    purpose="tells people apart", adapter="SFace", window=112, input_range=(0, 255),
    urls=(f"{_ZOO}/face_recognition_sface/face_recognition_sface_2021dec.onnx",),
)  # fmt: skip
MIGAN = Model(
    id="full/migan@2", role="inpaint", tier="full", file="migan_pipeline_v2.onnx",
    sha256="6f1f3530a1a2324b19752018ce756088b07973cda8d7d890034ace5c8a48c40b", size_bytes=28_079_181,
    licence=_MIT, licence_url="https://github.com/Picsart-AI-Research/MI-GAN/blob/main/LICENSE",
    purpose="fills damage, small", adapter="MiGan", window=512, input_range=(0, 255),
    urls=(
        "https://huggingface.co/andraniksargsyan/migan/resolve/"
        "406830d0fa60666da0071c342ad2fbc8f30c5c64/migan_pipeline_v2.onnx",
    ),
)  # fmt: skip
LAMA_SMALL = Model(
    id="full/lama_8bit@1", role="inpaint", tier="full", file="inpainting_lama_2025jan.onnx",
    sha256="7df918ac3921d3daf0aae1d219776cf0dc4e4935f035af81841b40adcf74fdf2", size_bytes=92_591_623,
    licence=_APACHE, licence_url="https://github.com/opencv/opencv_zoo/blob/main/models/inpainting_lama/LICENSE",
    purpose="fills damage, weights of 8 bits", adapter="LaMa", window=512,
    urls=(f"{_ZOO}/inpainting_lama/inpainting_lama_2025jan.onnx",),
)  # fmt: skip
RESTOREFORMER = Model(
    # Two sizes are stated, 294,264,812 and 294,264,232 bytes: the digest decides.
    id="full/restoreformer@1", role="face_restoration", tier="full", file="restoreformer_plus_plus.onnx",
    sha256="f4db5a89902b6a2d452446f5721245a6f7185f699b6aec7b77285adb4d504337", size_bytes=None, about_bytes=294_264_812,
    licence=_APACHE, licence_url="https://github.com/wzhouxiff/RestoreFormerPlusPlus/blob/master/LICENSE",
    purpose="enhances faces", adapter="GFPGAN", window=512, input_range=(-1, 1),
    urls=(f"{_FACEFUSION}/restoreformer_plus_plus.onnx",),
)  # fmt: skip
CODEFORMER = Model(
    id="full/codeformer@1", role="face_restoration", tier="full", file="codeformer.onnx",
    sha256="21710e7ab61c82683576c428e9c1b6fe1ed419586b7b39e394c3449c294b550f", size_bytes=376_951_650,
    licence="S-Lab-1.0", licence_url="https://github.com/sczhou/CodeFormer/blob/master/LICENSE", commercial_use=False,
    purpose="enhances faces, with a fidelity of its own", adapter="CodeFormer", window=512, input_range=(-1, 1),
    urls=(f"{_FACEFUSION}/codeformer.onnx",),
)  # fmt: skip
DDCOLOR = Model(
    id="full/ddcolor@1", role="colorize", tier="full", file="ddcolor.onnx",
    sha256="4e8b8a8d7c346ea7df08fc0bc985d30c67f5835cd1b81b6728f6bbe8b7658ae1", size_bytes=None, about_bytes=934_000_000,
    licence=_APACHE, licence_url="https://github.com/piddnad/DDColor/blob/master/LICENSE",
    purpose="colors gray photos, large", adapter="DDColor", window=512,
    urls=("https://github.com/visomaster/visomaster-assets/releases/download/v0.1.0/ddcolor.onnx",),
)  # fmt: skip
SIGGRAPH17 = Model(
    id="full/siggraph17@1", role="colorize", tier="full", file="colorization-siggraph-17.onnx",
    sha256="7db825910668ee321327d2e6b446e57cbc9c066e196e8be0e152bf76e1206eb7", size_bytes=None, about_bytes=129_900_000,
    licence=_BSD, licence_url="https://github.com/richzhang/colorization/blob/master/LICENSE",
    purpose="colors gray photos, follows hints", adapter="Siggraph17", window=256,
    urls=("https://github.com/clibdev/colorization/releases/latest/download/colorization-siggraph-17.onnx",),
)  # fmt: skip

_X4PLUS = Model(
    # Made by training/realesrgan.py: no publisher has it as this file.
    id="full/realesrgan@1", role="upscale", tier="full", file="realesrgan_x4plus.onnx",
    sha256="633172c8688f5579f8d2d2fa45348460cb0e9c3840cb1885081925f114b93f6e", size_bytes=33_516_744,
    licence="BSD-3-Clause", licence_url="https://github.com/xinntao/Real-ESRGAN/blob/master/LICENSE",
    purpose="enlarges photos", adapter="RealESRGAN", tile=256, halo=16,
)  # fmt: skip
REALESRGAN = (
    _X4PLUS,
    replace(_X4PLUS, id="full/realesrgan_faces@1", role="face_restoration", adapter="RealESRGANFaces",
            purpose="enhances faces", tile=0, halo=0, window=512),
)  # fmt: skip

MODELS = (
    YUNET, LAMA, GFPGAN, DDCOLOR_TINY, SFACE,
    MIGAN, LAMA_SMALL, RESTOREFORMER, CODEFORMER, DDCOLOR, SIGGRAPH17, *REALESRGAN,
)  # fmt: skip
"""In order of preference within a role: those of the bundle first, then what a user may have chosen beside them."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Models that are installed together, by their ids."""

    id: str
    name: str
    description: str
    version: str
    estimated_size: str
    models: tuple[str, ...]
    enables_tools: tuple[str, ...]


PHOTO_RESTORATION = Bundle(
    id="photo-restoration",
    name="Photo Restoration",
    description="Published models for scratch repair, face enhancement and colorization",
    version="1",
    # Not all publishers say how large their file is.
    estimated_size="800 MB - 1 GB",
    models=tuple(model.id for model in (YUNET, LAMA, GFPGAN, DDCOLOR_TINY, SFACE)),
    enables_tools=("restore-photo",),
)
BUNDLES = (PHOTO_RESTORATION,)


def optional(catalog: Catalog) -> tuple[Bundle, ...]:
    """Each published model that is in no bundle, as one of its own."""
    bundled = {id for bundle in BUNDLES for id in bundle.models}
    return tuple(
        Bundle(
            id=short(model),
            name=model.id,
            description=f"{model.role.replace('_', ' ')}: {model.purpose}",
            version=model.id.rpartition("@")[2],
            estimated_size=f"{model.expected_bytes / 1e6:.0f} MB",
            models=(model.id,),
            enables_tools=PHOTO_RESTORATION.enables_tools,
        )
        for model in catalog
        if model.tier == "full" and model.urls and model.id not in bundled
    )


def members(bundle: Bundle, catalog: Catalog) -> list[Model]:
    """The models of ``bundle``."""
    return [catalog.get(id) for id in bundle.models]


def named(names: list[str], catalog: Catalog) -> list[Model]:
    """The published models that ``names`` mean, each once: bundles, ids, or ids without tier and version.

    Raises UnknownModel with a sentence.
    """
    found: dict[str, Model] = {}
    bundles = {bundle.id: bundle for bundle in BUNDLES}
    for name in names:
        if name in bundles:
            found |= {model.id: model for model in members(bundles[name], catalog)}
            continue
        matching = [one for one in catalog if one.tier == "full" and name in (one.id, short(one))]
        if not matching:
            known = ", ".join([*bundles, *(short(one) for one in catalog if one.tier == "full")])
            raise UnknownModel(f"There is nothing to install by the name {name}. There is: {known}.")
        found |= {model.id: model for model in matching}
    return list(found.values())


def short(model: Model) -> str:
    """Its id without tier and version."""
    return model.id.partition("/")[2].partition("@")[0]
