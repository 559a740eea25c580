# SPDX-License-Identifier: Apache-2.0
"""A warden that is killed while an officer declares: the ledger says what was said."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.acts import confirm
from support.incidents import (
    Attack,
    attack,
    count,
    counted,
    declared,
    file_of,
    listed,
    read,
    settle,
    steps,
)
from support.openings import code_of
from support.warden import (
    Installation,
    RunningWarden,
    installation_in,
    running_warden,
)
from support.warden_process import Death, warden_process
from wardkeep.disclosure.answers import Done, SignedIn
from wardkeep.disclosure.client import WardenUnavailableError
from wardkeep.disclosure.incident_desk import (
    BeginCount,
    CountBegun,
    DeclareIncident,
    Reached,
    TakeDrafts,
    WithdrawIncident,
)
from wardkeep.ledger.index import INCIDENT_STEPS
from wardkeep.ledger.wanted import Wanted
from wardkeep.warden.incidents import PENDING

UNSAID = (Death("keep_pending", is_behind=False), Death("keep_pending", is_behind=True))
SAID = (Death("stand", is_behind=False), Death("stand", is_behind=True))
"""What is pending has no entry yet; what comes to stand has one on the disk."""
WHY = "It was a drill of our own."


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Installation]:
    with installation_in(tmp_path / "data") as made:
        yield made


async def _declares_and_dies(fresh: Installation, death: Death) -> tuple[str, Attack]:
    """The organisation, and the officer whose signature was the last thing seen."""
    async with warden_process(fresh, death=death):
        # Its helper of the tests, talking to a warden in another process.
        warden = RunningWarden(fresh, None)  # type: ignore[arg-type]
        await settle(warden)
        made = await attack(warden)
        id_ = await count(warden, made.officer, Wanted(account=made.nurse.account))
        with pytest.raises(WardenUnavailableError):
            await confirm(warden, made.officer, DeclareIncident(id_), Done)
        await warden.door.close()
        await warden.operator.close()
    return warden.home, made


async def _again(warden: RunningWarden, home: str, made: Attack) -> Attack:
    """The officer signs in at the warden that was started anew."""
    warden.home = home
    again = await warden.sign_in(made.officer.key)
    assert isinstance(again, SignedIn), again
    return made._replace(officer=made.officer._replace(token=again.token))


def _pending(fresh: Installation) -> list[Path]:
    return list((fresh.layout.warden / "incidents").glob(f"*/{PENDING}"))


@pytest.mark.parametrize("death", UNSAID)
async def test_killed_before_its_entry_nothing_was_declared_and_it_is_declared_anew(
    fresh: Installation, death: Death
) -> None:
    home, made = await _declares_and_dies(fresh, death)
    assert len(_pending(fresh)) == death.is_behind, "it died where it should"
    async with running_warden(fresh) as warden:
        made = await _again(warden, home, made)
        assert await listed(warden, made.officer) == ()
        assert steps(warden) == []
        assert _pending(fresh) == []
        found = await declared(warden, made)
        assert found.is_written
        assert [one.people for one in found.versions] == [3]
        assert steps(warden) == [INCIDENT_STEPS[0]]


@pytest.mark.parametrize("death", SAID)
async def test_killed_behind_its_entry_it_stands_and_loses_only_what_is_read_again(
    fresh: Installation, death: Death
) -> None:
    home, made = await _declares_and_dies(fresh, death)
    assert len(_pending(fresh)) != death.is_behind, "it died where it should"
    async with running_warden(fresh) as warden:
        made = await _again(warden, home, made)
        [found] = await listed(warden, made.officer)
        assert found.is_written
        assert [one.people for one in found.versions] == [3]
        assert steps(warden) == [INCIDENT_STEPS[0]], "it is said once"
        assert _pending(fresh) == []
        assert file_of(fresh, found.id).is_file()
        # Whom it reached lay in the memory of the one that died
        taking = TakeDrafts(found.id)
        given = await confirm(warden, made.officer, taking, Done)
        assert code_of(given) == "not-counted"
        begun = await warden.door.ask(
            BeginCount(session=made.officer.token, incident=found.id), CountBegun
        )
        assert isinstance(begun, CountBegun), begun
        await counted(warden, made.officer, begun.count)
        assert await confirm(warden, made.officer, taking, Done) == Done()
        reached = await read(warden, made.officer, found.id)
        assert isinstance(reached, Reached)
        assert {one.patient for one in reached.people} == {
            item.patient for item in made.items
        }


async def test_a_withdrawal_that_was_cut_off_behind_its_entry_is_a_withdrawal(
    fresh: Installation,
) -> None:
    async with running_warden(fresh) as warden:
        await settle(warden)
        made = await attack(warden)
        found = await declared(warden, made)
        home = warden.home
    async with warden_process(fresh, death=Death("stand", is_behind=False)):
        # As above: its helper, talking to a warden in another process.
        other = RunningWarden(fresh, None)  # type: ignore[arg-type]
        made = await _again(other, home, made)
        with pytest.raises(WardenUnavailableError):
            await confirm(other, made.officer, WithdrawIncident(found.id, WHY), Done)
        await other.door.close()
        await other.operator.close()
    async with running_warden(fresh) as warden:
        made = await _again(warden, home, made)
        [ended] = await listed(warden, made.officer)
        assert ended.withdrawn_at
        assert ended.is_written
        assert steps(warden) == [INCIDENT_STEPS[0], INCIDENT_STEPS[2]]
