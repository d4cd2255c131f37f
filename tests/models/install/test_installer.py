"""Installing from a server that does everything that servers do."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from daguerre.cancellation import CancelToken
from daguerre.config import Config
from daguerre.errors import Canceled, InstallFailed, LicenceNotAccepted
from daguerre.models.catalog import Catalog, Model, UnknownModel, published
from daguerre.models.catalog.known import known
from daguerre.models.install import archive, download, installer
from daguerre.models.install.download import Patience
from daguerre.models.install.installer import Installer
from daguerre.models.install.store import Store
from tests.models.install import file_server
from tests.serving import until

DATA = np.random.default_rng(5).integers(0, 256, 1_500_000, np.uint8).tobytes()
QUICK = Patience(stall_s=0.6, connect_s=2, tries=3, pause_s=0.01, longest_pause_s=0.05)


def model(url: str, data: bytes = DATA, **fields) -> Model:
    # Published addresses are https; these are of the machine itself.
    entry = Model(
        id="full/thing@1",
        role="thing",
        tier="full",
        file="thing.onnx",
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        licence="MIT",
        purpose="is a thing",
        adapter="Thing",
        tile=64,
        urls=(url,),
    )
    return dataclasses.replace(entry, **fields)


@pytest.fixture
def publisher():
    with file_server.serve_files() as open_one:
        open_one.files["/thing.onnx"] = DATA
        yield open_one


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "models", embedded=tmp_path / "none")


def put(store, models, *, config=None, patience=QUICK, **more):
    return Installer(store, config or Config(), patience=patience).install(models, **more)


def test_a_file_comes_whole_and_is_verified(publisher, store):
    thing = model(f"{publisher.url}/thing.onnx")
    seen = []
    assert put(store, [thing], on_progress=seen.append) == [thing]
    assert store.verified(thing).read_bytes() == DATA
    assert sorted(path.name for path in store.folder.iterdir()) == [".install.lock", "thing.onnx"]
    assert seen[-1].percent == 100 and seen[-1].done_bytes == len(DATA) and seen[-1].installed == 1
    assert put(store, [thing]) == [] and len(publisher.requests) == 1


@pytest.mark.parametrize(
    "faults",
    [
        [file_server.drops(100_000)],
        [
            file_server.drops(400_000),
            file_server.drops(300_000),
            file_server.drops(1),
            file_server.drops(200_000),
            file_server.drops(7),
        ],
        [file_server.drops(0), None],
        [file_server.stalls(500_000, 2.0)],
        [file_server.says(503), file_server.says(429, ("Retry-After", "1"))],
        [file_server.too_little],
        [file_server.drops(300_000), file_server.ignores_range],
        [file_server.drops(300_000), file_server.lies_about_place],
        [file_server.drops(300_000), file_server.says(416)],
        [file_server.drops(300_000), file_server.wrong],
    ],
    ids=[
        "drops",
        "drops often",
        "nothing",
        "stalls",
        "busy",
        "too little",
        "no ranges",
        "another range",
        "416",
        "wrong",
    ],
)
def test_faults_are_overcome(publisher, store, faults):
    publisher.faults = list(faults)
    put(store, [model(f"{publisher.url}/thing.onnx")])
    assert (store.folder / "thing.onnx").read_bytes() == DATA
    assert not list(store.folder.glob("*.part*"))


def test_it_goes_on_where_it_stopped(publisher, store):
    publisher.faults = [file_server.drops(600_000)]
    put(store, [model(f"{publisher.url}/thing.onnx")])
    (_, first, _), (_, second, condition) = publisher.requests
    assert first is None and 0 < int(second.removeprefix("bytes=").rstrip("-")) <= 600_000
    assert condition == '"one"'


def test_a_new_version_on_the_server_starts_anew(publisher, store):
    def changes(handler, data):
        file_server.drops(600_000)(handler, b"x" * len(data))
        publisher.etag = '"two"'
        return True

    publisher.faults = [changes]
    put(store, [model(f"{publisher.url}/thing.onnx")])
    assert (store.folder / "thing.onnx").read_bytes() == DATA


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (file_server.wrong, "another file"),
        (file_server.too_much, "more than"),
        (file_server.says(404), "404"),
        (file_server.says(403), "403"),
    ],
)
def test_what_is_not_the_published_file_is_deleted_and_named(publisher, store, fault, word):
    publisher.faults = [fault] * 5
    with pytest.raises(InstallFailed, match=word) as failed:
        put(store, [model(f"{publisher.url}/thing.onnx")])
    assert "thing.onnx" in str(failed.value) and "127.0.0.1" in str(failed.value)
    assert not (store.folder / "thing.onnx").exists() and not list(store.folder.glob("*.part*"))


def test_a_mirror_that_has_less_than_the_file_does_not_hold_up_for_ever(publisher, store):
    publisher.files["/short.onnx"] = DATA[:300_000]
    put(store, [model("", urls=(f"{publisher.url}/short.onnx", f"{publisher.url}/thing.onnx"))])
    assert (store.folder / "thing.onnx").read_bytes() == DATA
    assert [path for path, _, _ in publisher.requests].count("/short.onnx") <= 6


def test_the_next_mirror_is_asked(publisher, store):
    publisher.files["/copy.onnx"] = DATA
    publisher.faults = [file_server.wrong]
    put(store, [model("", urls=(f"{publisher.url}/thing.onnx", f"{publisher.url}/copy.onnx"))])
    assert [path for path, _, _ in publisher.requests] == ["/thing.onnx", "/copy.onnx"]
    assert (store.folder / "thing.onnx").read_bytes() == DATA


def test_another_mirror_goes_on_with_what_has_come(publisher, store):
    publisher.files["/copy.onnx"] = DATA
    publisher.faults = [file_server.drops(700_000), file_server.says(503), file_server.says(503), file_server.says(503)]
    put(store, [model("", urls=(f"{publisher.url}/thing.onnx", f"{publisher.url}/copy.onnx"))])
    path, asked, condition = publisher.requests[-1]
    assert path == "/copy.onnx" and asked not in (None, "bytes=0-") and condition is None


def test_the_sites_own_mirror_comes_first(publisher, store):
    config = Config(models_url=f"{publisher.url}/site")
    publisher.files["/site/thing.onnx"] = DATA
    put(store, [model(f"{publisher.url}/thing.onnx")], config=config)
    assert [path for path, _, _ in publisher.requests] == ["/site/thing.onnx"]


def test_redirects_are_followed_but_not_for_ever(publisher, store):
    publisher.faults = [file_server.says(302, ("Location", "/moved.onnx"))]
    publisher.files["/moved.onnx"] = DATA
    put(store, [model(f"{publisher.url}/thing.onnx")])
    (store.folder / "thing.onnx").unlink()
    publisher.faults = [file_server.says(302, ("Location", "/thing.onnx"))] * 100
    with pytest.raises(InstallFailed, match="one address to the next"):
        put(store, [model(f"{publisher.url}/thing.onnx")])


def test_an_address_that_is_not_there(store):
    with pytest.raises(InstallFailed, match="cannot be reached"):
        put(store, [model("http://127.0.0.1:9/thing.onnx")])


def test_a_file_of_unknown_size(publisher, store):
    thing = model(f"{publisher.url}/thing.onnx", size_bytes=None, about_bytes=1_400_000)
    publisher.faults = [file_server.drops(500_000)]
    put(store, [thing])
    assert store.installed(thing) and store.verified(thing)


def test_several_files_come_side_by_side_and_one_failure_keeps_the_others(publisher, store):
    things = []
    for index in range(4):
        data = DATA[index:] if index else DATA
        publisher.files[f"/{index}.onnx"] = data
        things.append(model(f"{publisher.url}/{index}.onnx", data, id=f"full/thing{index}@1", file=f"{index}.onnx"))
    del publisher.files["/2.onnx"]
    with pytest.raises(InstallFailed, match=r"2\.onnx.*404"):
        put(store, things)
    assert [store.installed(thing) for thing in things] == [True, True, False, True]


def test_a_damaged_file_is_fetched_again(publisher, store):
    thing = model(f"{publisher.url}/thing.onnx")
    put(store, [thing])
    (store.folder / "thing.onnx").write_bytes(b"x" * len(DATA))
    assert put(store, [thing]) == [thing]
    assert store.verified(thing)


def test_offline_opens_no_connection(publisher, store):
    with pytest.raises(InstallFailed, match="DAGUERRE_OFFLINE"):
        put(store, [model(f"{publisher.url}/thing.onnx")], config=Config(offline=True))
    assert publisher.requests == []


def test_room_is_looked_for_first(publisher, store, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=1_000_000)
    monkeypatch.setattr(installer.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(InstallFailed, match="not enough room"):
        put(store, [model(f"{publisher.url}/thing.onnx")])
    assert publisher.requests == []


def test_a_disk_that_fills_up_keeps_what_has_come(publisher, store, monkeypatch):
    real = download.hashlib.sha256

    class Full:
        """Fails as a write to a full disk does, after some of the file."""

        def __init__(self, *_):
            self.inner, self.seen = real(), 0

        def update(self, data):
            self.seen += len(data)
            if self.seen > 900_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            self.inner.update(data)

        def hexdigest(self):
            return self.inner.hexdigest()

    monkeypatch.setattr(download.hashlib, "sha256", Full)
    with pytest.raises(InstallFailed, match="disk is full"):
        put(store, [model(f"{publisher.url}/thing.onnx")])
    kept = (store.folder / "thing.onnx.part").stat().st_size
    assert kept > 500_000
    monkeypatch.setattr(download.hashlib, "sha256", real)
    put(store, [model(f"{publisher.url}/thing.onnx")])
    assert publisher.requests[-1][1] == f"bytes={kept}-"


def test_a_part_that_cannot_be_written_is_told(publisher, store):
    (store.folder / "thing.onnx.part").mkdir(parents=True)
    with pytest.raises(InstallFailed, match=r"thing\.onnx cannot be written"):
        put(store, [model(f"{publisher.url}/thing.onnx")])


def test_a_proxy_of_the_environment_is_used(publisher, store, monkeypatch):
    """The proxy is asked for an address that only it can reach."""
    monkeypatch.setenv("HTTP_PROXY", publisher.url)
    monkeypatch.setenv("NO_PROXY", "")
    publisher.files["http://files.invalid/thing.onnx"] = DATA
    put(store, [model("http://files.invalid/thing.onnx")])
    assert [path for path, _, _ in publisher.requests] == ["http://files.invalid/thing.onnx"]
    assert (store.folder / "thing.onnx").read_bytes() == DATA


def test_canceling_keeps_what_has_come(publisher, store):
    token = CancelToken()
    drop = threading.Event()
    publisher.faults = [file_server.waits(800_000, drop)]
    with pytest.raises(Canceled):
        put(
            store,
            [model(f"{publisher.url}/thing.onnx")],
            cancel=token,
            on_progress=lambda seen: token.cancel() if seen.done_bytes else None,
            patience=dataclasses.replace(QUICK, stall_s=1.0),
        )
    drop.set()
    assert (store.folder / "thing.onnx.part").stat().st_size > 0


def test_two_installers_do_not_meet(publisher, store):
    with installer.locked(store.folder), pytest.raises(InstallFailed, match="Another installation"):
        put(store, [model(f"{publisher.url}/thing.onnx")])
    put(store, [model(f"{publisher.url}/thing.onnx")])


KILLED = """
import sys
from pathlib import Path
from daguerre.config import Config
from daguerre.models.install.download import Patience
from daguerre.models.install.installer import Installer
from daguerre.models.install.store import Store
from tests.models.install.test_installer import model
Installer(Store(Path(sys.argv[2])), Config(), patience=Patience(stall_s=300)).install([model(sys.argv[1])])
"""


def test_after_a_kill_the_next_one_goes_on(publisher, store):
    drop = threading.Event()
    publisher.faults = [file_server.waits(800_000, drop)]
    url = f"{publisher.url}/thing.onnx"
    root = Path(__file__).parents[3]
    victim = subprocess.Popen(
        [sys.executable, "-c", KILLED, url, str(store.folder)], cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    )
    part = store.folder / "thing.onnx.part"
    until(lambda: part.exists() and part.stat().st_size > 700_000)
    with pytest.raises(InstallFailed, match="Another installation"):
        put(store, [model(url)])
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    drop.set()
    kept = part.stat().st_size
    put(store, [model(url)])
    assert publisher.requests[-1][1] == f"bytes={kept}-"
    assert (store.folder / "thing.onnx").read_bytes() == DATA


def test_a_licence_that_forbids_commercial_use_asks_for_consent(publisher, store):
    thing = model(
        f"{publisher.url}/thing.onnx", licence="S-Lab-1.0", commercial_use=False, licence_url="https://x.org/l"
    )
    with pytest.raises(LicenceNotAccepted, match=r"S-Lab-1\.0.*--accept-licence"):
        put(store, [thing])
    assert publisher.requests == []
    assert put(store, [thing], accept_licences=True) == [thing]


def test_removing(publisher, store):
    thing = model(f"{publisher.url}/thing.onnx")
    put(store, [thing])
    (store.folder / "thing.onnx.part").write_bytes(b"rest")
    assert Installer(store, Config()).remove([thing]) == [thing]
    assert [path.name for path in store.folder.iterdir()] == [".install.lock"]
    assert Installer(store, Config()).remove([thing]) == []


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_an_archive_takes_models_to_another_machine(publisher, store, tmp_path, kind):
    thing = model(f"{publisher.url}/thing.onnx")
    put(store, [thing])
    path = tmp_path / "models.tar"
    assert archive.export([thing], store, path) == [thing]
    if kind == "zip":
        shutil.unpack_archive(path, tmp_path / "out")
        path = Path(shutil.make_archive(str(tmp_path / "models"), "zip", tmp_path / "out"))
    there = Store(tmp_path / "there", embedded=tmp_path / "none")
    catalog = Catalog(dataclasses.replace(thing, urls=("https://example.org/thing.onnx",)))
    (loaded,) = archive.load(path, catalog, there)
    assert there.verified(loaded).read_bytes() == DATA


def test_a_shared_folder_gives_what_was_published_and_nothing_else(publisher, store, tmp_path):
    thing = model(f"{publisher.url}/thing.onnx")
    shared = tmp_path / "shared"
    shared.mkdir()
    with pytest.raises(InstallFailed, match="No such file"):
        archive.copy(shared, [thing], store)
    (shared / "thing.onnx").write_bytes(DATA[:-1] + b"x")
    with pytest.raises(InstallFailed, match="not the file that was published"):
        archive.copy(shared, [thing], store)
    assert not store.installed(thing)
    (shared / "thing.onnx").write_bytes(DATA)
    assert archive.copy(shared, [thing], store) == [thing] and archive.copy(shared, [thing], store) == []
    assert store.verified(thing).read_bytes() == DATA


def test_archives_give_only_what_was_published(tmp_path, store):
    import io
    import tarfile

    thing = dataclasses.replace(model("https://example.org/thing.onnx"))

    def packed(*members: tuple[str, bytes]) -> Path:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.tar"
        with tarfile.open(path, "w") as tar:
            for name, data in members:
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
        return path

    for path, word in (
        (packed(("thing.onnx", b"x" * len(DATA))), "not the file that was published"),
        (packed(("thing.onnx", DATA + b"more")), "not the file that was published"),
        (packed(("../thing.onnx", DATA)), "no model"),
        (packed(("other.onnx", DATA)), "no model"),
    ):
        with pytest.raises(InstallFailed, match=word):
            archive.load(path, Catalog(thing), store)
    (tmp_path / "b.tar").write_bytes(b"not an archive")
    with pytest.raises(InstallFailed, match="not an archive"):
        archive.load(tmp_path / "b.tar", Catalog(thing), store)
    with pytest.raises(InstallFailed, match="No such file"):
        archive.load(tmp_path / "c.tar", Catalog(thing), store)
    assert [path.name for path in store.folder.iterdir()] == [".install.lock"]


def test_yunets_real_file_is_installed_by_its_published_digest(publisher, tmp_path, judges):
    file = judges / published.YUNET.file
    publisher.files[f"/{file.name}"] = file.read_bytes()
    publisher.faults = [file_server.drops(100_000)]
    store = Store(tmp_path / "models")
    put(store, [published.YUNET], config=Config(models_url=publisher.url))
    assert store.verified(published.YUNET).stat().st_size == published.YUNET.size_bytes


def test_every_published_model_has_what_it_needs():
    catalog = known()
    for entry in catalog:
        assert len(entry.sha256) == 64 and entry.licence and entry.purpose
        if entry.tier == "full":
            assert entry.licence_url.startswith("https://") and all(url.startswith("https://") for url in entry.urls)
    bundle = published.members(published.PHOTO_RESTORATION, catalog)
    assert all(entry.commercial_use for entry in bundle)
    assert 0.75e9 < sum(entry.expected_bytes for entry in bundle) < 1e9
    assert {entry.role for entry in bundle} == {
        "face_detection",
        "inpaint",
        "face_restoration",
        "colorize",
        "face_identity",
    }


def test_names_of_models():
    catalog = known()
    assert published.named(["photo-restoration", "yunet"], catalog) == published.members(
        published.PHOTO_RESTORATION, catalog
    )
    assert [one.id for one in published.named(["full/migan@2", "migan"], catalog)] == ["full/migan@2"]
    with pytest.raises(UnknownModel, match="There is: photo-restoration"):
        published.named(["nonsense"], catalog)


def test_the_command_installs_says_so_and_stops_politely(publisher, tmp_path):
    environment = {
        **os.environ,
        "DAGUERRE_MODELS_URL": publisher.url,
        "DAGUERRE_DATA": str(tmp_path),
    }
    command = [sys.executable, "-m", "daguerre.cli", "models"]

    def run(*words, **more):
        return subprocess.run(
            [*command, *words], env={**environment, **more}, capture_output=True, text=True, timeout=240, check=False
        )

    publisher.files[f"/{published.YUNET.file}"] = b"x" * published.YUNET.size_bytes
    done = run("install", "yunet", DAGUERRE_OFFLINE="1")
    assert done.returncode == 1 and "DAGUERRE_OFFLINE" in done.stderr and "Traceback" not in done.stderr
    done = run("install", "nonsense")
    assert done.returncode == 2 and "There is nothing to install by the name nonsense" in done.stderr
    done = run("install", "codeformer")
    assert done.returncode == 1 and "--accept-licence" in done.stderr
    done = run("import", "missing.tar")
    assert done.returncode == 1 and "No such file" in done.stderr
    listed = json.loads(run("list", "--json").stdout)
    assert {row["id"]: row["state"] for row in listed["models"]}["full/yunet@1"] == "missing"
    assert {row["role"]: row["id"] for row in listed["roles"]}["inpaint"] == "embedded/inpaint@1"
    assert run("verify").returncode == 0 and run("verify", "yunet").returncode == 1
