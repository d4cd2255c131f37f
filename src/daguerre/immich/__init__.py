"""An album of an Immich server (https://immich.app): its photos, and their restored versions beside them.

Written against Immich's OpenAPI document, version 3.2.2.
"""

from daguerre.immich.client import Immich
from daguerre.immich.records import Album, Asset
from daguerre.immich.survey import Survey, find_restored, look_through, mark_of

__all__ = ["Album", "Asset", "Immich", "Survey", "find_restored", "look_through", "mark_of"]
