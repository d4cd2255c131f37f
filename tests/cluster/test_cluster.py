"""Many machines: what one takes in, others restore, tell of and hand out; none of them is needed."""

from __future__ import annotations

import threading

import httpx
import pytest

from tests.serving import NOTHING, picture, until

pytestmark = pytest.mark.xdist_group("cluster")


def test_what_one_server_takes_in_another_tells_of_and_hands_out(cluster, photo):
    here, there = cluster.servers
    frames = {}

    def follow(job):
        frames[job] = there.frames(job)

    job = here.submit(photo, name="grün.jpg")
    listening = threading.Thread(target=follow, args=(job,))
    listening.start()
    ended = here.wait(job)
    listening.join(60)
    assert ended["phase"] == "complete" and frames[job][-1]["data"] == ended == there.state(job)
    address = ended["result"]["downloadUrl"]
    own = here.client.get(address)
    assert (
        own.status_code == 200 and there.client.get(address, headers={"Sec-Fetch-Mode": "cors"}).content == own.content
    )
    redirected = there.client.get(address)
    assert redirected.status_code == 307
    stored = httpx.get(redirected.headers["location"])
    assert stored.content == own.content
    for header in ("content-type", "content-disposition"):
        assert stored.headers[header] == own.headers[header]


def test_a_job_goes_on_elsewhere_when_its_machine_loses_power(cluster):
    job = cluster.servers[0].submit(picture(1000, 800, sigma=20), settings={})
    doomed = until(lambda: cluster.at_work_on(job))
    doomed.lose_power()
    ended = cluster.servers[1].wait(job)
    cluster.machine()
    assert ended["phase"] == "complete"
    events = cluster.servers[0].frames(job)
    assert [event["data"]["phase"] for event in events] == ["complete"]
    with cluster.database.reading() as connection:
        attempts, files = connection.exec_driver_sql(
            "SELECT attempts, files FROM jobs WHERE id = %s", (job,)
        ).one()  # fmt: skip
    assert attempts == 2 and files


def test_a_job_is_canceled_from_any_server_and_its_worker_takes_the_next(cluster):
    here, there = cluster.servers
    # The first must last until the second machine has taken the second, which may have to start a worker for it.
    large = picture(4000, 3000, sigma=20)
    long = [here.submit(large, settings={}) for _ in range(3)]
    until(lambda: sum(here.state(job)["phase"] == "processing" for job in long) == 2)
    for job in long:
        assert there.client.post(f"/api/v1/jobs/{job}/cancel").json() == {"canceled": True}
    assert here.wait(here.submit(picture(), NOTHING))["phase"] == "complete"
    assert {here.state(job)["code"] for job in long} == {"CANCELED"}


def test_a_server_that_dies_takes_nothing_with_it(cluster, photo):
    job = cluster.servers[0].submit(photo)
    cluster.kill_server(cluster.servers[0])
    assert cluster.servers[0].wait(job)["phase"] == "complete"
    removed = cluster.servers[1].client.delete(f"/api/v1/jobs/{job}")
    assert removed.status_code == 200 and cluster.servers[0].client.get(f"/api/v1/jobs/{job}").status_code == 404
