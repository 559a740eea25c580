# SPDX-License-Identifier: Apache-2.0
"""Ambulances that were asked for: sent by themselves, whatever is killed."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from support.clinics import Town, clinic_town
from support.killing import postmaster
from support.program import Program
from support.served import Served, eventually, served
from support.urgent import Desk, caller, queue_places, waiting, whole_call
from support.ward_beds import now
from support.warden import Installation, RunningWarden
from support.wards import Worker, practitioner
from wardkeep.assembly.database import WORKER, address_for
from wardkeep.base.clock import FrozenClock
from wardkeep.care.ambulance import ambulance_of
from wardkeep.care.writing import drafted_anew
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, SetWork
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import Written
from wardkeep.fhir.urgent.dispatching import (
    CALL_OFF,
    NOT_SENT,
    Came,
    NoDispatcher,
    Receipt,
    Request,
    SyntheticDesk,
    sending,
)
from wardkeep.fhir.urgent.queue_rows import EntryRow, QueueRows
from wardkeep.fhir.urgent.queueing import place_of
from wardkeep.jobs.worker import work_once

NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
HOME, BOARD = "fernhill", "/urgent-queue"
ANN = Worker("urgent_care_clinician", "Ann Advice", "ann")
DESK = Worker("urgent_care_clinician", "Dora Dispatch", "dora")
_SECOND = timedelta(seconds=1)
on_one_loop = pytest.mark.asyncio(loop_scope="module")


class Deaf:
    """Has what it is sent and never answers; notes what it was sent of one entry."""

    def __init__(self, entry: str, *, fails: int = 0) -> None:
        self.sent: list[Request] = []
        self._entry, self._fails = entry, fails

    async def send(self, request: Request) -> Receipt:
        if request.entry != self._entry:
            return Receipt(came=Came.SENT)
        self.sent.append(request)
        if len(self.sent) <= self._fails:
            return Receipt(came=Came.NOT_SENT)
        return Receipt(came=Came.SENT)


class Says:
    """Says of each entry what it is told to, one after the other; then: not sent."""

    def __init__(self, receipts: dict[str, list[Receipt]]) -> None:
        self._receipts = receipts

    async def send(self, request: Request) -> Receipt:
        left = self._receipts.get(request.entry)
        return left.pop(0) if left else Receipt(came=Came.NOT_SENT)


class Breaks:
    """Fails at each attempt, as on an answer that nobody thought of."""

    async def send(self, request: Request) -> Receipt:
        raise ValueError(request.entry)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(installation: Installation) -> AsyncIterator[Town]:
    async with clinic_town(installation, clock=FrozenClock(NOW)) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker(town: Town, installation: Installation) -> AsyncIterator[Database]:
    assert town.organisation
    address = address_for(installation.settings, installation.layout, WORKER)
    database = Database(address, size=2)
    yield database
    await database.close()


async def asks(town: Town, id_: str, code: str = "ambulance-2") -> str:
    """Somebody's call came to an ambulance; the id of its place in the queue."""
    await town.load([caller(id_, f"Caller{id_}")])
    who = await town.works("urgent_care_clinician", places=(place_of("ambulance"),))
    drafts = [drafted_anew(one) for one in waiting(id_, code, given=NOW)]
    change = Change(drafts=drafts, expected=[0, 0])
    opener = _because(who.opener)
    written = await town.writer.write(change, opener=opener)
    assert isinstance(written, Written), written
    return f"{id_}-entry"


def _because(opener: Any) -> Any:
    return type(opener)(
        session=opener.session,
        organisation=opener.organisation,
        reason="Rang for an ambulance",
    )


async def row_of(town: Town, entry: str) -> EntryRow:
    found = await QueueRows(town.database).one(town.organisation, entry)
    assert found is not None
    return found


async def work(worker: Database, dispatcher: Any, at: datetime) -> None:
    """All that is due by then."""
    clock = FrozenClock(at)
    kinds = [sending(dispatcher, clock, worker)]
    while await work_once(worker, kinds, clock=clock):
        pass


@on_one_loop
async def test_it_is_sent_after_five_seconds_and_again_until_acknowledged(
    town: Town, worker: Database
) -> None:
    entry, desk = await asks(town, "a1"), SyntheticDesk()
    await work(worker, desk, NOW + 4 * _SECOND)
    assert (await row_of(town, entry)).sent_at is None
    await work(worker, desk, NOW + 5 * _SECOND)
    row = await row_of(town, entry)
    assert (row.sent_at, row.acknowledged_at) == (NOW + 5 * _SECOND, None)
    await work(worker, desk, NOW + 10 * _SECOND)
    row = await row_of(town, entry)
    assert row.acknowledged_at == NOW + 10 * _SECOND
    assert row.reference == "DEMO-ENTRY"
    assert row.escalated_at is None
    # And then no more.
    deaf = Deaf(entry)
    await work(worker, deaf, NOW + 500 * _SECOND)
    assert deaf.sent == []


@on_one_loop
async def test_nobody_who_acknowledges_makes_it_the_shift_leads_and_it_is_sent_on(
    town: Town, worker: Database
) -> None:
    entry = await asks(town, "b1", "ambulance-1")
    deaf = Deaf(entry, fails=2)
    for second in range(5, 90, 5):
        await work(worker, deaf, NOW + second * _SECOND)
        row = await row_of(town, entry)
        assert (row.sent_at is None) == (second < 15)
        assert (row.escalated_at is None) == (second < 65)
    rows = QueueRows(town.database)
    listed = await rows.overdue(town.organisation, None, now=NOW, at_most=9)
    assert entry in [one.entry for one in listed]
    assert await rows.unacknowledged(town.organisation) >= 1
    assert {(one.entry, one.category) for one in deaf.sent} == {(entry, "C1")}
    assert len(deaf.sent) == 17


@on_one_loop
async def test_where_no_way_is_set_up_nothing_is_called_sent(
    town: Town, worker: Database
) -> None:
    entry = await asks(town, "n1")
    for second in (5, 10, 70):
        await work(worker, NoDispatcher(), NOW + second * _SECOND)
    row = await row_of(town, entry)
    assert row.sent_at is None
    assert row.escalated_at == NOW + 70 * _SECOND


@on_one_loop
async def test_an_attempt_that_breaks_is_noted_and_becomes_the_shift_leads(
    town: Town, worker: Database
) -> None:
    """It was tried for ever, yellow on the board, and nobody was told."""
    entry = await asks(town, "x1")
    for second in (5, 10, 70):
        await work(worker, Breaks(), NOW + second * _SECOND)
    row = await row_of(town, entry)
    assert (row.sent_at, row.acknowledged_at) == (None, None)
    assert row.escalated_at == NOW + 70 * _SECOND
    # It may have arrived, so that nothing calls it off; and the next one may do.
    assert row.begun_at == NOW + 5 * _SECOND
    await work(worker, SyntheticDesk(), NOW + 75 * _SECOND)
    assert (await row_of(town, entry)).sent_at == NOW + 75 * _SECOND


@on_one_loop
async def test_what_is_refused_is_the_shift_leads_at_once_and_is_sent_no_more(
    town: Town, worker: Database
) -> None:
    entry = await asks(town, "r1")
    code = "422 REC_UNPROCESSABLE_ENTITY invariant"
    says = Says({entry: [Receipt(came=Came.REFUSED, code=code)]})
    for second in (5, 10, 90):
        await work(worker, says, NOW + second * _SECOND)
    row = await row_of(town, entry)
    assert (row.escalated_at, row.refusal) == (NOW + 5 * _SECOND, code)
    assert (row.sent_at, row.acknowledged_at) == (None, None)
    shown = ambulance_of(row, NOW + 6 * _SECOND)
    assert shown is not None
    assert shown.colour == "red"
    assert shown.words == "Refused: ring the ambulance service now"
    assert code in shown.why


@on_one_loop
async def test_what_may_have_arrived_is_not_stopped_and_what_never_left_is(
    town: Town, worker: Database
) -> None:
    """An attempt that nobody answered stays begun, whatever the next one comes to."""
    gone, here = await asks(town, "u1"), await asks(town, "u2")
    first = NOW + 5 * _SECOND
    says = Says({gone: [Receipt(came=Came.UNCLEAR)]})
    await work(worker, says, first)
    await work(worker, says, first + 5 * _SECOND)
    for entry, is_begun in ((gone, True), (here, False)):
        assert (await row_of(town, entry)).begun_at == (first if is_begun else None)
        async with town.database.transaction(town.organisation) as connection:
            for sql in (CALL_OFF, NOT_SENT):
                at = first - _SECOND
                status = await connection.execute(sql, town.organisation, entry, at)
                assert status.endswith(" 0") == is_begun, (sql, entry)
    assert (await row_of(town, gone)).called_off_at is None


@on_one_loop
async def test_a_load_sends_no_ambulance(town: Town, worker: Database) -> None:
    await town.load(whole_call("l1", "ambulance-1", given=NOW))
    deaf = Deaf("l1-entry")
    await work(worker, deaf, NOW + 60 * _SECOND)
    assert deaf.sent == []
    assert (await row_of(town, "l1-entry")).send_at is None


class Site(NamedTuple):
    """A stack whose desk is the demonstration's, and a clinician."""

    stack: Served
    program: Program
    ann: Desk
    dora: Desk


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("ambulances")
    with served(folder, WARDKEEP_WEB_WORKERS="1", WARDKEEP_DEMO="yes") as stack:
        stack.found(HOME)
        with closing(
            Program(stack, tmp_path_factory.mktemp("keys"), organisation=HOME)
        ) as program:
            for one in (*queue_places(), *map(practitioner, (ANN, DESK))):
                program.put(one)
            tokens = [stack.sign_in(HOME, [], role=ANN.role) for _ in range(2)]
            asyncio.run(_work(stack, tokens))
            ann, dora = (Desk(stack.port, one) for one in tokens)
            with closing(ann), closing(dora):
                yield Site(stack, program, ann, dora)


async def _work(stack: Served, tokens: list[str]) -> None:
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    accounts = []
    for token in tokens:
        seen = await warden.door.ask(CheckSession(token), SessionView)
        assert isinstance(seen, SessionView)
        accounts.append(seen.account)
    who = tuple(
        (account, (f"Practitioner/{one.practitioner}",))
        for account, one in zip(accounts, (ANN, DESK), strict=True)
    )
    teams = (
        ("Clinicians", (place_of("clinician"),), tuple(accounts[:1])),
        ("Ambulances", (place_of("ambulance"),), tuple(accounts)),
    )
    assert await warden.operator.ask(SetWork(HOME, who, teams), Done) == Done()
    await warden.door.close()
    await warden.operator.close()


def upgrade(site: Site, id_: str) -> str:
    """Ann rings somebody back and it comes to an ambulance; its page."""
    for one in whole_call(id_, "clinician-1h", given=now()):
        site.program.put(one)
    path = f"{BOARD}/cases/{id_}-entry"
    assert site.ann.press(f"{path}/do/take", {"version": "1"})[1].endswith("took")
    fields = {"version": "2", "code": "ambulance-2", "why": "Grey and sweating"}
    status, to, page = site.ann.press(f"{path}/end", fields)
    assert status == 303, page[:2000]
    assert to.endswith("said=asked")
    return to.partition("?")[0]


def test_nobody_presses_a_button_and_it_is_acknowledged(site: Site) -> None:
    path = upgrade(site, "s1")
    assert b"Is being sent" in site.ann.get(path)
    eventually(lambda: b"Acknowledged: DEMO-" in site.ann.get(path), site.stack.log)


def test_within_five_seconds_it_is_stopped_and_afterwards_it_is_not(site: Site) -> None:
    path = upgrade(site, "s2")
    to = site.ann.press(f"{path}/call-off", {"version": "1"})[1]
    assert to.endswith("said=stopped")
    time.sleep(7)
    page = site.ann.get(path)
    assert b"Called off, not sent" in page
    # It is hers, and in nobody's way until she has said what comes of it.
    fields = {"version": "2", "code": "clinician-now", "why": "Better at once"}
    assert site.ann.press(f"{path}/end", fields)[1].endswith("moved")
    path = upgrade(site, "s3")
    eventually(lambda: b"Sent, " in site.ann.get(path), site.stack.log)
    assert site.ann.press(f"{path}/call-off", {"version": "1"})[1].endswith("sent")


@pytest.mark.parametrize("victim", ["worker", "web", "warden", "database", "all"])
def test_whatever_is_killed_meanwhile_it_is_sent(site: Site, victim: str) -> None:
    path = upgrade(site, f"k-{victim}")
    names = ["web", "warden", "worker", "database"] if victim == "all" else [victim]
    for name in names:
        process = (
            postmaster(site.stack) if name == "database" else site.stack.child(name)
        )
        assert process, name
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    eventually(site.stack.is_ready, site.stack.log)

    def is_acknowledged() -> bool:
        with suppress(ConnectionError):
            return b"Acknowledged: DEMO-" in site.ann.ask("GET", path)[1]
        return False

    eventually(is_acknowledged, site.stack.log)
