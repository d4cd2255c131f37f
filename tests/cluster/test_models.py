"""Models on many machines: fetched from a store of the site's own, and from nowhere else."""

from __future__ import annotations

import hashlib
from http.client import HTTPConnection

import obstore
import pytest

from daguerre.cli.install import addresses
from daguerre.config import Config
from daguerre.errors import InstallFailed, WrongUsage
from daguerre.jobs.object_storage import open_store
from daguerre.models.catalog import Model
from daguerre.models.install.installer import Installer
from daguerre.models.install.store import Store
from tests.serving import until

pytestmark = pytest.mark.xdist_group("cluster")


def test_a_store_gives_what_was_published_and_nothing_else(object_store, store_environment, tmp_path):
    data = b"weights" * 50_000
    thing = Model(
        id="full/thing@1", role="thing", tier="full", file="thing.onnx", sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data), licence="MIT", purpose="is a thing", adapter="Thing", tile=64,
        urls=("https://example.org/thing.onnx",),
    )  # fmt: skip
    address = object_store.url()
    bucket, store = open_store(address, retry_s=5), Store(tmp_path / "models")
    installer = Installer(store, Config(), source=addresses(address))
    obstore.put(bucket, "thing.onnx", data[:-1] + b"x")
    with pytest.raises(InstallFailed, match="thing"):
        installer.install([thing])
    assert not store.installed(thing)
    obstore.put(bucket, "thing.onnx", data)
    assert installer.install([thing]) == [thing] and store.verified(thing).read_bytes() == data
    with pytest.raises(WrongUsage):
        addresses("ftp://example.org")


def test_an_import_that_was_broken_off_leaves_nothing_and_a_running_one_goes_on(
    start, object_store, store_environment, tmp_path
):
    """Photos are in a store, archives on this machine."""
    spool, url = tmp_path / "data" / "service" / "archives" / "spool", object_store.url()

    def importing(server) -> HTTPConnection:
        """A request that stays in the middle of its file."""
        known = set(spool.glob("*/scratch-*"))
        connection = HTTPConnection(server.url.removeprefix("http://"))
        connection.putrequest("POST", "/api/v1/admin/features/photo-restoration/import")
        connection.putheader("Content-Type", "multipart/form-data; boundary=x")
        connection.putheader("Content-Length", "50000000")
        connection.endheaders(b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.tar"\r\n\r\n')
        connection.send(bytes(4_000_000))
        until(lambda: set(spool.glob("*/scratch-*")) - known)
        return connection

    doomed = start("--workers", "0", STORAGE_URL=url)
    broken_off = importing(doomed)
    (left,) = spool.glob("*/scratch-*")
    doomed.kill_everything()
    running = start("--workers", "0", STORAGE_URL=url)
    until(lambda: not left.parent.exists())
    going_on = importing(running)
    (used,) = spool.glob("*/scratch-*")
    (spool / "stray").mkdir()
    (spool / "stray" / ".lock").touch()
    start("--workers", "0", STORAGE_URL=url)
    until(lambda: not (spool / "stray").exists())
    assert used.exists()
    for connection in (broken_off, going_on):
        connection.close()
    until(lambda: not used.exists())
