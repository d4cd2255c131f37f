"""Many machines as processes, on PostgreSQL and an S3 store of their own: ``python -m benchmarks.cluster chaos``.

``chaos`` kills workers, a server and the database while photos are restored, and counts what is lost. ``throughput``
compares four workers with one. ``depth`` measures claims, lists and states beside many jobs. ``latency`` measures how
soon a dead machine's job goes on, a cancel is obeyed, and an event reaches a thousand listeners.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import signal
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import psutil
from sqlalchemy import text

from daguerre.client import AsyncClient
from daguerre.config import Config
from daguerre.errors import ServiceRefused
from daguerre.jobs import backends
from daguerre.jobs.object_storage import ObjectStorage
from daguerre.jobs.queue import LEASE_S, JobQueue, Outcome, WorkerInfo
from daguerre.jobs.records import Submission
from tests.clusters import Cluster
from tests.services import ObjectStore, Postgres
from tests.serving import children, picture, until

KILL_EVERY_S = 3.0


class Balanced(httpx.AsyncBaseTransport):
    """A balancer in front of ``urls``, which may change: each request goes to the next that lets itself be reached."""

    def __init__(self, urls: list[str]) -> None:
        self._urls = urls
        self._line = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=None))
        self._turn = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._turn += 1
        url = httpx.URL(self._urls[self._turn % len(self._urls)])
        request.url = request.url.copy_with(host=url.host, port=url.port)
        return await self._line.handle_async_request(request)

    async def aclose(self) -> None:
        await self._line.aclose()


@dataclass(frozen=True, slots=True)
class Harvest:
    """What became of the photos; ``longest_wait_s`` is from a job's end until its listener was told."""

    photos: int
    complete: int
    failed: int
    ended_twice: int
    unfinished: int
    orphaned_files: int
    left_tasks: int
    tried_again: int
    kills: int
    longest_wait_s: float
    seconds: float


class Chaos(threading.Thread):
    """Kills a worker's process now and then, once a server, and restarts the database once, until told to stop."""

    def __init__(self, cluster: Cluster, urls: list[str], restart: Callable[[], object], every_s: float) -> None:
        super().__init__(name="chaos", daemon=True)
        self._cluster = cluster
        self._urls = urls
        self._restart = restart
        self._every_s = every_s
        self._random = random.Random(4)
        self.over = threading.Event()
        self.kills = 0

    def run(self) -> None:
        plan = {2: self._kill_server, 4: self._restart}
        while not self.over.wait(self._every_s):
            machine = self._random.choice(
                [machine for machine in self._cluster.machines if machine.process.poll() is None]
            )
            for pid in children(machine.process.pid)[:1]:
                os.kill(pid, signal.SIGKILL)
                self.kills += 1
            plan.pop(self.kills, lambda: None)()
        for rest in plan.values():
            rest()

    def _kill_server(self) -> None:
        doomed = self._cluster.servers[0]
        self._urls.remove(doomed.url)
        self._urls.append(self._cluster.kill_server(doomed).url)


def chaos(cluster: Cluster, photos: int, restart: Callable[[], object], *, every_s: float = KILL_EVERY_S) -> Harvest:
    """Restore ``photos`` small ones through two servers and the cluster's machines while all of them die in turn."""
    urls = [server.url for server in cluster.servers[:2]]
    killer = Chaos(cluster, urls, restart, every_s)
    ids = [str(uuid.uuid4()) for _ in range(photos)]
    told: dict[str, float] = {}

    async def one(client: AsyncClient, id: str, door: asyncio.Semaphore) -> None:
        async with door:
            while True:
                try:
                    await client.submit(picture(seed=ids.index(id)), id=id, face_enhancement=False)
                    break
                except ServiceRefused as refusal:
                    # A machine that is short of time refuses what it cannot look at within its limits.
                    if "within the limits" not in str(refusal):
                        raise
        async for _ in client.follow(id):
            pass
        told[id] = time.time()

    async def everything() -> None:
        door = asyncio.Semaphore(4)
        async with AsyncClient("http://127.0.0.1", transport=Balanced(urls), patience_s=300) as client:
            await asyncio.gather(*(one(client, id, door) for id in ids))

    began = time.monotonic()
    killer.start()
    asyncio.run(everything())
    seconds = time.monotonic() - began
    killer.over.set()
    killer.join()
    storage = backends.file_storage(cluster.config)
    assert isinstance(storage, ObjectStorage)
    with cluster.database.reading() as connection:
        rows = connection.execute(
            text("SELECT id, folder, phase, attempts, token, finished_at FROM jobs WHERE id = ANY(:ids)"), {"ids": ids}
        ).all()
        ends = text(
            "SELECT count(*) FROM (SELECT job FROM events WHERE phase IN ('complete', 'failed') AND job = ANY(:ids)"
            " GROUP BY job HAVING count(*) > 1) AS twice"
        )
        twice = connection.execute(ends, {"ids": ids}).scalar_one()
        tasks = connection.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one()
    kept = {f"jobs/{row.folder}/input" for row in rows} | {f"jobs/{row.folder}/out/{row.token}" for row in rows}
    stored = [key for key in storage.stored() if key.startswith("jobs/")]
    strays = [key for key in stored if key not in kept and key.rpartition("/")[0] not in kept]
    return Harvest(
        photos=photos, complete=sum(row.phase == "complete" for row in rows),
        failed=sum(row.phase == "failed" for row in rows), ended_twice=twice,
        unfinished=photos - sum(row.phase in ("complete", "failed") for row in rows), orphaned_files=len(strays),
        left_tasks=tasks, tried_again=sum(row.attempts > 1 for row in rows), kills=killer.kills,
        longest_wait_s=round(max(told[row.id] - row.finished_at for row in rows), 2), seconds=round(seconds, 1),
    )  # fmt: skip


def work(config: Config, seconds: float, stop: object) -> None:
    """A worker whose jobs are a sleep."""
    queue = backends.job_queue(backends.open_database(config), config)
    draining = threading.Event()
    mine = str(uuid.uuid4())

    def beat() -> None:
        while not stop.wait(1):  # type: ignore[attr-defined]
            queue.heartbeat([mine], LEASE_S)
        draining.set()

    threading.Thread(target=beat, daemon=True).start()

    def handle(claim: object) -> None:
        time.sleep(seconds)
        queue.finish(claim, Outcome({}, {}))  # type: ignore[arg-type]

    queue.consume(WorkerInfo(mine, "here", os.getpid(), "cpu"), handle, draining)


def throughput(config: Config, *, photos: int = 120, seconds: float = 0.5) -> dict[str, float]:
    """Jobs per second of one worker and of four, where the work is a sleep."""
    queue = backends.job_queue(backends.open_database(config), config)
    rates = {}
    context = multiprocessing.get_context("spawn")
    for count in (1, 4):
        jobs = photos * count // 4
        stop = context.Event()
        workers = [context.Process(target=work, args=(config, seconds, stop), daemon=True) for _ in range(count)]
        for worker in workers:
            worker.start()
        until(lambda count=count: len(queue.load().workers) >= count)
        done = queue.load().complete
        began = time.monotonic()
        fill(queue, jobs)
        until(lambda jobs=jobs, done=done: queue.load().complete >= done + jobs)
        rates[f"{count} workers, jobs/s"] = round(jobs / (time.monotonic() - began), 2)
        stop.set()
        for worker in workers:
            worker.join()
    rates["ratio"] = round(rates["4 workers, jobs/s"] / rates["1 workers, jobs/s"], 2)
    return rates


def depth(config: Config, postgres: Postgres, *, waiting: int = 10_000, finished: int = 100_000) -> dict[str, float]:
    """Milliseconds in an empty database, and beside jobs that wait and have finished.

    Those of the processors, here and in the database's processes, say the same on a machine that does other work too.
    """
    database = backends.open_database(config)
    queue = backends.job_queue(database, config)
    found: dict[str, float] = {}
    for name, prepare in (
        ("empty", lambda: None),
        (f"{waiting} wait", lambda: fill(queue, waiting)),
        (f"{finished} have finished", lambda: finish(database, finished)),
    ):
        prepare()
        for what, (processors, times) in timed(queue, postgres).items():
            found[f"{what}, {name}: median"] = round(1000 * statistics.median(times), 2)
            found[f"{what}, {name}: p99"] = round(1000 * statistics.quantiles(times, n=100)[-1], 2)
            found[f"{what}, {name}: of the processors"] = round(1000 * processors / len(times), 2)
        print(json.dumps(found), flush=True)
    return found


def timed(queue: JobQueue, postgres: Postgres, rounds: int = 200) -> dict[str, tuple[float, list[float]]]:
    """Seconds of the processors for all rounds, and seconds of each: a submission, a claim, a state, a list."""
    mine = [str(uuid.uuid4()) for _ in range(rounds)]
    claims: list[object] = []
    calls: dict[str, Callable[[str], object]] = {
        "submit": lambda id: queue.submit(Submission(id=id, filename="a.jpg")),
        "claim": lambda id: claims.append(queue.claim("bench", 60)),  # type: ignore[attr-defined]
        "state": queue.get,
        "list": lambda id: queue.page(None, limit=50),
    }
    measured = {}
    for what, call in calls.items():
        times, before = [], processor_seconds(postgres)
        for id in mine:
            began = time.perf_counter()
            call(id)
            times.append(time.perf_counter() - began)
        measured[what] = (processor_seconds(postgres) - before, times)
    for claim in claims:
        queue.finish(claim, Outcome({}, {}))  # type: ignore[arg-type]
    return measured


def processor_seconds(postgres: Postgres) -> float:
    """What this process and those of the database have used."""
    server = psutil.Process(postgres.process.pid)
    used = [each.cpu_times() for each in (server, *server.children(), psutil.Process())]
    return sum(times.user + times.system for times in used)


def fill(queue: JobQueue, count: int) -> None:
    """Let so many jobs wait."""
    for start in range(0, count, 500):
        photos = [Submission(id=str(uuid.uuid4()), filename="a.jpg") for _ in range(min(500, count - start))]
        queue.submit(Submission(id=str(uuid.uuid4()), filename="all"), photos)


def finish(database: object, count: int) -> None:
    """Put so many finished jobs, each with three events, into the tables."""
    columns = (
        "id, kind, client_named, filename, settings, notes, folder, input_bytes, has_mask, stored_bytes, phase, stage,"
        " percent, photos, completed, failed, files, attempts, created_at, finished_at"
    )
    with database.writing() as connection:  # type: ignore[attr-defined]
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(
            text(
                f"INSERT INTO jobs ({columns}) SELECT gen_random_uuid()::text, 'single', false, 'a.jpg', '{{}}', '[]',"
                " gen_random_uuid()::text, 10, false, 15, 'complete', 'Done', 100, 0, 0, 0, '{}', 1, i, i"
                " FROM generate_series(1, :count) AS i"
            ),
            {"count": count},
        )
        connection.execute(text("ALTER TABLE events DISABLE TRIGGER daguerre_events"))
        connection.execute(
            text(
                "INSERT INTO events (job, phase, stage, percent, completed, failed)"
                " SELECT id, 'complete', 'Done', 100, 0, 0"
                " FROM jobs, generate_series(1, 3) WHERE phase = 'complete'"
            )
        )
        connection.execute(text("ALTER TABLE events ENABLE TRIGGER daguerre_events"))
    with database.reading() as connection:  # type: ignore[attr-defined]
        connection.execute(text("ANALYZE"))


def latency(cluster: Cluster, *, listeners: int = 1000) -> dict[str, float]:
    """Seconds until a dead machine's job goes on, a canceled job's worker is free, listeners are told."""
    here, there = cluster.servers[:2]
    slow = picture(2000, 1500, sigma=20)
    found: dict[str, float] = {}
    job = here.submit(slow, settings={})
    until(lambda: cluster.at_work_on(job)).lose_power()
    began = time.monotonic()
    until(lambda: cluster.at_work_on(job))
    found["a dead machine's job goes on"] = round(time.monotonic() - began, 2)
    busy = [here.submit(slow, settings={}) for _ in range(len(cluster.machines) - 2)]
    until(lambda: all(here.state(each)["phase"] == "processing" for each in busy))
    next_one = here.submit(picture())
    began = time.monotonic()
    there.client.post(f"/api/v1/jobs/{job}/cancel")
    until(lambda: here.state(next_one)["phase"] != "queued")
    found["a canceled job's worker takes the next"] = round(time.monotonic() - began, 2)
    for each in busy:
        here.client.post(f"/api/v1/jobs/{each}/cancel")
    print(json.dumps(found), flush=True)
    # Whoever listens is told of a cancel: the job waits for that.
    for machine in cluster.machines:
        machine.lose_power()
    found |= asyncio.run(_told(cluster, listeners))
    return found


async def _told(cluster: Cluster, listeners: int) -> dict[str, float]:
    server = cluster.servers[0]
    job = server.submit(picture())
    delays: list[float] = []
    ready = asyncio.Semaphore(0)
    begun = 0.0

    async def follow(url: str) -> None:
        address = f"{url}/api/v1/jobs/{job}/progress"
        async with httpx.AsyncClient(timeout=300) as client, client.stream("GET", address) as answer:
            ready.release()
            async for line in answer.aiter_lines():
                if line.startswith("data:") and '"CANCELED"' in line:
                    delays.append(time.perf_counter() - begun)
                    return

    streams = [asyncio.create_task(follow(cluster.servers[each % 2].url)) for each in range(listeners)]
    for _ in range(listeners):
        await ready.acquire()
    begun = time.perf_counter()
    await asyncio.to_thread(server.client.post, f"/api/v1/jobs/{job}/cancel")
    await asyncio.gather(*streams)
    return {
        f"{listeners} listeners are told: median": round(statistics.median(delays), 3),
        f"{listeners} listeners are told: last": round(max(delays), 3),
    }


def main() -> None:
    """Run one of them, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["chaos", "throughput", "depth", "latency"])
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--listeners", type=int, default=1000)
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="daguerre-cluster-")))
        postgres = Postgres()
        stack.callback(postgres.remove)
        config = Config(data=folder / "data", database_url=postgres.database(), max_queued=1_000_000)
        if chosen.what == "throughput":
            print(json.dumps(throughput(config), indent=2))
            return
        if chosen.what == "depth":
            print(json.dumps(depth(config, postgres), indent=2))
            return
        store = ObjectStore(folder)
        stack.callback(store.stop)
        os.environ.update(store.environment)
        cluster = Cluster(folder, postgres.database(), store.url(), store.environment)
        stack.callback(cluster.stop)
        for _ in range(4):
            cluster.machine()
        for _ in range(2):
            cluster.server("--no-auth")
        if chosen.what == "latency":
            print(json.dumps(latency(cluster, listeners=chosen.listeners), indent=2))
            return

        def restart() -> None:
            postgres.stop()
            postgres.start()

        print(json.dumps(asdict(chaos(cluster, chosen.photos, restart)), indent=2))


if __name__ == "__main__":
    main()
