"""Jobs for tests of the queues."""

from __future__ import annotations

import uuid

from daguerre.jobs.queue import Outcome
from daguerre.jobs.records import StoredFile, Submission

RESULT = {"width": 3, "warnings": []}


def new(queue, **fields) -> str:
    job = Submission(id=str(uuid.uuid4()), filename="a.jpg", input_bytes=10, **fields)
    queue.submit(job)
    return job.id


def outcome(size=5) -> Outcome:
    return Outcome(RESULT, {"a_restored.jpg": StoredFile("k", "photo", size, "image/jpeg", "0" * 64)})
