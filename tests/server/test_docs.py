"""The examples of docs/api.md, run as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from PIL import Image

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="the examples need curl and jq")
def test_the_examples_do_what_they_say(server, photo, tmp_path):
    (tmp_path / "damaged-old-photo.jpg").write_bytes(photo)
    blocks = re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) > 8
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(blocks).replace("curl ", "curl --fail ")],
        cwd=tmp_path, env={**os.environ, "BASE": server.url}, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert 'event: progress\ndata: {"jobId":' in done.stdout and '"type":"batch"' in done.stdout
    assert '"phase": "complete"' in done.stdout and "\n100\n" in done.stdout
    assert '{"canceled":false}' in done.stdout and '{"ok":true}' in done.stdout
    assert "photo-restoration: not_installed" in done.stdout and "daguerre_queue_depth 0" in done.stdout
    assert Image.open(tmp_path / "restored.jpg").size == Image.open(tmp_path / "preview.webp").size == (64, 48)
    assert len(zipfile.ZipFile(tmp_path / "restored.zip").namelist()) == 2
