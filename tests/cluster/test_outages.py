"""A store that is gone for a while loses nothing, and everybody is told what is the matter."""

from __future__ import annotations

import pytest

from tests.serving import TOOL, picture, until

pytestmark = pytest.mark.xdist_group("cluster")


def test_jobs_wait_for_the_store_and_then_go_on(cluster, object_store, photo):
    server = cluster.servers[0]
    job = server.submit(picture(600, 400), settings={})
    until(lambda: server.state(job)["phase"] == "processing")
    object_store.stop()
    try:
        until(lambda: server.client.get("/api/v1/health").status_code == 503)
        refused = server.client.post(TOOL, files={"file": ("a.jpg", photo)})
        assert refused.status_code == 503 and "retry-after" in refused.headers
        assert refused.json()["code"] == "STORAGE_UNUSABLE"
        told = until(lambda: (state := server.state(job))["stage"] == "Waiting for the storage..." and state)
        assert told["phase"] == "queued"
    finally:
        object_store.start()
    assert server.wait(job)["phase"] == "complete"
    assert server.wait(server.submit(photo))["phase"] == "complete"
