"""Where the infrared channel of a scan is."""

from __future__ import annotations

from dataclasses import replace

from daguerre.imaging import sources
from daguerre.imaging.sources import Origin, Source
from daguerre.imaging.turning import turn_samples
from daguerre.infrared.channel import Channel, beside, channel_of


def find_channel(scan: Origin, given: Source | None, *, max_pixels: int) -> tuple[Channel | None, str | None]:
    """The channel, turned as the scan is: ``given``, in the file of the ``scan``, or beside it; and what to say where
    there is none.

    Raises InvalidImage for a channel that is there and cannot be read.
    """
    if given is None:
        held = channel_of(_content(scan), max_pixels=max_pixels)
        if held is not None:
            return _turned(held, scan), None
        given = beside(scan.path) if scan.path is not None else None
    if given is None:
        return None, "The file holds no infrared channel, and none lies beside it."
    photo, origin = sources.opened(given, max_pixels=max_pixels)
    channel = channel_of(_content(origin), max_pixels=max_pixels) or Channel(photo.pixels[:, :, 0], "file")
    return _turned(channel, scan), None


def _turned(channel: Channel, scan: Origin) -> Channel:
    return replace(channel, samples=turn_samples(channel.samples, scan.rotate))


def _content(origin: Origin) -> bytes:
    if origin.data is not None:
        return origin.data
    return b"" if origin.path is None else origin.path.read_bytes()
