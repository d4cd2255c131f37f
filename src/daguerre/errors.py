"""Everything that Daguerre raises on purpose.

::

    DaguerreError
    ├── InvalidImage            the file cannot be restored as it is
    │   ├── NotAnImage          nothing in it is a picture that we know
    │   ├── UnsupportedImage    a picture, of a kind that we cannot read
    │   ├── BrokenImage         truncated or corrupted
    │   └── ImageTooLarge       more pixels than the limit
    │       └── ImageExceedsMemory   they do not fit into memory
    ├── InvalidSettings         a setting is unknown, of the wrong type or out of range
    ├── InvalidMask             the mask is not an image, or not of the photo's size
    ├── ModelError              a model cannot be used
    │   ├── ModelNotInstalled   its file is not there
    │   ├── ModelDamaged        its file is not the one that was published
    │   ├── ModelFailed         it failed while it ran
    │   │   └── OutOfMemory     for want of memory
    │   └── InstallFailed       it could not be installed
    │       └── LicenceNotAccepted   its licence asks for consent
    ├── ServiceError            a service on another machine does not do what was asked
    │   ├── ServiceUnreachable  it does not answer
    │   ├── ServiceRefused      it says no
    │   └── JobFailed           it could not restore the photo
    ├── WrongUsage              an option or an environment variable is wrong
    ├── ExtraNotInstalled       an optional part of the installation is missing
    ├── CannotWrite             the result could not be stored
    └── Canceled                the caller asked for it

The message is a sentence for the person whose photo it is: what happened and, where
there is something, what to do. ``code`` names the row of :mod:`daguerre.failures` that says what
a door answers or exits with.
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
    """Nothing in the file is a picture that we know."""


class UnsupportedImage(InvalidImage):
    """A picture, of a kind that we cannot read."""


class BrokenImage(InvalidImage):
    """The picture is truncated or corrupted."""


class ImageTooLarge(InvalidImage):
    """The picture has more pixels than the limit.

    ``size`` is the width and height that its header declares, where that was read.
    """

    def __init__(self, message: str, size: tuple[int, int] | None = None) -> None:
        super().__init__(message)
        self.size = size


class ImageExceedsMemory(ImageTooLarge):
    """The picture does not fit into memory."""

    code = "OUT_OF_MEMORY"


class InvalidSettings(DaguerreError):
    """A setting is unknown, of the wrong type or out of range.

    ``problems`` are pairs of a field's Python name and what is wrong with it.
    """

    code = "INVALID_SETTINGS"

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__(*problems)
        self.problems = list(problems)

    def __str__(self) -> str:
        return self.told()

    def told(self, name: Callable[[str], str] = str) -> str:
        """``fidelity: must be at most 1; ...``, with the fields called as ``name`` says."""
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
    """The model's file is not there.

    ``installable`` is the id of the model to install; ``None`` is the bundle that serves every role.
    """

    code = "FEATURE_NOT_INSTALLED"

    def __init__(self, message: str, installable: str | None = None) -> None:
        super().__init__(message)
        self.installable = installable


class ModelDamaged(ModelError):
    """The model's file is not the one that was published."""


class ModelFailed(ModelError):
    """The model failed while it ran."""


class OutOfMemory(ModelFailed):
    """The model failed for want of memory."""

    code = "OUT_OF_MEMORY"


class InstallFailed(ModelError):
    """The model could not be installed."""

    code = "INSTALL_FAILED"


class LicenceNotAccepted(InstallFailed):
    """The model's licence asks for consent."""

    code = "LICENCE_NOT_ACCEPTED"


class ServiceError(DaguerreError):
    """A service on another machine does not do what was asked."""


class ServiceUnreachable(ServiceError):
    """The service does not answer, however often it is asked."""


class ServiceRefused(ServiceError):
    """The service says no: ``status`` is HTTP's, ``reason`` the code of its row in :mod:`daguerre.failures`."""

    def __init__(self, message: str, status: int, reason: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class JobFailed(ServiceError):
    """The service could not restore the photo: ``reason`` is the code of a row in :mod:`daguerre.failures`."""

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class CannotWrite(DaguerreError):
    """The result could not be stored."""

    code = "CANNOT_WRITE"


class Canceled(DaguerreError):
    """The caller asked for the work to stop."""

    code = "CANCELED"
