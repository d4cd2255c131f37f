"""What can go wrong with a job.

::

    DaguerreError
    └── JobError
        ├── JobExists       the id is taken
        ├── QueueFull       too many jobs wait
        ├── LeaseLost       the job is no longer this worker's: canceled, removed or handed on
        ├── StorageFull     the files do not fit
        └── FileMissing     a file of the job is not in the storage
"""

from __future__ import annotations

from daguerre.errors import DaguerreError


class JobError(DaguerreError):
    """The root of the tree above."""


class JobExists(JobError):
    """The id is taken."""

    code = "JOB_EXISTS"


class QueueFull(JobError):
    """Too many jobs wait."""

    code = "QUEUE_FULL"


class LeaseLost(JobError):
    """The job is no longer this worker's: canceled, removed or handed on."""


class StorageFull(JobError):
    """The files do not fit."""

    code = "STORAGE_FULL"


class FileMissing(JobError):
    """A file of the job is not in the storage."""

    code = "FILE_MISSING"
