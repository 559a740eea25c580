# SPDX-License-Identifier: Apache-2.0
"""An incident whose thief met a canary: it is counted apart, and named to nobody."""

import secrets
from collections.abc import AsyncIterator

import msgspec
import pytest

from support.acts import confirm
from support.incidents import (
    WHAT,
    attack,
    count,
    counted,
    declared,
    listed,
    read,
    settle,
    steps,
)
from support.openings import code_of, opens
from support.warden import (
    Installation,
    RunningWarden,
    running_warden,
)
from wardkeep.disclosure.answers import Done, Grant, NewKeys
from wardkeep.disclosure.canaries import CanaryCounts, PlantCanaries
from wardkeep.disclosure.incident_desk import DeclareIncident, Reached, TakeDrafts
from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.questions import Item, NewPatientKeys
from wardkeep.ledger.wanted import Wanted

pytestmark = pytest.mark.usefixtures("ledger_of_its_own")


@pytest.fixture
async def warden(installation: Installation) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation) as running:
        await settle(running)
        yield running


async def _planted(warden: RunningWarden) -> Item:
    """A patient of this organisation who does not exist."""
    nobody = f"p-{secrets.token_hex(6)}"
    planted = await warden.operator.ask(
        PlantCanaries(warden.home, (nobody,)), CanaryCounts
    )
    assert isinstance(planted, CanaryCounts), planted
    session = await warden.import_session(warden.home)
    made = await warden.door.ask(NewPatientKeys(session, (nobody,)), NewKeys)
    assert isinstance(made, NewKeys), made
    wrapped = made.patients[0].wrapped[0]
    return Item(nobody, Tier.BANNER, wrapped, (("Patient", nobody, 1),))


async def test_a_canary_is_counted_apart_and_gets_no_letter_no_line_and_no_file(
    warden: RunningWarden, installation: Installation
) -> None:
    nobody = await _planted(warden)
    made = await attack(warden)
    assert isinstance(await opens(warden, made.nurse.token, nobody), Grant)
    assert code_of(await opens(warden, made.nurse.token, made.items[0])) == "frozen"
    id_ = await count(warden, made.officer, Wanted(account=made.nurse.account))
    view = await counted(warden, made.officer, id_)
    assert view.reach is not None
    assert (view.reach.people, view.reach.opened, view.reach.canaries) == (3, 3, 1)
    assert view.reach.types == (("Patient", 3),), "nobody has no record that was seen"
    given = await confirm(warden, made.officer, DeclareIncident(id_), Done)
    assert given == Done()
    [found] = await listed(warden, made.officer)
    assert [one.people for one in found.versions] == [3]
    assert await confirm(warden, made.officer, TakeDrafts(found.id), Done) == Done()
    reached = await read(warden, made.officer, found.id)
    assert isinstance(reached, Reached)
    named = {item.patient for item in made.items}
    assert {one.patient for one in reached.people} == named
    assert reached.next == -1
    for told in (view, found, reached):
        assert nobody.patient.encode() not in msgspec.json.encode(told)
    _lies_nowhere(installation, nobody.patient, beside=made.items[0].patient)


def _lies_nowhere(installation: Installation, nobody: str, *, beside: str) -> None:
    """No file of the incidents has them; a real person's id is found by this search."""
    files = [
        one
        for one in (installation.layout.warden / "incidents").rglob("*")
        if one.is_file()
    ]
    assert any(beside.encode() in one.read_bytes() for one in files)
    assert not any(nobody.encode() in one.read_bytes() for one in files)


async def test_a_canary_that_was_opened_alone_reached_nobody(
    warden: RunningWarden,
) -> None:
    made = await attack(warden, 1)
    nobody = await _planted(warden)
    begun = warden.entries()[-1].at + 1
    assert isinstance(await opens(warden, made.nurse.token, nobody), Grant)
    mine = Wanted(account=made.nurse.account, since=begun)
    view = await counted(warden, made.officer, await count(warden, made.officer, mine))
    assert view.reach is not None
    assert (view.reach.people, view.reach.canaries) == (0, 1)
    assert (view.reach.first, view.reach.last) == (0, 0), "its time is nobody's either"
    assert view.reach.types == ()


async def test_somebody_who_is_a_canary_next_door_is_a_person_here(
    warden: RunningWarden,
) -> None:
    """Ids are told apart by organisation: the neighbour's canary hides nobody."""
    made = await attack(warden)
    mine = warden.home
    await settle(warden)
    twin = made.items[0].patient
    planted = await warden.operator.ask(
        PlantCanaries(warden.home, (twin,)), CanaryCounts
    )
    assert isinstance(planted, CanaryCounts), planted
    warden.home = mine
    found = await declared(warden, made)
    assert [one.people for one in found.versions] == [3]
    assert found.what == WHAT
    assert len(steps(warden)) == 1
