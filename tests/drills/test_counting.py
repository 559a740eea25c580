# SPDX-License-Identifier: Apache-2.0
"""The process that counts whom an incident reached: how it goes, fails and ends."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from support.acts import colleague, confirm
from support.desks import desk_of
from support.incidents import (
    OFFICER,
    TOLD,
    WHAT,
    attack,
    count,
    counted,
    declared,
    file_of,
    now,
    settle,
)
from support.openings import code_of
from support.waiting import until
from support.warden import Installation, RunningWarden, forget_ledger, running_warden
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.incident_desk import (
    BeginCount,
    CountBegun,
    CountView,
    DeclareIncident,
    LookAtCount,
)
from wardkeep.ledger.reaching import PEOPLE, Job, Reach
from wardkeep.ledger.wanted import Wanted
from wardkeep.warden.service.counting import KEPT_SECONDS, Count, Counting
from wardkeep.warden.service.incident_desk import IncidentDesk

READER = b"wardkeep.ledger.reaching"


@pytest.fixture(autouse=True)
def _ledger_of_its_own(installation: Installation) -> None:
    forget_ledger(installation)


@pytest.fixture
async def warden(installation: Installation) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation) as running:
        await settle(running)
        yield running


def counting_of(warden: RunningWarden) -> Counting:
    return desk_of(warden, IncidentDesk)._parts.counting


async def begun(warden: RunningWarden, token: str) -> str:
    asked = BeginCount(
        session=token,
        selectors=(Wanted(session=new_uuid()),),
        found_at=now(),
        what=WHAT,
        told=TOLD,
    )
    answer = await warden.door.ask(asked, CountBegun)
    assert isinstance(answer, CountBegun), answer
    return answer.count


def readers() -> set[int]:
    """Processes of ours that read a ledger."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
            if READER in words and int(parent) == os.getpid():
                found.add(int(process.name))
    return found


async def test_a_warden_that_ends_leaves_nobody_reading_its_ledger(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        await settle(warden)
        officer = await colleague(warden, OFFICER)
        folder = counting_of(warden)._folder
        await begun(warden, officer.token)
        await until(readers)
        for process in readers():
            os.kill(process, signal.SIGSTOP)
    assert readers() == set()
    assert not folder.exists()


async def test_a_count_that_cannot_be_made_says_so_and_is_not_declared(
    warden: RunningWarden, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    officer = await colleague(warden, OFFICER)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
    failed = await begun(warden, officer.token)
    await until(lambda: not counting_of(warden)._tasks)
    monkeypatch.undo()
    view = await warden.door.ask(LookAtCount(officer.token, failed), CountView)
    assert isinstance(view, CountView), view
    assert (view.has_failed, view.reach) == (True, None)
    refused = await confirm(warden, officer, DeclareIncident(failed), Done)
    assert code_of(refused) == "not-counted"
    assert await count(warden, officer, Wanted(session=new_uuid())), "nor in its way"


async def test_what_was_read_for_drafts_stays_however_often_the_page_looks(
    warden: RunningWarden, installation: Installation
) -> None:
    """Else the second look would take the file away with nothing to put there."""
    made = await attack(warden, 1)
    found = await declared(warden, made)
    asked = BeginCount(session=made.officer.token, incident=found.id)
    drafts = await warden.door.ask(asked, CountBegun)
    assert isinstance(drafts, CountBegun), drafts
    for _ in range(3):
        view = await counted(warden, made.officer, drafts.count)
        assert view.reach is not None
        assert view.reach.people == 1
    folder = file_of(installation, found.id).parent
    assert [one.name for one in folder.glob("reach-*/*") if one.name == PEOPLE]


async def test_what_was_counted_hours_ago_is_counted_again(
    warden: RunningWarden,
) -> None:
    """The ledger went on; and the file of who was reached does not lie there on."""
    made = await attack(warden, 1)
    old = await count(warden, made.officer, Wanted(account=made.nurse.account))
    counting = counting_of(warden)
    found = counting._counts[old]
    assert found.folder.exists()
    later = SystemClock().monotonic_seconds() + KEPT_SECONDS
    counting._forget(later - 60)
    assert found.folder.exists()
    counting._forget(later + 60)
    assert not found.folder.exists()
    gone = await warden.door.ask_any(LookAtCount(made.officer.token, old))
    assert code_of(gone) == "no-such-count"


async def test_what_a_disk_refused_to_keep_is_kept_the_next_time(
    warden: RunningWarden, tmp_path: Path
) -> None:
    """Else the page says for two hours that it was read, and nothing lies there."""
    made = await attack(warden, 1)
    id_ = await count(warden, made.officer, Wanted(account=made.nurse.account))
    counting = counting_of(warden)
    found, full = counting._counts[id_], tmp_path / "full"
    full.touch()
    with pytest.raises(FileExistsError):
        counting.take(found, full / "reach-1")
    assert found.folder.exists()
    assert not found.is_kept
    where = tmp_path / "there" / "reach-1"
    looks = [asyncio.to_thread(counting.take, found, where) for _ in range(8)]
    await asyncio.gather(*looks)
    assert found.is_kept
    assert (where / PEOPLE).exists()


async def test_how_far_it_is_read_is_told_over_several_selectors(
    warden: RunningWarden, tmp_path: Path
) -> None:
    """Whoever waits for minutes sees it move, and never backwards."""
    reach = Reach(
        at=1,
        people=2,
        opened=2,
        records=2,
        sealed=0,
        first=1,
        last=1,
        types=(),
        is_whole=True,
        faults=(),
        entries_read=300,
        root="",
        checkpoint="",
        certainly_not=(),
        canaries=0,
        sessions=(),
    )
    said = [b"100", b"200", b"50", b"not for us", b"150", msgspec.json.encode(reach)]
    lines = b"\n".join(said)
    script = f"import sys; sys.stdout.buffer.write({lines!r})"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", script),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    job = Job(
        ledger="",
        origin="",
        key="",
        organisation=1,
        selectors=(),
        at=1,
        canaries=(),
        folder=str(tmp_path),
    )
    waits = Count(
        id=new_uuid(),
        organisation=1,
        account="",
        asked=BeginCount(session=""),
        selectors=(),
        version=0,
        at=1,
        began=0.0,
        total=400,
        folder=tmp_path,
    )
    assert await counting_of(warden)._hear(process, job, waits) == reach
    assert waits.read == 350
