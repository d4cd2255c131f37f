"""Keys and the browser sessions that they open. Only digests are stored."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import secrets
import time
import uuid
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from starlette.concurrency import run_in_threadpool

from daguerre.database.interface import Database
from daguerre.database.schema import keys, sessions
from daguerre.jobs.records import JobClass

SESSION_S = 14 * 24 * 3600
"""How long a browser stays signed in."""

Role = Literal["user", "admin", "metrics"]
"""What a key is for: photos; the installation too; reading the metrics and nothing else."""

_KEY, _SESSION = "dgk", "dgs"
_FRESH_S = 2.0


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token opens: the id of its key and what that is for. ``token`` is the id of the key's or the session's.

    ``job_class`` is that of the key's jobs.
    """

    key: str
    role: Role
    job_class: JobClass
    token: str


@dataclass(frozen=True, slots=True)
class Key:
    """One key, without its secret."""

    id: str
    name: str
    role: Role
    created_at: float
    expires_at: float | None
    revoked_at: float | None
    job_class: JobClass
    job_limit: int | None

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
        self._asking = asyncio.Lock()
        self._needed = False
        self._asked_at = -math.inf
        self._valid: frozenset[str] = frozenset()
        self._valid_at = -math.inf

    def create(
        self,
        name: str,
        *,
        role: Role = "user",
        lifetime_s: float | None = None,
        job_class: JobClass = "interactive",
        job_limit: int | None = None,
    ) -> str:
        """A new key; its token is not kept and cannot be shown again.

        Where many machines work, its jobs are of ``job_class``, and ``job_limit`` of them are at work at a time.
        """
        now = time.time()
        id, token, digest = _new(_KEY)
        with self._database.writing() as connection:
            connection.execute(
                insert(keys).values(
                    id=id, name=name, role=role, digest=digest, created_at=now,
                    expires_at=None if lifetime_s is None else now + lifetime_s,
                    job_class=job_class, job_limit=job_limit,
                )
            )  # fmt: skip
        return token

    def list(self) -> list[Key]:
        """Every key, in the order of their making."""
        columns = [keys.c[name] for name in Key.__dataclass_fields__]
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
        # Who comes while one asks waits: nobody is let in before there is an answer.
        async with self._asking:
            if not self._needed and time.monotonic() > self._asked_at + 1:
                self._needed = await run_in_threadpool(self.exist)
                self._asked_at = time.monotonic()
            return self._needed

    async def still_valid(self, grant: Grant) -> bool:
        """Whether the token was not revoked, signed out or expired meanwhile: known anew within two seconds.

        For whoever listens for long: one query serves all of them.
        """
        async with self._asking:
            if time.monotonic() > self._valid_at + _FRESH_S:
                self._valid = await run_in_threadpool(self._all_valid)
                self._valid_at = time.monotonic()
            return grant.token in self._valid

    def _all_valid(self) -> frozenset[str]:
        now = time.time()
        opened = select(sessions.c.id).join(keys, sessions.c.key == keys.c.id).where(sessions.c.expires_at > now)
        with self._database.reading() as connection:
            own = connection.execute(select(keys.c.id).where(_valid(now))).scalars().all()
            return frozenset([*own, *connection.execute(opened.where(_valid(now))).scalars()])

    def grant(self, token: str) -> Grant | None:
        """What a key's or a session's token opens; ``None`` where it is not valid."""
        kind, _, rest = token.partition("_")
        id, _, secret = rest.partition("_")
        now = time.time()
        if kind == _KEY:
            query = select(keys.c.id, keys.c.role, keys.c.job_class, keys.c.digest).where(
                (keys.c.id == id) & _valid(now)
            )
        elif kind == _SESSION:
            query = (
                select(keys.c.id, keys.c.role, keys.c.job_class, sessions.c.digest)
                .join(sessions, sessions.c.key == keys.c.id)
                .where((sessions.c.id == id) & (sessions.c.expires_at > now) & _valid(now))
            )
        else:
            return None
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        found, digest = (
            (Grant(row.id, row.role, row.job_class, id), row.digest) if row is not None else (None, _digest(""))
        )
        return found if hmac.compare_digest(_digest(secret), digest) else None

    def sign_in(self, token: str) -> str | None:
        """A session's token for a key's, or ``None`` where that is not valid."""
        grant = self.grant(token) if token.startswith(f"{_KEY}_") else None
        if grant is None:
            return None
        id, session, digest = _new(_SESSION)
        now = time.time()
        with self._database.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.expires_at < now))
            connection.execute(insert(sessions).values(id=id, key=grant.key, digest=digest, expires_at=now + SESSION_S))
        return session

    def sign_out(self, token: str) -> None:
        """End a session."""
        grant = self.grant(token)
        if grant is not None:
            with self._database.writing() as connection:
                connection.execute(delete(sessions).where(sessions.c.id == grant.token))


def _valid(now: float) -> ColumnElement[bool]:
    return keys.c.revoked_at.is_(None) & or_(keys.c.expires_at.is_(None), keys.c.expires_at > now)


def _new(kind: str) -> tuple[str, str, str]:
    """An id, a token, and the digest of the token's secret."""
    id, secret = uuid.uuid4().hex, secrets.token_urlsafe(32)
    return id, f"{kind}_{id}_{secret}", _digest(secret)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
