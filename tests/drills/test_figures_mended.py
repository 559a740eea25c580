# SPDX-License-Identifier: Apache-2.0
"""A drill on `wardkeep figures check --mend` while calls come in, and beside another.

On the real processes. What was opened is held against what lies beside it only when the
record has gone on, as it does in the minutes that a month takes.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support.program import Program
from support.served import Served, served
from support.telephone import rings as telephone_rings
from support.urgent import caller, queue_places
from support.urgent_figures import agreed_by, call, two_who_agree
from support.ward_beds import now
from wardkeep.assembly.data_sets import ByAgreement
from wardkeep.assembly.database import OWNER, WEB, WORKER, address_for
from wardkeep.base.clock import LONDON
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database
from wardkeep.disclosure.data_sets import BeginDataSet, DataSetBegun, period_named
from wardkeep.disclosure.purpose import Purpose
from wardkeep.fhir.data_sets.ground import Month
from wardkeep.fhir.data_sets.reading import Person
from wardkeep.fhir.data_sets.urgent_care import CallReader, Held
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.urgent.steps import Step
from wardkeep.fhir.urgent.telephone.events import Event, Sent, read_event
from wardkeep.fhir.urgent.telephone.rows import TelephoneRows
from wardkeep.fhir.urgent.telephone.taking import Taken, TelephoneEvents

HOME, HERE = "fernhill", OrganisationId(1)
STEPS = ((Step.TAKE, 3), (Step.REACH, 9))
ENDED = (*STEPS, (Step.END, 20))
BEGAN = now() - timedelta(minutes=40)
PERIOD = f"{BEGAN.astimezone(LONDON):%Y-%m}"
SYSTEM = "5e5510f0-0000-4000-8000-000000000076"
_SOURCES = "select source, kinds from urgent.happened where source like $1"
_MOVE = "update urgent.happened set moments[1] = moments[1] - interval '1 minute'"
_FORGE = """
insert into urgent.happened select patient, first_at, due_at, organisation, $1,
       case_key, disposition, kinds, moments from urgent.happened where source = $2
"""


class Service(NamedTuple):
    """A stack, and what writes calls into it."""

    stack: Served
    program: Program


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with served(tmp_path_factory.mktemp("mended")) as stack:
        stack.found(HOME)
        keys: Path = tmp_path_factory.mktemp("keys")
        with closing(Program(stack, keys, organisation=HOME)) as program:
            for one in queue_places():
                program.put(one)
            first, second = asyncio.run(two_who_agree(stack, HOME))
            agreed_by(stack, HOME, first, second, PERIOD)
            yield Service(stack, program)


def rings(service: Service, id_: str, *steps: tuple[Step, int]) -> None:
    """A call about somebody of that name, whom earlier calls may be about too."""
    whole = call("clinician-1h", BEGAN, *steps, id_=id_, patient=id_)
    service.program.put_together(caller(id_, f"Secret{id_}"), *whole)


@asynccontextmanager
async def database(service: Service, role: str) -> AsyncIterator[Database]:
    stack = service.stack
    made = Database(address_for(stack.settings, stack.layout, role), size=2)
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def reader(service: Service) -> AsyncIterator[CallReader]:
    """What the command goes through a month with."""
    warden = ByAgreement(service.stack.layout.operator_socket, asker="figures")
    begun = await warden.ask(BeginDataSet(HOME, "iuc", PERIOD), DataSetBegun)
    assert isinstance(begun, DataSetBegun), begun
    period = period_named(PERIOD)
    assert period is not None
    opener = Opener(
        session=begun.token, organisation=HERE, purpose=Purpose.NATIONAL_RETURN
    )
    month = Month(period.begins, period.ends)
    async with database(service, WORKER) as worker:
        yield CallReader(worker, warden, opener=opener, month=month, teams=())
    await warden.close()


async def lots(one: CallReader) -> list[Person]:
    return [person async for lot in one.people() for person in lot]


async def beside(service: Service, like: str) -> dict[str, list[str]]:
    async with (
        database(service, OWNER) as owner,
        owner.connection(HERE) as connection,
    ):
        rows = await connection.fetch(_SOURCES, like)
    return {row["source"]: row["kinds"] for row in rows}


async def forged(service: Service, sql: str, *values: object) -> None:
    """As whoever has the database, and no key."""
    async with (
        database(service, OWNER) as owner,
        owner.connection(HERE) as connection,
    ):
        status = await connection.execute(sql, *values)
    assert not status.endswith(" 0"), status


async def test_what_is_written_while_a_check_mends_keeps_what_it_told(
    service: Service,
) -> None:
    for id_ in ("old", "goes", "lies"):
        rings(service, id_, *STEPS)
    async with reader(service) as one:
        lot = await lots(one)
        # A step, an end, a call that is new, and a place in a queue that is gone
        rings(service, "old", *ENDED)
        new = call("self-care", BEGAN, id_="came", patient="old")
        service.program.put_together(*new)
        gone = service.program.ask("DELETE", "Task/goes-place")
        assert gone.status in (200, 204), gone
        # And what nobody wrote is found all the same
        await forged(service, _FORGE, "Task/nobodys", "Task/lies-place")
        await forged(service, f"{_MOVE} where source = $1", "Encounter/lies")
        held = await one.hold(lot, mends=True)
        assert held == Held(told=held.told, extra=1, other=1, mended=2)
    found = await beside(service, "%/%")
    assert {"Encounter/came", "ServiceRequest/came-request"} <= found.keys()
    assert found["Task/old-place"][-1] == "end"
    assert not {"Task/goes-place", "Task/nobodys"} & found.keys()
    async with reader(service) as one:
        after = await one.hold(await lots(one), mends=False)
    assert (after.wrong, after.told) == (0, held.told - 1 + 2)


async def test_a_resource_that_comes_where_a_row_was_forged_keeps_its_own(
    service: Service,
) -> None:
    rings(service, "first", *STEPS)
    await forged(service, _FORGE, "Task/second-place", "Task/first-place")
    async with reader(service) as one:
        lot = await lots(one)
        whole = call("clinician-1h", BEGAN, *ENDED, id_="second", patient="first")
        service.program.put_together(*whole)
        assert (await one.hold(lot, mends=True)).wrong == 0
    assert (await beside(service, "Task/second%"))["Task/second-place"][-1] == "end"


async def test_a_row_that_was_given_to_another_patient_is_found(
    service: Service,
) -> None:
    rings(service, "whose", *STEPS)
    rings(service, "thief", *STEPS)
    give = (
        "update urgent.happened set patient = (select patient from urgent.happened"
        " where source = 'Encounter/thief') where source = 'Encounter/whose'"
    )
    await forged(service, give)
    for wrong in (1, 0):
        async with reader(service) as one:
            held = await one.hold(await lots(one), mends=True)
        assert bool(held.wrong) is bool(wrong), held
        assert held.mended == held.wrong


async def test_of_a_row_of_another_month_the_record_decides(service: Service) -> None:
    """Moved into this month it is too many here; and then it is right again there."""
    id_, began = "ago", BEGAN - timedelta(days=70)
    whole = call("self-care", began, id_=id_, patient=id_)
    service.program.put_together(caller(id_, "Ago"), *whole)
    moved = "update urgent.happened set first_at = $1 where source = 'Encounter/ago'"
    await forged(service, moved, BEGAN)
    async with reader(service) as one:
        held = await one.hold(await lots(one), mends=True)
    assert (held.extra, held.wrong, held.mended) == (1, 1, 1)
    assert "Encounter/ago" in await beside(service, "Encounter/ago")
    async with reader(service) as one:
        assert (await one.hold(await lots(one), mends=True)).wrong == 0


async def test_two_who_mend_at_once_mend_each_row_once(service: Service) -> None:
    for nth in range(6):
        rings(service, f"both{nth}", *STEPS)
    for nth in range(3):
        await forged(service, f"{_MOVE} where source = $1", f"Task/both{nth}-place")
        nobodys = (f"Task/nobodys{nth}", f"Task/both{nth + 3}-place")
        await forged(service, _FORGE, *nobodys)
    async with reader(service) as one, reader(service) as other:
        lot, same = await lots(one), await lots(other)
        found = await asyncio.gather(
            one.hold(lot, mends=True), other.hold(same, mends=True)
        )
        whole = found[0] + found[1]
        assert (whole.other, whole.extra, whole.mended) == (3, 3, 6)
        assert (await one.hold(lot, mends=False)).wrong == 0


def told(call_: str, *names: str) -> list[Event]:
    """Of a call as a telephone system tells it, those events."""
    whole = telephone_rings(call_, BEGAN, answered=20, over=90)
    found = [
        read_event(Sent(**one), system=SYSTEM, now=now())
        for one in whole
        if one["event"] in names
    ]
    return [one for one in found if isinstance(one, Event)]


async def test_an_event_that_comes_while_calls_are_made_anew_is_in_its_call(
    service: Service,
) -> None:
    names = ("x", "y", "z")
    first, middle, last = sorted(names, key=lambda one: told(one, "Offered")[0].call)
    ids = {one: told(one, "Offered")[0].call for one in names}
    spans = (BEGAN - timedelta(hours=1), BEGAN + timedelta(hours=1))
    async with (
        database(service, WEB) as web,
        database(service, WORKER) as worker,
        database(service, OWNER) as owner,
    ):
        rows, events = TelephoneRows(worker), TelephoneEvents(web)

        async def take(*some: Event) -> None:
            taken = await events.take(
                HERE, SYSTEM, some, now=now(), clock_off=timedelta()
            )
            assert isinstance(taken, Taken)
            assert taken.new == len(some)

        await take(*(one for name in names for one in told(name, "Offered", "Queued")))
        lies = "update telephone.call set queued_at = null where call = $1"
        await forged(service, lies, ids[middle])
        async with owner.transaction(HERE) as connection:
            # Whoever mends has read what the events say, and waits to write it
            await connection.execute(
                "select 1 from telephone.call where call = any($1) for update",
                [ids[first], ids[last]],
            )
            mends = asyncio.create_task(rows.held(HERE, *spans, mends=True))
            await asyncio.sleep(0.5)
            comes = asyncio.create_task(take(*told(middle, "Established")))
            await asyncio.sleep(0.5)
        held: Any = await mends
        await comes
        assert (held.unlike, held.mended) == (1, 1)
        held = await rows.held(HERE, *spans, mends=False)
        assert (held.calls, held.answered, held.unlike) == (3, 1, 0)
