"""What can go wrong with a job.

::

    DaguerreError
    └── JobError
        ├── JobExists       the id is taken
        ├── QueueFull       too many jobs wait
        ├── LeaseLost       the job is no longer this worker's: canceled, removed or handed on
        ├── StorageFull     the files do not fit
        ├── StorageUnusable the storage is gone, forbidden or broken
        ├── Overloaded      the machine is short of processes, open files or memory
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


class StorageUnusable(JobError):
    """The storage is gone, forbidden or broken."""

    code = "STORAGE_UNUSABLE"


class Overloaded(JobError):
    """The machine is short of processes, open files or memory."""

    code = "OVERLOADED"


class FileMissing(JobError):
    """A file of the job is not in the storage."""

    code = "FILE_MISSING"
