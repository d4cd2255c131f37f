"""Keys and the browser sessions that they open. Only digests are stored."""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
import time
import uuid
from dataclasses import dataclass

from anyio import to_thread
from sqlalchemy import delete, func, insert, or_, select, update

from daguerre.database.connection import Database
from daguerre.database.schema import keys, sessions

SESSION_S = 14 * 24 * 3600
"""How long a browser stays signed in."""

_KEY, _SESSION = "dgk", "dgs"


@dataclass(frozen=True, slots=True)
class Key:
    """One key, without its secret."""

    id: str
    name: str
    created_at: float
    expires_at: float | None
    revoked_at: float | None

    @property
    def state(self) -> str:
        """``valid``, ``expired`` or ``revoked``."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= time.time() else "valid"


class Keys:
    """A token is ``kind_id_secret``: the id finds its row, and the secret of 256 random bits is compared by
    digest in constant time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._needed = False
        self._asked_at = -math.inf

    def create(self, name: str, *, lifetime_s: float | None = None) -> str:
        """A new key; its token is not kept and cannot be shown again."""
        now = time.time()
        id, token, digest = _new(_KEY)
        with self._database.writing() as connection:
            connection.execute(
                insert(keys).values(
                    id=id, name=name, digest=digest, created_at=now,
                    expires_at=None if lifetime_s is None else now + lifetime_s,
                )
            )  # fmt: skip
        return token

    def list(self) -> list[Key]:
        """Every key, in the order of their making."""
        columns = (keys.c.id, keys.c.name, keys.c.created_at, keys.c.expires_at, keys.c.revoked_at)
        with self._database.reading() as connection:
            return [Key(*row) for row in connection.execute(select(*columns).order_by(keys.c.created_at))]

    def revoke(self, name: str) -> int:
        """Revoke the valid keys of that name or id, with their sessions; gives their number."""
        chosen = or_(keys.c.name == name, keys.c.id == name) & keys.c.revoked_at.is_(None)
        with self._database.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.key.in_(select(keys.c.id).where(chosen))))
            return connection.execute(update(keys).where(chosen).values(revoked_at=time.time())).rowcount

    def exist(self) -> bool:
        """Whether a key was ever made: from then on one is needed, even where none is valid any more."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(keys)).scalar_one() > 0

    async def needed(self) -> bool:
        """The same for the event loop, which asks at every request: known anew within a second."""
        now = time.monotonic()
        if not self._needed and now > self._asked_at + 1:
            self._asked_at = now
            self._needed = await to_thread.run_sync(self.exist)
        return self._needed

    def owner(self, token: str) -> str | None:
        """The id of the key behind a key's or a session's token; ``None`` where it is not valid."""
        kind, _, rest = token.partition("_")
        id, _, secret = rest.partition("_")
        now = time.time()
        valid = keys.c.revoked_at.is_(None) & or_(keys.c.expires_at.is_(None), keys.c.expires_at > now)
        if kind == _KEY:
            query = select(keys.c.id, keys.c.digest).where((keys.c.id == id) & valid)
        elif kind == _SESSION:
            query = (
                select(keys.c.id, sessions.c.digest)
                .join(sessions, sessions.c.key == keys.c.id)
                .where((sessions.c.id == id) & (sessions.c.expires_at > now) & valid)
            )
        else:
            return None
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        found, digest = (row.id, row.digest) if row is not None else (None, _digest(""))
        return found if hmac.compare_digest(_digest(secret), digest) else None

    def sign_in(self, token: str) -> str | None:
        """A session's token for a key's, or ``None`` where that is not valid."""
        owner = self.owner(token) if token.startswith(f"{_KEY}_") else None
        if owner is None:
            return None
        id, session, digest = _new(_SESSION)
        now = time.time()
        with self._database.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.expires_at < now))
            connection.execute(insert(sessions).values(id=id, key=owner, digest=digest, expires_at=now + SESSION_S))
        return session

    def sign_out(self, token: str) -> None:
        """End a session."""
        id = token.split("_")[1] if token.count("_") >= 2 else ""
        if self.owner(token) is not None:
            with self._database.writing() as connection:
                connection.execute(delete(sessions).where(sessions.c.id == id))


def _new(kind: str) -> tuple[str, str, str]:
    """An id, a token, and the digest of the token's secret."""
    id, secret = uuid.uuid4().hex, secrets.token_urlsafe(32)
    return id, f"{kind}_{id}_{secret}", _digest(secret)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
