"""What Immich answers, as far as it is needed here; the names are its OpenAPI document's."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Record(BaseModel):
    """A part of an answer. Fields that are not known are left out."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, extra="ignore")


class Version(Record):
    """``ServerVersionResponseDto``."""

    major: int
    minor: int
    patch: int


class Album(Record):
    """``AlbumResponseDto``."""

    id: str
    album_name: str


class Exif(Record):
    """``ExifResponseDto``."""

    description: str | None = None
    date_time_original: datetime | None = None
    file_size_in_byte: int | None = None


class InStack(Record):
    """``AssetStackResponseDto``."""

    id: str
    primary_asset_id: str


class Asset(Record):
    """``AssetResponseDto``: a photo or a video. ``checksum`` is the SHA-1 of its file in Base64."""

    id: str
    type: Literal["IMAGE", "VIDEO", "AUDIO", "OTHER"]
    checksum: str
    original_file_name: str
    file_created_at: AwareDatetime
    file_modified_at: AwareDatetime
    local_date_time: AwareDatetime
    visibility: Literal["archive", "timeline", "hidden", "locked"]
    is_trashed: bool
    live_photo_video_id: str | None = None
    exif_info: Exif | None = None
    stack: InStack | None = None

    @property
    def size_bytes(self) -> int:
        """The file's size; 1 where Immich does not say."""
        return max(1, (self.exif_info.file_size_in_byte if self.exif_info else None) or 1)

    @property
    def taken(self) -> str | None:
        """When it was taken, in ISO 8601 with the offset of the place; None where its metadata do not say.

        ``local_date_time`` is the local time as if it were UTC: the offset is what it is ahead of ``file_created_at``.
        """
        if self.exif_info is None or self.exif_info.date_time_original is None:
            return None
        ahead = timedelta(minutes=round((self.local_date_time - self.file_created_at).total_seconds() / 60))
        zone = timezone(ahead) if abs(ahead) < timedelta(hours=24) else self.file_created_at.tzinfo
        return self.file_created_at.astimezone(zone).isoformat()


class Page(Record):
    """``SearchAssetResponseDto``."""

    items: list[Asset]
    next_page: str | None


class Found(Record):
    """``SearchResponseDto``."""

    assets: Page


class Uploaded(Record):
    """``AssetMediaResponseDto``."""

    id: str
    status: Literal["created", "duplicate"]


class Metadata(Record):
    """``AssetMetadataResponseDto``: what a program notes about an asset, under a key of its own."""

    key: str
    value: dict[str, Any]


class Added(Record):
    """``BulkIdResponseDto``."""

    id: str
    success: bool
    error: str | None = None
    error_message: str | None = None


class Stack(Record):
    """``StackResponseDto``."""

    id: str
    primary_asset_id: str
