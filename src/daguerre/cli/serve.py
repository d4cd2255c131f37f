"""The commands of the service."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from daguerre.cli.configuration import configuration
from daguerre.cli.signals import Stop
from daguerre.errors import DaguerreError
from daguerre.extras import require

if TYPE_CHECKING:
    from daguerre.config import Device
    from daguerre.jobs.records import JobClass
    from daguerre.server.keys import Keys, Role


class NoSuchKey(DaguerreError):
    """No valid key has that name or id."""


def serve(
    stop: Stop, *, host: str, port: int, workers: int | None, no_auth: bool, warm: bool, root_path: str | None
) -> None:
    """``daguerre serve``. Raises ExtraNotInstalled."""
    require("server", "daguerre serve")
    from daguerre.server.run import serve as run

    chosen = {"warm": warm or None, "root_path": root_path}
    config = configuration(**{name: value for name, value in chosen.items() if value is not None})
    run(config, stop.listen, host=host, port=port, workers=workers, no_auth=no_auth)


def work(stop: Stop, *, workers: int | None, device: Device | None, queues: str | None) -> None:
    """``daguerre worker``: workers without a server, on the same folder, or the same database and store.

    Raises ExtraNotInstalled.
    """
    require("server", "daguerre worker")
    from daguerre.jobs import backends
    from daguerre.jobs.logs import configure_logs
    from daguerre.jobs.supervisor import Supervisor, default_count

    configure_logs()
    chosen = {"device": device, "queues": queues}
    config = configuration(**{name: value for name, value in chosen.items() if value is not None})
    queue = backends.job_queue(backends.open_database(config), config)
    supervisor = Supervisor(queue, config, workers or default_count(config))
    ended = threading.Event()
    stop.listen(ended.set)
    supervisor.start()
    print(f"{supervisor.count} at work. Ctrl-C finishes what is at hand.", flush=True)
    try:
        while not ended.wait(1):
            pass
        supervisor.stop()
    except KeyboardInterrupt:
        supervisor.kill()
        raise


def create_key(
    name: str, role: Role, expires_days: float | None, *, job_class: JobClass, job_limit: int | None
) -> None:
    """``daguerre keys create``: the key alone on standard output."""
    lifetime_s = None if expires_days is None else expires_days * 86400
    token = _keys().create(name, role=role, lifetime_s=lifetime_s, job_class=job_class, job_limit=job_limit)
    print(token, flush=True)
    Console(stderr=True).print("Keep it safe: it is not stored and cannot be shown again.")


def list_keys() -> None:
    """``daguerre keys list``."""
    table = Table("name", "id", "for", "jobs", "state", "made", "expires", box=None)
    for key in _keys().list():
        jobs = key.job_class if key.job_limit is None else f"{key.job_class}, {key.job_limit} at a time"
        table.add_row(Text(key.name), key.id, key.role, jobs, key.state, _day(key.created_at), _day(key.expires_at))
    Console(soft_wrap=True).print(table)


def revoke_key(name: str) -> None:
    """``daguerre keys revoke``. Raises NoSuchKey."""
    count = _keys().revoke(name)
    if not count:
        raise NoSuchKey(f"There is no valid key called {name}.")
    print(f"Revoked {count} key{'s' * (count != 1)} and what was signed in with it.")


def _keys() -> Keys:
    require("server", "daguerre keys")
    from daguerre.jobs.backends import open_database
    from daguerre.server.keys import Keys

    return Keys(open_database(configuration()))


def _day(seconds: float | None) -> str:
    return "never" if seconds is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
