# SPDX-License-Identifier: Apache-2.0
"""What is frozen: in memory, so that it holds at once; kept, so that it stays.

A freeze by a budget or a canary closes records and leaves the rest: its owner sees
why, and may break the glass. Every other freeze stops each use of the sessions that it
names.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from wardkeep.db.connection import Connection, Row
from wardkeep.db.words import storable
from wardkeep.identity.roles import Role
from wardkeep.warden.session_parts import ByApp

ACCOUNT, DEVICE, APP, TEAM = "account", "device", "app", "team"
ORGANISATION, SUPPLIER = "organisation", "supplier"
KINDS = (ACCOUNT, DEVICE, APP, TEAM, ORGANISATION, SUPPLIER)
BUDGET, SCRAPING, CANARY, BY_HAND = "budget", "scraping", "canary", "by-hand"
CLOSES_RECORDS = frozenset({BUDGET, CANARY})
"""Causes by which one may err at a bedside: the glass can still be broken."""
MOST_LISTED = 200


class Stoppable(Protocol):
    """What a freeze is held against: a session, or what one left on a phone."""

    @property
    def organisation(self) -> int: ...
    @property
    def account(self) -> str: ...
    @property
    def credential(self) -> bytes: ...
    @property
    def role(self) -> Role: ...
    @property
    def app(self) -> ByApp | None: ...


class Freeze(msgspec.Struct, kw_only=True, eq=False):
    """One freeze, from its beginning to its release."""

    id: str
    organisation: int
    kind: str
    target: str
    """An account, an app, a team; of a device, its passkey's id in hexadecimal."""
    because: str
    """In words, for whoever is frozen and whoever releases."""
    cause: str
    frozen_at: datetime
    frozen_by: str = ""
    """Empty: the rules did it."""
    released_at: datetime | None = None
    released_by: str = ""
    release_reason: str = ""
    accounts: frozenset[str] = frozenset()
    """Of a team: its members when it was frozen."""

    @property
    def is_of_records_only(self) -> bool:
        return self.cause in CLOSES_RECORDS

    def names(self, session: Stoppable) -> bool:
        """Whether a session is one of those that it stops."""
        if session.organisation != self.organisation:
            return False
        if self.kind == ORGANISATION:
            # Who decides about incidents must be able to look, and to release.
            return session.role not in _DECIDERS
        if self.kind == SUPPLIER:
            return session.role in _SUPPLIERS or session.app is not None
        if self.kind == DEVICE:
            return session.credential.hex() == self.target
        if self.kind == APP:
            return session.app is not None and session.app.app == self.target
        return session.account == self.target or session.account in self.accounts


_DECIDERS = frozenset({Role.PRIVACY_OFFICER, Role.ADMINISTRATOR})
_SUPPLIERS = frozenset({Role.SUPPORT, Role.SERVICE})


_Mark = tuple[int, str, str]
"""Organisation, kind, and what of a session is held against it."""
_NONE: dict[str, "Freeze"] = {}
_WHOLE = frozenset({ORGANISATION, SUPPLIER})


def _marks_on(freeze: Freeze) -> Iterator[_Mark]:
    """Where a freeze is looked for."""
    if freeze.kind == TEAM:
        yield from ((freeze.organisation, TEAM, one) for one in freeze.accounts)
    else:
        target = "" if freeze.kind in _WHOLE else freeze.target
        yield freeze.organisation, freeze.kind, target


def _marks_of(session: Stoppable) -> Iterator[_Mark]:
    """Where freezes of a session are looked for."""
    where = session.organisation
    yield where, ACCOUNT, session.account
    yield where, TEAM, session.account
    yield where, DEVICE, session.credential.hex()
    yield where, ORGANISATION, ""
    yield where, SUPPLIER, ""
    if session.app is not None:
        yield where, APP, session.app.app


class Freezes:
    """Every freeze that holds."""

    def __init__(self) -> None:
        self._holding: dict[str, Freeze] = {}
        self._by_mark: dict[_Mark, dict[str, Freeze]] = {}
        """Asked with each use of a session: whoever freezes much delays nobody else."""
        self._unsaved: dict[str, Freeze] = {}

    def __iter__(self) -> Iterator[Freeze]:
        return iter(tuple(self._holding.values()))

    def __len__(self) -> int:
        return len(self._holding)

    def get(self, id_: str) -> Freeze | None:
        return self._holding.get(id_)

    def of(self, session: Stoppable) -> Freeze | None:
        """The freeze that stops a session; one that stops all of it goes first."""
        if not self._holding:
            return None
        found = [
            one
            for mark in _marks_of(session)
            for one in self._by_mark.get(mark, _NONE).values()
            if one.names(session)
        ]
        return min(found, key=lambda one: one.is_of_records_only, default=None)

    def stops(self, session: Stoppable) -> bool:
        """Whether the session may not be used at all."""
        found = self.of(session)
        return found is not None and not found.is_of_records_only

    def add(self, freeze: Freeze) -> None:
        self.restore(freeze)
        self._unsaved[freeze.id] = freeze

    def restore(self, freeze: Freeze) -> None:
        """Take back one that the database remembers."""
        self._holding[freeze.id] = freeze
        for mark in _marks_on(freeze):
            self._by_mark.setdefault(mark, {})[freeze.id] = freeze

    def release(self, freeze: Freeze, *, at: datetime, by: str, reason: str) -> None:
        freeze.released_at, freeze.released_by = at, by
        freeze.release_reason = reason
        self._holding.pop(freeze.id, None)
        for mark in _marks_on(freeze):
            kept = self._by_mark.get(mark, {})
            kept.pop(freeze.id, None)
            if not kept:
                self._by_mark.pop(mark, None)
        self._unsaved[freeze.id] = freeze

    async def save(self, connection: Connection) -> None:
        """Tell the database what it does not know yet."""
        for one in tuple(self._unsaved.values()):
            told = one.released_at
            await _keep(connection, one)
            # What was released while the database was told is told again.
            if one.released_at == told:
                self._unsaved.pop(one.id, None)


_KEEP = """
insert into warden.freeze (id, organisation, kind, target, because, cause, frozen_at,
                           frozen_by, released_at, released_by, release_reason)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict (id) do update set released_at = excluded.released_at,
  released_by = excluded.released_by, release_reason = excluded.release_reason
"""


async def _keep(connection: Connection, one: Freeze) -> None:
    await connection.execute(
        _KEEP,
        UUID(one.id),
        one.organisation,
        one.kind,
        storable(one.target),
        storable(one.because),
        one.cause,
        one.frozen_at,
        UUID(one.frozen_by) if one.frozen_by else None,
        one.released_at,
        UUID(one.released_by) if one.released_by else None,
        storable(one.release_reason) or None,
    )


async def load_holding(connection: Connection) -> Sequence[Freeze]:
    """Those that no one released, for a warden that starts."""
    rows = await connection.fetch(
        "select * from warden.freeze where released_at is null"
    )
    return [await with_members(connection, _freeze(row)) for row in rows]


async def known_ids(connection: Connection) -> frozenset[str]:
    """Every freeze that the database was told of, released ones too."""
    rows = await connection.fetch(
        "select id from warden.freeze where frozen_at > now() - interval '3 days'"
    )
    return frozenset(str(row["id"]) for row in rows)


async def newest(connection: Connection, organisation: int) -> Sequence[Freeze]:
    """The organisation's freezes, those that hold and those of before."""
    rows = await connection.fetch(
        "select * from warden.freeze where organisation = $1"
        " order by released_at is not null, frozen_at desc limit $2",
        organisation,
        MOST_LISTED,
    )
    return [_freeze(row) for row in rows]


async def with_members(connection: Connection, one: Freeze) -> Freeze:
    """Of a team: naming who is in it today."""
    if one.kind == TEAM:
        one.accounts = await members_of(connection, one.target)
    return one


async def members_of(connection: Connection, team: str) -> frozenset[str]:
    """Who is in a team today."""
    rows = await connection.fetch(
        "select account from warden.team_member where team = $1 and until is null",
        UUID(team),
    )
    return frozenset(str(row["account"]) for row in rows)


def _freeze(row: Row) -> Freeze:
    return Freeze(
        id=str(row["id"]),
        organisation=row["organisation"],
        kind=row["kind"],
        target=row["target"],
        because=row["because"],
        cause=row["cause"],
        frozen_at=row["frozen_at"],
        frozen_by=str(row["frozen_by"] or ""),
        released_at=row["released_at"],
        released_by=str(row["released_by"] or ""),
        release_reason=row["release_reason"] or "",
    )
