"""The infrared channel of film scanners: dust and scratches stop infrared light, the dyes of color film do not."""

from __future__ import annotations

from daguerre.infrared.channel import Channel, beside, channel_of
from daguerre.infrared.dust import Findings, find_dust
from daguerre.infrared.scan import find_channel

__all__ = ["Channel", "Findings", "beside", "channel_of", "find_channel", "find_dust"]
