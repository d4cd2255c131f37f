"""Where photos in bulk come from and where results go: folders and object stores, alike."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import obstore
from obstore.store import LocalStore, S3Store

from daguerre.errors import CannotWrite, WrongUsage
from daguerre.imaging import registry
from daguerre.jobs.object_storage import open_store, store_errors
from daguerre.naming import SUFFIX

_NOTES = ".daguerre"
_RETRY_S = 60.0
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Item:
    """A photo by its ``name``, its path below the source; ``digest`` changes with its content and with what is wanted.

    ``contested`` says that another photo beside it differs in the extension alone.
    """

    name: str
    size_bytes: int
    digest: str
    contested: bool

    @property
    def filename(self) -> str:
        """The last part of the name."""
        return PurePosixPath(self.name).name

    def result(self, restored: str) -> str:
        """The path of the result below the place, for one that is called ``restored``."""
        path = PurePosixPath(self.name)
        if self.contested:
            restored = f"{path.name}{SUFFIX}{PurePosixPath(restored).suffix}"
        return str(path.with_name(restored))


class Place:
    """The folder or the prefix of a store that ``address`` names. Raises WrongUsage and StorageUnusable."""

    def __init__(self, address: str, *, made: bool = False) -> None:
        self.address = address.rstrip("/") if "://" in address else str(Path(address).absolute())
        self._store: S3Store | LocalStore
        if address.startswith("s3://"):
            self._store = open_store(self.address, retry_s=_RETRY_S)
        elif "://" in address:
            raise WrongUsage(f"{address} is neither a folder nor an address like s3://bucket/prefix.")
        elif made:
            try:
                self._store = LocalStore(self.address, mkdir=True)
            except OSError as error:
                raise CannotWrite(f"{address} cannot be written: {error.strerror or error}.") from None
        elif Path(address).is_dir():
            self._store = LocalStore(self.address)
        else:
            raise WrongUsage(f"{address} is not a folder.")

    def photos(self, wanted: Mapping[str, Any], target: Place) -> list[Item]:
        """The photos here, by name, for restoration as ``wanted`` to ``target``; hidden files and results are none."""
        found = []
        with store_errors():
            for page in obstore.list(self._store):
                found += [one for one in page if _is_photo(one["path"])]
        stems = Counter(_stem(one["path"]) for one in found)
        items = []
        for one in sorted(found, key=lambda one: one["path"]):
            version = one["e_tag"] or f"{one['size']} {one['last_modified'].isoformat()}"
            told = json.dumps([self.address, one["path"], version, target.address, wanted], sort_keys=True)
            digest = hashlib.sha256(told.encode()).hexdigest()[:40]
            items.append(Item(one["path"], one["size"], digest, stems[_stem(one["path"])] > 1))
        return items

    @contextmanager
    def chunks(self, item: Item) -> Iterator[Iterator[bytes]]:
        """The photo's bytes as they come. Raises FileMissing and StorageUnusable."""
        with store_errors():
            yield (bytes(chunk) for chunk in obstore.get(self._store, item.name).stream(min_chunk_size=_CHUNK_BYTES))

    def store(self, item: Item, name: str, path: Path) -> None:
        """Store a result, and then a note that it is here: a result without its note is made anew."""
        with store_errors():
            obstore.put(self._store, name, path)
            note = json.dumps({"source": item.name, "result": name}).encode()
            obstore.put(self._store, f"{_NOTES}/{item.digest}.json", note)

    def done(self) -> frozenset[str]:
        """The digests of the photos whose results are here."""
        with store_errors():
            pages = obstore.list(self._store, prefix=_NOTES)
            return frozenset(PurePosixPath(one["path"]).stem for page in pages for one in page)


def _is_photo(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") for part in path.parts)
    return path.suffix.lower() in registry.SUFFIXES and not hidden and not path.stem.endswith(SUFFIX)


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix("")).casefold()
