"""Everything that Daguerre raises on purpose.

::

    DaguerreError
    ├── InvalidImage            the file cannot be restored as it is
    │   ├── NotAnImage          it holds no picture of a known format
    │   ├── UnsupportedImage    a known format, in a variant that cannot be read
    │   ├── BrokenImage         truncated or corrupted
    │   └── ImageTooLarge       more pixels than the limit
    │       └── ImageExceedsMemory   more than fit into memory
    ├── InvalidSettings         a setting is unknown, of the wrong type or out of range
    ├── InvalidMask             the mask is not an image, or not of the photo's size
    ├── ModelError              a model cannot be used
    │   ├── ModelNotInstalled   its file is missing
    │   ├── ModelDamaged        its file differs from the published one
    │   ├── ModelFailed         it failed while it ran
    │   │   └── OutOfMemory     it ran out of memory
    │   └── InstallFailed       it could not be installed
    │       └── LicenceNotAccepted   its licence has to be accepted first
    ├── ServiceError            a service on another machine did not do what it was asked for
    │   ├── ServiceUnreachable  it does not answer
    │   ├── ServiceRefused      it refused the request
    │   └── JobFailed           it could not restore the photo
    ├── WrongUsage              an option or an environment variable is wrong
    ├── ExtraNotInstalled       an optional part of the installation is missing
    ├── CannotWrite             the result could not be stored
    └── Canceled                the caller stopped the work

Messages are sentences for the person whose photo it is: what happened and, where something helps, what to do. ``code``
names a row of :mod:`daguerre.failures`, which gives the HTTP status and the exit code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar


class DaguerreError(Exception):
    """The root of the tree above."""

    code: ClassVar[str] = "FAILED"


class InvalidImage(DaguerreError):
    """The file cannot be restored as it is."""

    code = "INVALID_IMAGE"


class NotAnImage(InvalidImage):
    """The file holds no picture of a known format."""


class UnsupportedImage(InvalidImage):
    """A picture of a known format, in a variant that cannot be read."""


class BrokenImage(InvalidImage):
    """The picture is truncated or corrupted."""


class ImageTooLarge(InvalidImage):
    """The picture has more pixels than the limit.

    ``size`` is its width and height in pixels as the header declares them; ``None`` where the header was not read.
    """

    def __init__(self, message: str, size: tuple[int, int] | None = None) -> None:
        super().__init__(message)
        self.size = size


class ImageExceedsMemory(ImageTooLarge):
    """The picture does not fit into memory."""

    code = "OUT_OF_MEMORY"


class InvalidSettings(DaguerreError):
    """A setting is unknown, of the wrong type or out of range.

    ``problems`` are pairs: a field's Python name, and what is wrong with its value.
    """

    code = "INVALID_SETTINGS"

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__(*problems)
        self.problems = list(problems)

    def __str__(self) -> str:
        return self.told()

    def told(self, name: Callable[[str], str] = str) -> str:
        """All problems in one line: ``fidelity: must be at most 1; ...``. ``name`` translates the fields' names."""
        return "; ".join(f"{name(field)}: {message}" for field, message in self.problems)


class InvalidMask(DaguerreError):
    """The mask is not an image, or not of the photo's size."""

    code = "INVALID_IMAGE"


class WrongUsage(DaguerreError):
    """An option, an argument or an environment variable of the command line is wrong."""

    code = "WRONG_USAGE"


class ExtraNotInstalled(DaguerreError):
    """An optional part of the installation is missing."""

    code = "EXTRA_NOT_INSTALLED"


class ModelError(DaguerreError):
    """A model cannot be used."""

    code = "MODEL_ERROR"


class ModelNotInstalled(ModelError):
    """The model's file is missing.

    ``installable`` is the id of the model to install; ``None`` stands for the bundle that serves every role.
    """

    code = "FEATURE_NOT_INSTALLED"

    def __init__(self, message: str, installable: str | None = None) -> None:
        super().__init__(message)
        self.installable = installable


class ModelDamaged(ModelError):
    """The model's file differs from the published one."""


class ModelFailed(ModelError):
    """The model failed while it ran."""


class OutOfMemory(ModelFailed):
    """The model ran out of memory."""

    code = "OUT_OF_MEMORY"


class InstallFailed(ModelError):
    """The model could not be installed."""

    code = "INSTALL_FAILED"


class LicenceNotAccepted(InstallFailed):
    """The model's licence has to be accepted first."""

    code = "LICENCE_NOT_ACCEPTED"


class ServiceError(DaguerreError):
    """A service on another machine did not do what it was asked for."""


class ServiceUnreachable(ServiceError):
    """The service does not answer, although it was asked repeatedly."""


class ServiceRefused(ServiceError):
    """The service refused the request with the HTTP ``status``; ``reason`` is a code of :mod:`daguerre.failures`."""

    def __init__(self, message: str, status: int, reason: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class JobFailed(ServiceError):
    """The service could not restore the photo; ``reason`` is a code of :mod:`daguerre.failures`."""

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class CannotWrite(DaguerreError):
    """The result could not be stored."""

    code = "CANNOT_WRITE"


class Canceled(DaguerreError):
    """The caller stopped the work."""

    code = "CANCELED"
