"""Worker processes that cannot be started, die or hang; with the clock in the test's hands."""

from __future__ import annotations

import subprocess

import pytest

from daguerre.config import Config
from daguerre.jobs.backends import job_queue, open_database
from daguerre.jobs.supervisor import Supervisor
from tests.serving import until


@pytest.fixture
def supervisor(tmp_path):
    config = Config(data=tmp_path, device="cpu", threads=1, drain_s=0)
    made = Supervisor(job_queue(open_database(config), config), config, 1)
    yield made
    made.kill()
    made.stop()


def test_a_slot_is_filled_again_once_the_system_has_processes(supervisor, monkeypatch):
    real, refused = subprocess.Popen.__init__, []

    def start(self, *arguments, **named):
        if len(refused) < 3:
            refused.append(1)
            raise OSError(11, "Resource temporarily unavailable")
        real(self, *arguments, **named)

    monkeypatch.setattr(subprocess.Popen, "__init__", start)
    supervisor.start()
    until(lambda: supervisor.problem == "cannot be started: Resource temporarily unavailable")
    assert supervisor.alive == 0
    until(lambda: supervisor.alive == 1)
    assert supervisor.problem is None and len(refused) == 3
