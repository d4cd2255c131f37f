"""The library works without the extras, and what needs one names it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from daguerre.config import Config
from daguerre.errors import ExtraNotInstalled
from daguerre.extras import EXTRAS, missing
from daguerre.jobs import backends

ROOT = Path(__file__).parents[1]
WITHOUT = f"import sys; sys.modules.update(dict.fromkeys({sum(EXTRAS.values(), ())!r})); "


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", WITHOUT + code, *arguments], capture_output=True, text=True)


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_table_names_every_package_of_an_extra(extra: str) -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"][extra]
    names = {re.match(r"[a-z0-9-]+", package)[0] for package in packages if "sys_platform" not in package}
    modules = {
        {"yaml": "pyyaml", "psycopg_pool": "psycopg"}.get(name, re.sub("[._]", "-", name)) for name in EXTRAS[extra]
    }
    assert modules == names - {"daguerre"}
    assert missing(extra) == ()


def test_a_photo_is_restored_without_any_extra(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("L", (64, 64), 99).save(tmp_path / "a.png")
    done = python(
        "from daguerre.cli import main; main()", "restore", str(tmp_path / "a.png"), "-o", str(tmp_path / "b.png")
    )
    assert (done.returncode, (tmp_path / "b.png").is_file()) == (0, True), done.stderr


@pytest.mark.parametrize("command", [["serve"], ["worker"], ["keys", "list"], ["submit", ".", "--to", "results"]])
def test_commands_of_the_service_name_the_extra_they_need(command: list[str]) -> None:
    done = python("from daguerre.cli import main; main()", *command)
    assert done.returncode == 2
    assert f"daguerre {command[0]} needs the optional extra [server]" in done.stderr
    assert 'uv tool install --force ".[server]"' in done.stderr


def test_the_tools_for_agents_name_the_extra_they_need(tmp_path: Path) -> None:
    done = python("from daguerre.cli import main; main()", "mcp", "--folder", str(tmp_path))
    assert done.returncode == 2
    assert "daguerre mcp needs the optional extra [mcp]" in done.stderr


def test_a_bucket_of_models_names_the_extra_it_needs() -> None:
    done = python("from daguerre.cli import main; main()", "models", "install", "--from", "s3://bucket/models/")
    assert done.returncode == 2
    assert "Installing from s3://bucket/models/ needs the optional extra [server]" in done.stderr


def test_a_postgresql_database_names_the_extra_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ExtraNotInstalled, match=r"DAGUERRE_DATABASE_URL.*\[cluster\]"):
        backends.open_database(Config(database_url="postgresql://localhost/none"))


def test_the_doctor_tells_which_extras_are_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    from daguerre.cli import doctor

    monkeypatch.setitem(sys.modules, "uvicorn", None)
    for module in (*EXTRAS["cluster"], *EXTRAS["mcp"]):
        monkeypatch.setitem(sys.modules, module, None)
    advice: list[str] = []
    assert doctor._extras(advice) == {
        "server": "incomplete: uvicorn missing",
        "mcp": "not installed",
        "cluster": "not installed",
    }
    assert len(advice) == 1 and "[server]" in advice[0]
