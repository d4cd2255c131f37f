"""The table of failures: what each door says, answers and exits with when something goes wrong.

The server's refusals, the ends of jobs, the codes in the OpenAPI document, the page's advice and the command line's
exit codes are made from it. Exceptions name their row by their ``code``.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from daguerre.errors import DaguerreError


@dataclass(frozen=True, slots=True)
class Failure:
    """One way to fail.

    ``sentence`` may hold ``{details}``, which is the message of the exception. ``status`` is HTTP's for a request
    that fails so, ``exit_code`` the command line's. ``advice`` tells a person what to do, where the sentence does not.
    ``coded`` is false for refusals whose body is the sentence alone, as the specification prints them. With
    ``detailed`` the details follow the sentence where there is no field for them.
    """

    code: str
    sentence: str
    status: int = 500
    exit_code: int = 1
    advice: str = ""
    coded: bool = True
    detailed: bool = False

    def say(self, details: object = "") -> str:
        """The sentence alone."""
        return self.sentence.format(details=details)

    def tell(self, details: object = "") -> str:
        """All in one sentence."""
        return f"{self.say(details)}: {details}" if self.detailed and details else self.say(details)


_AGAIN = "A smaller version of it may work."

_ROWS = (
    # The request.
    Failure("BROKEN_FORM", "Failed to parse multipart request", 400, coded=False),
    Failure("NO_FILE", "No image file provided", 400, coded=False),
    Failure("NO_ARCHIVE", "No archive provided", 400, coded=False),
    Failure("BROKEN_ARCHIVE", "The archive cannot be imported", 400, coded=False),
    Failure("SETTINGS_NOT_JSON", "Settings must be valid JSON", 400, coded=False),
    Failure("INVALID_REQUEST", "Invalid request", 400, coded=False),
    Failure("INVALID_PATH", "Invalid path", 400, coded=False),
    Failure("AUTH_REQUIRED", "Authentication required", 401,
            advice="Please sign in again: the key is missing or no longer valid."),
    Failure("ADMIN_REQUIRED", "This needs an administrator's key", 403,
            advice="This needs an administrator's key."),
    Failure("FOREIGN_ORIGIN", "Requests from other pages or names are not answered", 403,
            advice="The server answers only under its own address. Open this page as http://localhost and try again."),
    Failure("NO_JOB", "Job not found", 404, coded=False),
    Failure("NO_FEATURE", "Feature not found", 404, coded=False),
    Failure("NOT_KEPT", "The photo of that job is no longer kept", 404, coded=False),
    Failure("NO_SUCH_FILE", "File not found", 404, coded=False),
    Failure("JOB_EXISTS", "Job exists", 409),
    Failure("FEATURE_INSTALLED", "The feature is installed already", 409),
    Failure("FEATURE_INSTALLING", "The feature is being installed", 409),
    Failure("FEATURE_ABSENT", "The feature is not installed", 409),
    Failure("LICENCE_NOT_ACCEPTED", "The licence forbids commercial use and has to be accepted", 409),
    Failure("OFFLINE", "This server works offline", 409),
    Failure("FILE_TOO_LARGE", "File too large", 413),
    Failure("TOO_MANY_FILES", "Too many files", 413, advice="These are more photos than the server takes at once."),
    Failure("TOO_LARGE", "The request is too large", 413),
    Failure("TOO_LATE", "The request did not arrive in time", 408),
    Failure("NO_SUCH_RANGE", "Range not satisfiable", 416, coded=False),
    Failure("QUEUE_FULL", "Too many photos are waiting. Try again later.", 429,
            advice="Many photos are waiting already. This one is sent again in a moment."),
    Failure("RATE_LIMITED", "Too many requests", 429,
            advice="The server asks for a short pause. This photo is sent again in a moment."),
    # The photo, and what is wanted of it.
    Failure("INVALID_IMAGE", "Invalid image: {details}", 400, coded=False),
    Failure("VIEW_LATE", "The picture takes long to make. Try again later.", 503),
    Failure("INVALID_SETTINGS", "Invalid settings", 400, exit_code=2, coded=False, detailed=True),
    Failure("FEATURE_NOT_INSTALLED", "Feature not installed", 501,
            advice="The full models are not installed. Choose “Best installed” under “Models”, or install them."),
    # The work.
    Failure("CANCELED", "Canceled", advice="It was canceled."),
    Failure("TIMED_OUT", "The photo took longer than a job may take, so its restoration was stopped.",
            advice=f"This photo took longer than the server allows. {_AGAIN}"),
    Failure("WORKER_LOST",
            "The worker stopped three times while it worked on this photo, so the photo was given up.",
            advice=f"The restoration stopped three times on this photo, so it was given up. {_AGAIN}"),
    Failure("OUT_OF_MEMORY", "There is not enough memory for this photo.",
            advice=f"There is not enough memory for this photo. {_AGAIN}"),
    Failure("MODEL_ERROR", "{details}"),
    Failure("CANNOT_WRITE", "{details}",
            advice="The restored photo could not be written in this format. Choose another under “Save as”."),
    Failure("FILE_MISSING", "A file of the job is no longer there.",
            advice="The uploaded photo is no longer kept. Please add it again."),
    Failure("NONE_RESTORED", "None of the photos could be restored", 422),
    Failure("BATCH_FAILED", "None of the photos could be restored."),
    Failure("INSTALL_FAILED", "{details}"),
    Failure("INTERRUPTED", "The installation was interrupted. Install again: it goes on where it stopped."),
    # The service, and the machine under it.
    Failure("BUSY", "The database is busy", 503,
            advice="The server is busy. This photo is sent again in a moment."),
    Failure("DATABASE_UNUSABLE", "The database cannot be used", 503,
            advice="The server's database cannot be used. Its log says more."),
    Failure("OVERLOADED", "The server is overloaded", 503,
            advice="The server is overloaded. This photo is sent again in a moment."),
    Failure("STORAGE_UNUSABLE", "The storage cannot be used", 503,
            advice="The server cannot store files. Its log says more."),
    Failure("STORAGE_FULL", "Storage full", 507,
            advice="The server's disk is full. Delete photos that you no longer need, then try again."),
    Failure("EXTRA_NOT_INSTALLED", "{details}", 501, exit_code=2),
    Failure("WRONG_USAGE", "{details}", 400, exit_code=2),
    Failure("FAILED", "{details}"),
    Failure("SERVER_ERROR", "Internal server error", coded=False),
    Failure("INTERNAL_ERROR", "An unexpected fault stopped the work.",
            advice="Something unexpected went wrong. Try again; if it stays, the server's log says more."),
)  # fmt: skip

FAILURES: Mapping[str, Failure] = MappingProxyType({row.code: row for row in _ROWS})
"""The rows by their codes."""


def failure_of(error: BaseException) -> Failure:
    """The row of an exception; ``INTERNAL_ERROR`` where it was not raised on purpose."""
    match error:
        case DaguerreError():
            return FAILURES[error.code]
        case MemoryError():
            return FAILURES["OUT_OF_MEMORY"]
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return FAILURES["STORAGE_FULL"]
        case _:
            return FAILURES["INTERNAL_ERROR"]
