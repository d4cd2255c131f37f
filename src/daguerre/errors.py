"""Everything that Daguerre raises on purpose.

::

    DaguerreError
    ├── InvalidImage            the file cannot be restored as it is
    │   ├── NotAnImage          nothing in it is a picture that we know
    │   ├── UnsupportedImage    a picture, of a kind that we cannot read
    │   ├── BrokenImage         truncated or corrupted
    │   └── ImageTooLarge       more pixels than the limit
    ├── InvalidSettings         a setting is unknown, of the wrong type or out of range
    ├── InvalidMask             the mask is not an image, or not of the photo's size
    ├── ModelError              a network cannot be used
    │   ├── ModelNotInstalled   its file is not there
    │   ├── ModelDamaged        its file is not the one that was published
    │   ├── ModelFailed         it failed while it ran
    │   │   └── OutOfMemory     for want of memory
    │   └── InstallFailed       it could not be installed
    │       └── LicenceNotAccepted   its licence asks for consent
    ├── CannotWrite             the result could not be stored
    └── Canceled                the caller asked for it

The message is a sentence for the person whose photo it is: what happened and, where
there is something, what to do. Doors choose their exit codes and HTTP statuses by type.
"""


class DaguerreError(Exception):
    """The root of the tree above."""


class InvalidImage(DaguerreError):
    """The file cannot be restored as it is."""


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


class InvalidSettings(DaguerreError):
    """A setting is unknown, of the wrong type or out of range."""


class InvalidMask(DaguerreError):
    """The mask is not an image, or not of the photo's size."""


class ModelError(DaguerreError):
    """A network cannot be used."""


class ModelNotInstalled(ModelError):
    """The network's file is not there."""


class ModelDamaged(ModelError):
    """The network's file is not the one that was published."""


class ModelFailed(ModelError):
    """The network failed while it ran."""


class OutOfMemory(ModelFailed):
    """The network failed for want of memory."""


class InstallFailed(ModelError):
    """The network could not be installed."""


class LicenceNotAccepted(InstallFailed):
    """The network's licence asks for consent."""


class CannotWrite(DaguerreError):
    """The result could not be stored."""


class Canceled(DaguerreError):
    """The caller asked for the work to stop."""
