# SPDX-License-Identifier: Apache-2.0
"""Expected sets: why an account may expect a patient, ready in memory.

One lookup for each opening. What the work tells comes as ties (ties.py), which name
practitioners and places; the rosters (rosters.py) say which accounts those are. Beside
them stand relationships that somebody set up by hand.
"""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.clock import from_microseconds, microseconds_since_epoch
from wardkeep.db.connection import Connection
from wardkeep.teams.rosters import Roster, load_roster
from wardkeep.teams.ties import Source, Tie, Ties, load_live
from wardkeep.teams.visits import KIND as VISIT, Visit, visit_of

KINDS = (
    *("ward", "clinic", "caseload", "visit", "referral"),
    *("appointment", "contact", "queue", "result"),
)
"""Never the door's own words for broken glass, contracts and one's own record."""
SELF_MADE = ", self-made"
"""Ends the relationship of an entry, where only what the account itself wrote explains
the opening."""
OF_TODAY = 2 * 24 * 3600 * 1_000_000
"""Microseconds: a contact is expected from a day before it begins."""


class Why(msgspec.Struct, frozen=True, gc=False):
    """What explains an opening."""

    kind: str
    is_self_made: bool = False
    is_of_today: bool = False
    """Of what is self-made: whether it began within the last day."""

    @property
    def words(self) -> str:
        """As the ledger has it."""
        return f"{self.kind}{SELF_MADE}" if self.is_self_made else self.kind


class Relationship(msgspec.Struct, frozen=True, kw_only=True):
    """One reason to expect one patient."""

    organisation: int
    account: str
    patient: str
    kind: str
    valid_from: datetime
    valid_until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        has_begun = self.valid_from <= at
        return has_begun and (self.valid_until is None or at < self.valid_until)


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """One patient whom an account may expect just now. Times as ties have them."""

    patient: str
    kind: str
    who: str
    """Whom the work names, as `Location/x`; empty where somebody set it up by hand."""
    source: str
    """What told it, as `Encounter/x`; empty likewise."""
    since: int
    until: int
    """0: it has no end."""
    is_self_made: bool = False


def _set_up(one: Relationship) -> Expectation:
    until = one.valid_until
    return Expectation(
        patient=one.patient,
        kind=one.kind,
        who="",
        source="",
        since=microseconds_since_epoch(one.valid_from),
        until=0 if until is None else microseconds_since_epoch(until),
    )


def _told(source: Source, tie: Tie, account: str) -> Expectation:
    return Expectation(
        patient=source.patient,
        kind=tie.kind,
        who=tie.who,
        source=f"{source.type}/{source.id}",
        since=tie.since,
        until=tie.until,
        is_self_made=tie.made_by == account,
    )


class ExpectedSets:
    """Every relationship by whom and whom for, every tie, and who is who."""

    def __init__(self, ties: Ties | None = None) -> None:
        self._by_pair: dict[tuple[int, str, str], tuple[Relationship, ...]] = {}
        self._by_account: dict[tuple[int, str], set[str]] = {}
        """Patients of `_by_pair`."""
        self.ties = Ties() if ties is None else ties
        self.rosters: dict[int, Roster] = {}
        """By organisation."""
        self._in_turn = asyncio.Lock()

    async def read_roster(self, connection: Connection, organisation: int) -> None:
        """Judge by what the database says now.

        In turn, so that what was read before somebody left a team never takes the
        place of what was read after it.
        """
        async with self._in_turn:
            self.rosters[organisation] = await load_roster(connection, organisation)

    def add(self, relationship: Relationship) -> None:
        """Add one, or put it in the place of the one of its kind."""
        pair = (relationship.organisation, relationship.account, relationship.patient)
        others = [
            one for one in self._by_pair.get(pair, ()) if one.kind != relationship.kind
        ]
        self._by_pair[pair] = (*others, relationship)
        self._by_account.setdefault(pair[:2], set()).add(relationship.patient)

    def end_account(self, account: str, *, organisation: int | None = None) -> None:
        """Forget all of an account that ended, everywhere or in one organisation."""
        ended = [
            pair
            for pair in self._by_pair
            if pair[1] == account and organisation in (None, pair[0])
        ]
        for pair in ended:
            self._forget(pair)

    def _forget(self, pair: tuple[int, str, str]) -> None:
        del self._by_pair[pair]
        patients = self._by_account[pair[:2]]
        patients.discard(pair[2])
        if not patients:
            del self._by_account[pair[:2]]

    def forget_patient(self, organisation: int, patient: str) -> None:
        """Forget all about a patient whose record was erased."""
        named = (organisation, patient)
        for pair in [pair for pair in self._by_pair if (pair[0], pair[2]) == named]:
            self._forget(pair)
        self.ties.forget_patient(organisation, patient)

    def explains(
        self, *, account: str, organisation: int, patient: str, at: datetime
    ) -> Why | None:
        """What explains it now; None where nothing does.

        What others wrote goes before what the account wrote for itself.
        """
        for one in self._by_pair.get((organisation, account, patient), ()):
            if one.holds(at):
                return Why(one.kind)
        roster = self.rosters.get(organisation)
        if roster is None:
            return None
        moment, own = microseconds_since_epoch(at), None
        mine = roster.names_of(account, moment)
        for tie in self.ties.of(organisation, patient):
            if tie.who in mine and tie.holds(moment):
                if tie.made_by != account:
                    return Why(tie.kind)
                if own is None or not own.is_of_today:
                    is_of_today = tie.since > moment - OF_TODAY
                    own = Why(tie.kind, is_self_made=True, is_of_today=is_of_today)
        return own

    def expected_by(
        self, *, account: str, organisation: int, at: datetime
    ) -> Iterator[Expectation]:
        """Everybody whom an account may expect now, and why; some more than once."""
        for patient in self._by_account.get((organisation, account), ()):
            for one in self._by_pair.get((organisation, account, patient), ()):
                if one.holds(at):
                    yield _set_up(one)
        roster = self.rosters.get(organisation, Roster())
        moment = microseconds_since_epoch(at)
        for who in roster.names_of(account, moment):
            for source, tie in self.ties.naming(organisation, who):
                if tie.holds(moment):
                    yield _told(source, tie, account)

    def visits(
        self, *, account: str, organisation: int, patient: str
    ) -> tuple[Visit, ...]:
        """The account's visits to the patient, whether they hold now or not.

        None that the account itself wrote, for whoever plans visits lets people into
        homes; and none of its team, for one carer is on a visit and not all of them.
        """
        found = [
            visit_of(one.valid_from, one.valid_until)
            for one in self._by_pair.get((organisation, account, patient), ())
            if one.kind == VISIT
        ]
        roster = self.rosters.get(organisation, Roster())
        mine = roster.practitioners.get(account, frozenset())
        found += [
            visit_of(from_microseconds(tie.since), from_microseconds(tie.until))
            for tie in self.ties.of(organisation, patient)
            if tie.kind == VISIT and tie.who in mine and tie.made_by != account
        ]
        return tuple(one for one in found if one is not None)

    def __len__(self) -> int:
        return len(self._by_pair)


async def add_relationships(
    connection: Connection, relationships: Iterable[Relationship]
) -> None:
    """Store relationships; one of the same kind is renewed."""
    await connection.execute_many(
        "insert into warden.relationship"
        " (organisation, account, patient, kind, valid_from, valid_until)"
        " values ($1, $2, $3, $4, $5, $6)"
        " on conflict (organisation, account, patient, kind) do update"
        " set valid_from = excluded.valid_from, valid_until = excluded.valid_until",
        [
            (
                one.organisation,
                UUID(one.account),
                one.patient,
                one.kind,
                one.valid_from,
                one.valid_until,
            )
            for one in relationships
        ],
    )


async def load_all(connection: Connection, *, at: datetime) -> ExpectedSets:
    """Every relationship, every tie that is not over, and who is who; at a start."""
    ties = await load_live(connection, at=microseconds_since_epoch(at))
    expected = ExpectedSets(ties)
    for row in await connection.fetch("select number from warden.organisation"):
        number = row["number"]
        expected.rosters[number] = await load_roster(connection, number)
    rows = await connection.fetch(
        "select organisation, account, patient, kind, valid_from, valid_until"
        " from warden.relationship"
    )
    for row in rows:
        expected.add(Relationship(**{**dict(row), "account": str(row["account"])}))
    return expected
