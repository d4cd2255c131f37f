"""What Daguerre runs on, whether it works, and what to do where it does not."""

from __future__ import annotations

import importlib
import json
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from daguerre.cli.configuration import configuration
from daguerre.config import Config, cores
from daguerre.errors import DaguerreError
from daguerre.extras import EXTRAS, missing, remedy
from daguerre.models.inventory import inventory
from daguerre.models.runtime.memory import total_bytes

_CODECS = {
    "pillow": "PIL",
    "pi-heif": "pi_heif",
    "imagecodecs": "imagecodecs",
    "openimageio": "OpenImageIO",
    "rawpy": "rawpy",
    "psd-tools": "psd_tools",
}
_ENCODERS = {"heif": "HEIC is written as AVIF: pip install pillow-heif writes it, with an encoder under the GPL"}
"""What can be installed beside, by format."""

_REPAIR = "pip install --force-reinstall --no-deps "
_ROLES = ("damage", "inpaint", "noise", "denoise")
_ENOUGH_MEMORY = 2 * 2**30
_ENOUGH_DISK = 2**30


def examine(as_json: bool) -> int:
    """Print the findings; 1 when something essential is broken."""
    findings = _findings()
    if as_json:
        print(json.dumps(findings, indent=2, ensure_ascii=False))
    else:
        _print(findings)
    return 0 if findings["ok"] else 1


def _findings() -> dict[str, Any]:
    config = configuration()
    broken: list[str] = []
    advice: list[str] = []
    findings = {
        "daguerre": _version("daguerre"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": cores(),
        "memoryBytes": total_bytes(),
        "freeDiskBytes": _disk(config.data),
        "data": str(config.data),
        "device": config.device,
        "extras": _extras(advice),
        "runtimes": _runtimes(broken),
        "models": _models(config, broken, advice),
        "devices": _devices(config, broken, advice),
        "codecs": _codecs(broken),
        "formats": _formats(broken, advice),
    }
    memory, disk = findings["memoryBytes"], findings["freeDiskBytes"]
    if isinstance(memory, int) and memory < _ENOUGH_MEMORY:
        advice.append("There are less than 2 GB of memory: large photos may not fit.")
    if isinstance(disk, int) and disk < _ENOUGH_DISK:
        advice.append(f"There is less than 1 GB of free disk at {config.data}: make room.")
    return {"ok": not broken, **findings, "broken": broken, "advice": advice}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _extras(advice: list[str]) -> dict[str, str]:
    """Each extra as ``installed``, ``not installed``, or ``incomplete`` with what is missing."""
    states: dict[str, str] = {}
    for extra, modules in EXTRAS.items():
        absent = missing(extra)
        states[extra] = "installed" if not absent else "not installed"
        if absent and len(absent) < len(modules):
            states[extra] = f"incomplete: {', '.join(absent)} missing"
            advice.append(f"The extra [{extra}] is {states[extra]}. {remedy(extra)}")
    return states


def _runtimes(broken: list[str]) -> dict[str, Any]:
    runtimes: dict[str, Any] = {"openvino": _version("openvino")}
    try:
        import onnxruntime

        runtimes["onnxruntime"] = onnxruntime.__version__
        runtimes["providers"] = list(onnxruntime.get_available_providers())
    except Exception as error:
        broken.append(f"ONNX Runtime cannot be loaded ({_line(error)}): {_REPAIR}onnxruntime")
    return runtimes


def _models(config: Config, broken: list[str], advice: list[str]) -> list[dict[str, Any]]:
    """Every model, verified, then loaded, so that its providers are those that really work."""
    from daguerre.models.runtime.session import Session

    rows = inventory(config)
    for row in rows:
        repair = f"{_REPAIR}daguerre" if row["tier"] == "embedded" else f"daguerre models install {row['id']}"
        if row["state"] == "missing" and row["tier"] != "embedded":
            continue
        if row["state"] != "verified":
            broken.append(f"The model {row['id']} is {row['state']}: {repair}")
            continue
        try:
            session = Session(
                row["path"], device=config.device, threads=config.threads, precision=config.precision
            )  # fmt: skip
            row["providers"] = list(session.providers)
            row["fallbacks"] = session.fallbacks
        except DaguerreError as error:
            broken.append(f"{error} {repair}")
            continue
        advice.extend(
            f"{reason}: the models run on {session.providers[0]} instead."
            for reason in session.fallbacks
            if f"{reason}: the models run on {session.providers[0]} instead." not in advice
        )
    if not any(row["tier"] == "full" and row["state"] != "missing" for row in rows):
        advice.append("The published models are not installed; they do more: daguerre models install")
    missing = [role for role in _ROLES if role not in {row["role"] for row in rows}]
    if missing:
        broken.append(f"There is no model for {', '.join(missing)}: {_REPAIR}daguerre")
    return rows


def _devices(config: Config, broken: list[str], advice: list[str]) -> list[dict[str, Any]]:
    """Every device, tried with a model of the package."""
    from daguerre.cli.hardware import prove
    from daguerre.models.catalog.known import known
    from daguerre.models.install.store import Store

    tried = next((model for model in known() if model.id.startswith("embedded/denoise@")), None)
    if tried is None:
        return []
    try:
        rows = prove(Store(config.data / "models").verified(tried), config)
    except Exception as error:
        broken.append(f"No model runs on ONNX Runtime's CPU ({_line(error)}): {_REPAIR}onnxruntime")
        return []
    for row in rows:
        if row["state"] == "differs":
            advice.append(f"{row['title']} gives other results than the CPU: use --device cpu.")
        elif row["state"] == "fails":
            advice.append(f"{row['title']} is installed but fails ({row['reason']}): the CPU is used instead.")
        elif row["device"] == config.device and row["state"] != "works":
            advice.append(f"DAGUERRE_DEVICE is {config.device}, which is not available: {row['advice']}.")
    return rows


def _codecs(broken: list[str]) -> dict[str, str | None]:
    versions: dict[str, str | None] = {}
    for package, module in _CODECS.items():
        versions[package] = None
        try:
            importlib.import_module(module)
            versions[package] = _version(package)
        except Exception as error:
            broken.append(f"{package} cannot be loaded ({_line(error)}): {_REPAIR}{package}")
    return versions


def _formats(broken: list[str], advice: list[str]) -> dict[str, str]:
    """Every format, tried: a small picture is written and read again."""
    import numpy as np

    from daguerre import imaging
    from daguerre.imaging import registry
    from daguerre.imaging.photo import Photo

    states: dict[str, str] = {}
    pixels = np.full((16, 16, 3), 128, np.uint8)
    for form in registry.FORMATS.values():
        try:
            encoded = imaging.encode(Photo(pixels, form.name), format=form.name)
            if encoded.format != form.name:
                states[form.name] = f"written as {encoded.format}"
                if form.name in _ENCODERS:
                    advice.append(_ENCODERS[form.name])
                continue
            states[form.name] = "works" if imaging.open_image(encoded.data).pixels.shape[:2] == (16, 16) else "fails"
        except DaguerreError as error:
            states[form.name] = f"fails: {error}"
        if states[form.name].startswith("fails"):
            sentence = f"{form.title} {states[form.name]}"
            (broken if form.name in {"jpeg", "png", "tiff", "webp"} else advice).append(sentence)
    return states


def _disk(folder: Path) -> int | None:
    existing = next((path for path in (folder, *folder.parents) if path.exists()), None)
    return None if existing is None else shutil.disk_usage(existing).free


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _print(findings: dict[str, Any]) -> None:
    from daguerre.cli import hardware

    memory, disk = findings["memoryBytes"], findings["freeDiskBytes"]
    runtimes = findings["runtimes"]
    rows = [
        ("Daguerre", f"{findings['daguerre']}, Python {findings['python']}, {findings['system']}"),
        ("Cores", str(findings["cores"])),
        ("Memory", f"{memory / 2**30:.1f} GB"),
        ("Free disk", "unknown" if disk is None else f"{disk / 2**30:.1f} GB at {findings['data']}"),
        ("ONNX Runtime", f"{runtimes.get('onnxruntime')}: {', '.join(runtimes.get('providers', []))}"),
        ("OpenVINO", str(runtimes["openvino"])),
    ]
    rows += [(f"[{extra}]", state) for extra, state in findings["extras"].items()]
    rows += [
        (row["id"], f"{row['state']}{', runs on ' + ' '.join(row['providers']) if 'providers' in row else ''}")
        for row in findings["models"]
        if row["state"] != "missing" or row["tier"] == "embedded"
    ]
    rows += [(row["title"], hardware.sentence(row)) for row in findings["devices"]]
    rows += [(name, number or "broken") for name, number in findings["codecs"].items()]
    rows += [(name, state) for name, state in findings["formats"].items()]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:{width}}  {value}")
    for sentence in findings["advice"]:
        print(f"Note: {sentence}")
    for sentence in findings["broken"]:
        print(f"Broken: {sentence}", file=sys.stderr)
    print("Everything essential works." if findings["ok"] else "Something essential is broken, see above.")
