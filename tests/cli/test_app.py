"""The commands beside ``restore``, and how fast the help comes."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from types import ModuleType

import pytest

from daguerre.cli import doctor
from tests.cli.conftest import Run


def test_help_and_version(run: Run) -> None:
    shown = run("--help")
    assert shown.returncode == 0
    assert "restore" in shown.stdout
    assert run("--version").stdout.startswith("daguerre ")
    assert "--scratch-sensitivity" in run("restore", "--help").stdout


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; sys.argv = ['daguerre', '--help']\n"
        "from daguerre.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'cv2', 'pydantic', 'onnxruntime', 'openvino', 'PIL'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"


def test_the_networks_are_listed_and_verified(run: Run) -> None:
    listed = run("models", "list", "--json")
    rows = json.loads(listed.stdout)["models"]
    assert listed.returncode == 0
    assert {row["state"] for row in rows if row["tier"] == "embedded"} == {"verified"}
    assert {"inpaint", "noise", "denoise"} <= {row["role"] for row in rows}


def test_the_doctor_tries_what_it_reports(run: Run) -> None:
    found = run("doctor", "--json")
    report = json.loads(found.stdout)
    assert found.returncode == (0 if report["ok"] else 1)
    assert report["ok"] == (not report["broken"])
    assert report["formats"]["jpeg"] == "works"
    assert all(row["providers"] for row in report["models"] if row["state"] == "verified")
    assert not [sentence for sentence in report["broken"] if "full/" in sentence]
    assert {row["device"]: row["state"] for row in report["devices"]}["cpu"] == "works"
    assert report["cores"] >= 1


def test_the_doctor_says_how_to_repair(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    load = importlib.import_module

    def without_rawpy(name: str, package: str | None = None) -> ModuleType:
        if name == "rawpy":
            raise ImportError("libraw.so: cannot open shared object file")
        return load(name, package)

    damaged = {"id": "embedded/noise@1", "role": "noise", "tier": "embedded", "state": "damaged", "path": "absent"}
    monkeypatch.setattr(importlib, "import_module", without_rawpy)
    monkeypatch.setattr(doctor, "inventory", lambda config: [damaged])
    assert doctor.examine(as_json=True) == 1
    report = json.loads(capsys.readouterr().out)
    repair = "pip install --force-reinstall --no-deps"
    assert not report["ok"]
    assert f"The model embedded/noise@1 is damaged: {repair} daguerre" in report["broken"]
    assert f"rawpy cannot be loaded (libraw.so: cannot open shared object file): {repair} rawpy" in report["broken"]
    assert any(sentence.startswith("There is no model for damage, inpaint, denoise") for sentence in report["broken"])
