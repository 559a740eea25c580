# SPDX-License-Identifier: Apache-2.0
"""Relationships: why an account may expect a patient, ready in memory.

One lookup for each opening. A relationship has a kind (ward, clinic, caseload, visit,
referral) and a time from which, and perhaps until which, it holds.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.db.connection import Connection

KINDS = ("ward", "clinic", "caseload", "visit", "referral")


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


class ExpectedSets:
    """Every relationship, by whom and whom for."""

    def __init__(self) -> None:
        self._by_pair: dict[tuple[int, str, str], tuple[Relationship, ...]] = {}

    def add(self, relationship: Relationship) -> None:
        """Add one, or put it in the place of the one of its kind."""
        pair = (relationship.organisation, relationship.account, relationship.patient)
        others = [
            one for one in self._by_pair.get(pair, ()) if one.kind != relationship.kind
        ]
        self._by_pair[pair] = (*others, relationship)

    def end_account(self, account: str, *, organisation: int | None = None) -> None:
        """Forget all of an account that ended, everywhere or in one organisation."""
        ended = [
            pair
            for pair in self._by_pair
            if pair[1] == account and organisation in (None, pair[0])
        ]
        for pair in ended:
            del self._by_pair[pair]

    def forget_patient(self, organisation: int, patient: str) -> None:
        """Forget all about a patient whose record was erased."""
        named = (organisation, patient)
        for pair in [pair for pair in self._by_pair if (pair[0], pair[2]) == named]:
            del self._by_pair[pair]

    def explains(
        self, *, account: str, organisation: int, patient: str, at: datetime
    ) -> str | None:
        """The kind of a relationship that holds now; None where nothing explains."""
        for one in self._by_pair.get((organisation, account, patient), ()):
            if one.holds(at):
                return one.kind
        return None

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


async def load_all(connection: Connection) -> ExpectedSets:
    """Every stored relationship, for a warden that starts."""
    expected = ExpectedSets()
    rows = await connection.fetch(
        "select organisation, account, patient, kind, valid_from, valid_until"
        " from warden.relationship"
    )
    for row in rows:
        expected.add(Relationship(**{**dict(row), "account": str(row["account"])}))
    return expected
