"""Two servers and two workers that share a database and a store and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clusters import Cluster


@pytest.fixture(scope="session")
def store_environment(object_store) -> Iterator[None]:
    """What the store's clients in this process and its children need to know."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in object_store.environment.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def cluster(tmp_path_factory, postgres, object_store, store_environment) -> Iterator[Cluster]:
    made = Cluster(
        tmp_path_factory.mktemp("cluster"), postgres.database(), object_store.url(), object_store.environment
    )
    try:
        made.machine()
        made.machine()
        made.server()
        made.server(STORAGE_REDIRECT=1)
        yield made
    finally:
        made.stop()
