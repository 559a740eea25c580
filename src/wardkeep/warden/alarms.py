# SPDX-License-Identifier: Apache-2.0
"""What was unusual, and waits for a privacy officer to look at it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import new_uuid
from wardkeep.db.connection import Connection, Row
from wardkeep.db.words import storable
from wardkeep.warden.sessions import Session

GLASS_BROKEN, SOFT_LIMIT, FROZEN = "glass-broken", "soft-limit", "frozen"
SEARCHING, SLOW, BREAKER = "searching", "slow", "breaker"
QUESTIONED = "questioned"
CANARY = "canary"
PRINTS = "prints"
"""Somebody asked for more prints than the role makes in a day."""
GLASS_AGAIN = "glass-again"
"""One account broke the glass for one person after the other."""
SENDINGS = "sendings"
"""More was to go along with referrals than the role sends in a day."""
COPY_MADE = "copy-made"
"""Somebody signed for a copy of a record: a second person looks at each."""
TWO_STORIES = "two-stories"
"""The ledger is not the one that a witness saw."""
LEDGER_CHANGED = "ledger-changed"
"""The ledger's files are not as they were written."""
CLOCK_SET = "clock-set"
"""The clock that dates the ledger was moved, or is not the one of a witness."""
INCIDENT = "incident"
"""The operator declared an incident that touches the organisation, or revised it."""
LETTERS = "letters"
"""Names and addresses of those whom an incident reached were opened for letters."""
REVIEW_WITHIN = timedelta(hours=72)
SOONER = {GLASS_AGAIN: timedelta(hours=4)}
"""What goes on while nobody looks: it is due before what only has to be looked at."""
MOST_LISTED, MOST_ALIKE = 200, 20
"""Of one account and kind so many: who raises hundreds hides no other's behind them."""


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to look at."""

    id: str
    organisation: int
    kind: str
    account: str
    session: str
    patient: str
    detail: str
    entry: int
    raised_at: datetime
    due_at: datetime
    reviewed_at: datetime | None = None
    reviewed_by: str = ""
    verdict: str = ""
    note: str = ""
    more: int = 0
    """How many more wait of the same account and kind, behind the last one listed."""


class Alarms:
    """Raises alarms: kept in memory until the database has them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._unsaved: dict[str, Alarm] = {}

    def raise_(
        self,
        kind: str,
        about: Session,
        *,
        account: str = "",
        patient: str = "",
        detail: str = "",
        entry: int = -1,
    ) -> Alarm:
        """About what a session does, or what another account did."""
        now = self._clock.now()
        made = Alarm(
            id=new_uuid(),
            organisation=about.organisation,
            kind=kind,
            account=account or about.account,
            session=about.id,
            patient=patient,
            detail=detail,
            entry=entry,
            raised_at=now,
            due_at=now + SOONER.get(kind, REVIEW_WITHIN),
        )
        self._unsaved[made.id] = made
        return made

    def raise_to_all(
        self,
        kind: str,
        organisations: Iterable[int],
        *,
        detail: str,
        entry: int = -1,
    ) -> None:
        """About nobody's account: each organisation is told."""
        now = self._clock.now()
        for organisation in organisations:
            made = Alarm(
                id=new_uuid(),
                organisation=organisation,
                kind=kind,
                account="",
                session="",
                patient="",
                detail=detail,
                entry=entry,
                raised_at=now,
                due_at=now + REVIEW_WITHIN,
            )
            self._unsaved[made.id] = made

    def keep(self, alarm: Alarm) -> None:
        """One that is about no session: what shows over weeks."""
        self._unsaved[alarm.id] = alarm

    async def save(self, connection: Connection) -> None:
        for one in tuple(self._unsaved.values()):
            await connection.execute(
                "insert into warden.alarm (id, organisation, kind, account, session,"
                " patient, detail, entry, raised_at, due_at)"
                " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
                " on conflict (id) do nothing",
                UUID(one.id),
                one.organisation,
                one.kind,
                one.account,
                one.session,
                one.patient,
                storable(one.detail),
                one.entry,
                one.raised_at,
                one.due_at,
            )
            self._unsaved.pop(one.id, None)


async def entries_of(
    connection: Connection, kinds: Iterable[str], *, since: datetime
) -> frozenset[int]:
    """The entries about which there is an alarm of one of these kinds."""
    rows = await connection.fetch(
        "select entry from warden.alarm where kind = any($1) and raised_at >= $2",
        list(kinds),
        since,
    )
    return frozenset(row["entry"] for row in rows)


async def newest(connection: Connection, organisation: int) -> Sequence[Alarm]:
    """Those that wait, the first due first; then those that were looked at."""
    waiting = await connection.fetch(
        "select * from (select *, row_number() over alike as place,"
        " count(*) over (partition by account, kind) as together"
        " from warden.alarm where organisation = $1 and reviewed_at is null"
        " window alike as (partition by account, kind order by due_at, id)) as one"
        " where place <= $3 order by due_at, place limit $2",
        organisation,
        MOST_LISTED,
        MOST_ALIKE,
    )
    reviewed = await connection.fetch(
        "select * from warden.alarm where organisation = $1"
        " and reviewed_at is not null order by reviewed_at desc limit $2",
        organisation,
        MOST_LISTED - len(waiting),
    )
    return [*(_waiting(row) for row in waiting), *(_alarm(row) for row in reviewed)]


def _waiting(row: Row) -> Alarm:
    """The last one that is listed of its like says how many are not."""
    is_last = row["place"] == MOST_ALIKE
    more = row["together"] - MOST_ALIKE if is_last else 0
    return msgspec.structs.replace(_alarm(row), more=more)


async def review(
    connection: Connection,
    alarm: str,
    by: Session,
    *,
    verdict: str,
    note: str,
    clock: Clock,
) -> Alarm | None:
    """Note what somebody thinks of it; None where it does not wait, or is their own."""
    row = await connection.fetch_row(
        "update warden.alarm set reviewed_at = $3, reviewed_by = $4, verdict = $5,"
        " note = $6 where id = $1 and organisation = $2 and reviewed_at is null"
        " and account <> $7 returning *",
        UUID(alarm),
        by.organisation,
        clock.now(),
        UUID(by.account),
        verdict,
        note,
        by.account,
    )
    return None if row is None else _alarm(row)


def _alarm(row: Row) -> Alarm:
    return Alarm(
        id=str(row["id"]),
        organisation=row["organisation"],
        kind=row["kind"],
        account=row["account"],
        session=row["session"],
        patient=row["patient"],
        detail=row["detail"],
        entry=row["entry"],
        raised_at=row["raised_at"],
        due_at=row["due_at"],
        reviewed_at=row["reviewed_at"],
        reviewed_by=str(row["reviewed_by"] or ""),
        verdict=row["verdict"] or "",
        note=row["note"] or "",
    )
