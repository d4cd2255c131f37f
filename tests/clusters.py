"""A cluster as processes: servers and workers that share a database and a store and nothing else."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import select

from daguerre.config import Config
from daguerre.database.postgres import PostgresDatabase
from daguerre.database.schema import jobs, workers
from daguerre.jobs.backends import open_database
from daguerre.server.keys import Keys
from tests.serving import Server, children


class Machine:
    """``daguerre worker`` with a folder of its own, in a group of processes of its own."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *arguments: str) -> None:
        folder.mkdir()
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "daguerre.cli", "worker", "--workers", "1", *arguments],
                env={**os.environ, **environment, "DAGUERRE_DATA": str(folder / "data")},
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def lose_power(self) -> None:
        """End all of it at once."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Let it put things away."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)

    def runs(self, pid: int) -> bool:
        """Whether a process is one of its workers."""
        return pid in children(self.process.pid)


class Cluster:
    """Makes servers and machines on one database ``url`` and one store.

    What the store's clients need to know is in this process's environment already, and in ``store``.
    """

    def __init__(self, folder: Path, url: str, storage: str, store: Mapping[str, str], **environment: object) -> None:
        self._folder = folder
        self.environment = {
            **store, "DAGUERRE_DATABASE_URL": url, "DAGUERRE_STORAGE_URL": storage, "DAGUERRE_DEVICE": "cpu",
            "DAGUERRE_THREADS": "1", **{f"DAGUERRE_{name}": str(value) for name, value in environment.items()},
        }  # fmt: skip
        self.database = PostgresDatabase(url)
        self.config = Config(data=folder / "here", database_url=url, storage_url=storage)
        open_database(self.config).close()
        self._numbers = itertools.count()
        self.servers: list[Server] = []
        self.machines: list[Machine] = []

    def server(self, *arguments: str, **environment: object) -> Server:
        """One more, without workers of its own."""
        folder = self._folder / f"server{next(self._numbers)}"
        folder.mkdir()
        ours = {name[9:]: value for name, value in self.environment.items() if name.startswith("DAGUERRE_")}
        self.servers.append(Server(folder / "data", "--workers", "0", *arguments, **{**ours, **environment}))
        return self.servers[-1]

    def kill_server(self, server: Server) -> Server:
        """End one at once; gives another one, in its place."""
        place = self.servers.index(server)
        server.kill_everything()
        server.client.close()
        self.servers[place] = self.server()
        self.servers.pop()
        return self.servers[place]

    def machine(self, *arguments: str) -> Machine:
        """One more worker."""
        self.machines.append(Machine(self._folder / f"machine{len(self.machines)}", self.environment, *arguments))
        return self.machines[-1]

    def key(self, name: str, **fields) -> str:
        """The token of a new key."""
        return Keys(self.database).create(name, **fields)

    def at_work_on(self, job: str) -> Machine | None:
        """The machine that has the job in its hands."""
        query = select(workers.c.pid).join(jobs, jobs.c.worker == workers.c.id)
        with self.database.reading() as connection:
            pid = connection.execute(query.where((jobs.c.id == job) & (jobs.c.phase == "processing"))).scalar()
        return next((machine for machine in self.machines if pid is not None and machine.runs(pid)), None)

    def stop(self) -> None:
        """End everything."""
        for server in self.servers:
            if server.process.poll() is None:
                server.kill_everything()
            server.client.close()
        for machine in self.machines:
            machine.lose_power()
        self.database.close()
