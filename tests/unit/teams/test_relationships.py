# SPDX-License-Identifier: Apache-2.0
"""Relationships: whom an account may expect, from when until when."""

from datetime import UTC, datetime, timedelta

import pytest

from support.warden import Installation, running_warden
from wardkeep.assembly.database import WARDEN, address_for
from wardkeep.db.connection import connect
from wardkeep.disclosure.answers import Created
from wardkeep.disclosure.questions import CreateOrganisation
from wardkeep.teams.relationships import (
    ExpectedSets,
    Relationship,
    add_relationships,
    load_all,
)

NOW = datetime(2026, 11, 23, 9, 41, tzinfo=UTC)
HOUR = timedelta(hours=1)


def relationship(
    *,
    account: str = "a-1",
    patient: str = "p-1",
    kind: str = "ward",
    organisation: int = 1,
    since: datetime = NOW,
    until: datetime | None = None,
) -> Relationship:
    return Relationship(
        organisation=organisation,
        account=account,
        patient=patient,
        kind=kind,
        valid_from=since,
        valid_until=until,
    )


def explains(
    expected: ExpectedSets,
    *,
    account: str = "a-1",
    organisation: int = 1,
    patient: str = "p-1",
    at: datetime = NOW,
) -> str | None:
    found = expected.explains(
        account=account, organisation=organisation, patient=patient, at=at
    )
    return None if found is None else found.kind


def test_a_relationship_explains_its_account_organisation_and_patient_only() -> None:
    expected = ExpectedSets()
    expected.add(relationship())
    assert explains(expected) == "ward"
    assert explains(expected, account="a-2") is None
    assert explains(expected, organisation=2) is None
    assert explains(expected, patient="p-2") is None


@pytest.mark.parametrize(
    ("at", "holds"),
    [(NOW - HOUR, False), (NOW, True), (NOW + HOUR, False)],
    ids=["before it begins", "as it begins", "as it ends"],
)
def test_a_relationship_holds_from_its_beginning_to_its_end(
    at: datetime, *, holds: bool
) -> None:
    expected = ExpectedSets()
    expected.add(relationship(until=NOW + HOUR))
    assert (explains(expected, at=at) == "ward") is holds


def test_one_that_is_over_does_not_hide_one_that_holds() -> None:
    expected = ExpectedSets()
    expected.add(relationship(until=NOW))
    expected.add(relationship(kind="clinic"))
    assert explains(expected) == "clinic"


def test_one_of_the_same_kind_takes_the_place_of_the_one_before() -> None:
    expected = ExpectedSets()
    expected.add(relationship())
    expected.add(relationship(until=NOW))
    assert explains(expected) is None


def test_an_account_that_ended_may_expect_nobody_and_others_still_do() -> None:
    expected = ExpectedSets()
    for account in ("a-1", "a-2"):
        for patient in ("p-1", "p-2"):
            expected.add(relationship(account=account, patient=patient))
    assert len(expected) == 4
    expected.end_account("a-1")
    assert len(expected) == 2
    assert explains(expected) is None
    assert explains(expected, account="a-2") == "ward"


async def test_what_is_stored_comes_back_and_is_renewed_in_its_place(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        await warden.operator.ask(CreateOrganisation("fernhill", "Fernhill"), Created)
        account = await warden.account("ward_nurse")
    connection = await connect(
        address_for(installation.settings, installation.layout, WARDEN)
    )
    try:
        first = relationship(account=account, until=NOW + HOUR)
        await add_relationships(connection, [first])
        renewed = relationship(account=account, since=NOW + HOUR)
        other = relationship(account=account, kind="clinic", until=NOW + HOUR)
        await add_relationships(connection, [renewed, other])
        expected = await load_all(connection, at=NOW)
    finally:
        await connection.close()
    assert explains(expected, account=account) == "clinic"
    assert explains(expected, account=account, at=NOW + 2 * HOUR) == "ward"
