"""Photos in bulk: from places to places, each once."""

from __future__ import annotations

import json
import subprocess
import sys

import obstore
import pytest
from obstore.store import S3Store

import daguerre
from daguerre.cli.places import Place
from tests.serving import picture

pytestmark = pytest.mark.xdist_group("cluster")

SETTINGS = ["--settings", '{"denoise": false, "faceEnhancement": false}']


def run(*arguments, environment=None):
    import os

    command = [sys.executable, "-m", "daguerre.cli", "submit", *map(str, arguments), *SETTINGS]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=240, env={**os.environ, **(environment or {})}, check=False
    )


def test_every_object_of_a_store_is_restored_once_without_a_server(cluster, object_store):
    source, target = object_store.url(), object_store.url()
    store, results = S3Store.from_url(source, client_options={"allow_http": True}), Place(target, made=True)
    names = ["1923/a.jpg", "1923/b/c.jpg", "1923/b/c.png"]
    for number, name in enumerate(names):
        obstore.put(store, name, picture(kind="PNG" if name.endswith("png") else "JPEG", seed=number))
    obstore.put(store, "1923/broken.jpg", b"no picture")
    obstore.put(store, "1923/notes.txt", b"not meant")
    first = run(f"{source}/1923/", "--to", target, environment=cluster.environment)
    assert first.returncode == 1, first.stderr
    (failure,) = map(json.loads, first.stdout.splitlines())
    assert (failure["source"], failure["code"]) == ("broken.jpg", "INVALID_IMAGE")
    assert first.stderr.splitlines()[-1] == "3 restored, 0 done before, 1 failed."
    made = {one["path"] for page in obstore.list(results._store) for one in page if ".daguerre" not in one["path"]}
    assert made == {"a_restored.jpg", "b/c.jpg_restored.jpg", "b/c.png_restored.png"}
    assert daguerre.open(bytes(obstore.get(results._store, "a_restored.jpg").bytes())).width == 64
    obstore.put(store, "1923/broken.jpg", picture(seed=7))
    again = run(f"{source}/1923/", "--to", target, environment=cluster.environment)
    assert again.stderr.splitlines()[-1] == "1 restored, 3 done before, 0 failed.", again.stderr
    with cluster.database.reading() as connection:
        left = connection.exec_driver_sql("SELECT count(*) FROM jobs WHERE id LIKE 'bulk-%%'").scalar_one()
    assert again.returncode == 0 and left == 0


def test_a_folder_goes_through_a_server_that_wants_a_key(keyed, tmp_path):
    scans, target = tmp_path / "scans", tmp_path / "restored"
    (scans / "deep").mkdir(parents=True)
    (scans / "a.jpg").write_bytes(picture())
    (scans / "deep" / "b.jpg").write_bytes(picture(seed=2))
    refused = run(scans, "--to", target, "--server", keyed.server.url)
    assert refused.returncode == 1
    assert {json.loads(line)["code"] for line in refused.stdout.splitlines()} == {"AUTH_REQUIRED"}
    report = tmp_path / "failures.jsonl"
    arguments = [scans, "--to", target, "--server", keyed.server.url, "--failures", report]
    done = run(*arguments, environment={"DAGUERRE_KEY": keyed.anna})
    assert (done.returncode, report.read_text()) == (0, ""), done.stderr
    assert (target / "a_restored.jpg").exists() and (target / "deep" / "b_restored.jpg").exists()
    again = run(*arguments, environment={"DAGUERRE_KEY": keyed.anna})
    assert again.stderr.splitlines()[-1] == "0 restored, 2 done before, 0 failed."
