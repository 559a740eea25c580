# SPDX-License-Identifier: Apache-2.0
"""What stands beside the record of an answer, and what follows: on a real database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast

import pytest
import pytest_asyncio

from support.clinics import Town, clinic_town
from support.partners import FERNHILL, NORTH, SERVICE, person
from support.urgent import whole_call
from support.warden import Installation
from wardkeep.assembly.database import OWNER, WORKER, address_for
from wardkeep.base.clock import FrozenClock
from wardkeep.db.connection import Connection, Database, connect
from wardkeep.fhir.bars.attention import Watching
from wardkeep.fhir.bars.building import Content, referral_message
from wardkeep.fhir.bars.outgoing import Outbox, Sort, Standing, queued
from wardkeep.fhir.bars.questions import MOST_A_MINUTE, Kind, Questions
from wardkeep.fhir.bars.rows import ANSWERED, Answer, Arrivals, Sender, answered
from wardkeep.fhir.bars.sending import Sending
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import Opener, Written
from wardkeep.jobs.job import Job

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
ACCOUNT = "00000000-0000-4000-8000-000000000077"
Json = dict[str, Any]
CASE = {
    "resourceType": "Encounter",
    "status": "in-progress",
    "class": {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        "code": "VR",
    },
}
_PARTNER = """
insert into bars.partner (changed_at, organisation, service, system, name, endpoint,
                          token_url, client, account, validates, books)
values ($1, $2, $3, 's', 'Fernhill', 'https://x', 'https://x', 'c', $4, true, true)
"""


class Place(NamedTuple):
    town: Town
    clinician: Opener
    worker: Database
    account: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(installation: Installation) -> AsyncIterator[Place]:
    async with clinic_town(installation, clock=FrozenClock(NOW)) as town:
        who = await town.works("urgent_care_clinician")
        owner = await connect(
            address_for(installation.settings, installation.layout, OWNER)
        )
        await owner.serve(town.organisation)
        values = (NOW, town.organisation, SERVICE, ACCOUNT)
        await owner.execute(_PARTNER, *values)
        await owner.close()
        address = address_for(installation.settings, installation.layout, WORKER)
        worker = Database(address, size=1)
        yield Place(town, who.opener, worker, who.by.account)
        await worker.close()


async def asked(place: Place, id_: str, code: str = "ambulance-3-validate") -> str:
    """A request to look again, that went; the message's id."""
    town = place.town
    await town.load(whole_call(id_, code, given=NOW))
    await town.warden.relate(place.account, id_)
    content = Content(
        request={"resourceType": "ServiceRequest", "status": "active"},
        patient=person(),
        encounter=CASE,
        summary="Fell, and cannot get up.",
    )
    bundle = referral_message(
        content, sender=NORTH, receiver=FERNHILL, is_validation=True, now=NOW
    )
    wanted = queued(
        bundle,
        organisation=town.organisation,
        patient=id_,
        about=f"{id_}-outcome",
        partner=SERVICE,
        author=Person("", "Ann Advice"),
        now=NOW,
        answer_by=NOW + timedelta(minutes=30),
        kind=Sort.VALIDATION,
    )
    change = Change(drafts=[wanted.draft], expected=[0], beside=wanted.beside)
    written = await town.writer.write(change, opener=place.clinician)
    assert isinstance(written, Written), written
    return wanted.message


async def says(
    place: Place, id_: str, message: str, said: Answer, *, by: str
) -> Standing:
    """An answer as it is taken in, and what the worker does of it."""
    town = place.town
    sender = Sender(town.organisation, ACCOUNT)
    assert await Arrivals(town.database).asked(sender, message) is not None
    async with town.database.transaction(town.organisation) as connection:
        for one in answered(sender, message, said, by=by, now=NOW):
            status = await connection.execute(one.sql, *one.values)
            assert not status.endswith(" 0"), one.sql
    await works(place, message)
    [found] = await Outbox(town.database).standing(town.organisation, f"{id_}-outcome")
    return found


async def works(place: Place, message: str) -> None:
    sending = Sending(
        place.worker,
        cast("Any", None),
        keys=cast("Any", None),
        ask=cast("Any", None),
        clock=FrozenClock(NOW),
    )
    organisation = place.town.organisation
    job = Job(
        number=1,
        kind=ANSWERED,
        organisation=organisation,
        argument=message,
        attempts=1,
    )
    async with place.worker.transaction(organisation) as connection:
        await sending.act_on_answer(job, connection)


async def ambulance(place: Place, id_: str) -> str | None:
    """Its category."""

    async def read(connection: Connection) -> str | None:
        sql = "select category from urgent.dispatch where entry = $1"
        found: str | None = await connection.fetch_value(sql, f"{id_}-entry")
        return found

    async with place.town.database.connection(place.town.organisation) as own:
        return await read(own)


def full(outcome: str, category: str = "") -> Answer:
    return Answer(is_interim=False, plan="", outcome=outcome, category=category)


def so_far(outcome: str, why: str = "") -> Answer:
    return Answer(is_interim=True, plan="", outcome=outcome, why=why)


async def test_each_answer_stands_and_is_done(place: Place) -> None:
    for id_, said, state, sent_for in (
        ("up", full("up", "C2"), "answered", "C2"),
        ("same", full("unchanged", "C3"), "answered", "C3"),
        ("less", full("down", "C4"), "answered", "C4"),
        ("none", full("down"), "answered", None),
        ("heard", full("hear-and-treat"), "answered", None),
        ("going", so_far("in-progress"), "waiting", None),
        ("no", so_far("rejected", "failed-contact"), "unanswered", "C3"),
        ("words", full(""), "waiting", None),
    ):
        message = await asked(place, id_)
        found = await says(place, id_, message, said, by=f"a-{id_}")
        assert (found.state, found.outcome) == (state, said.outcome), id_
        assert found.answer == ("interim" if said.is_interim else "full")
        assert found.wants_reading
        assert await ambulance(place, id_) == sent_for, id_
        # Done twice, by a worker that was killed in between, it is done once
        await works(place, message)
        assert await ambulance(place, id_) == sent_for
    watch = await Watching(place.town.database).now(place.town.organisation, NOW)
    by_entry = {one.entry: one for one in watch.listed}
    assert by_entry["no-entry"].why == "failed-contact"
    assert by_entry["up-entry"].ambulance == "C2"
    assert watch.is_pressing


async def test_what_was_said_in_full_is_not_taken_back_by_less(place: Place) -> None:
    message = await asked(place, "order")
    await says(place, "order", message, full("hear-and-treat"), by="one")
    found = await says(place, "order", message, so_far("rejected"), by="two")
    assert (found.state, found.outcome) == ("answered", "hear-and-treat")
    assert await ambulance(place, "order") is None
    worse = await says(place, "order", message, full("up", "C1"), by="three")
    assert (worse.outcome, worse.category) == ("up", "C1")
    assert await ambulance(place, "order") == "C1"


async def test_one_that_has_not_gone_yet_is_raised_and_never_lowered(
    place: Place,
) -> None:
    message = await asked(place, "raised")
    await says(place, "raised", message, full("unchanged", "C3"), by="r1")
    await says(place, "raised", message, full("up", "C2"), by="r2")
    assert await ambulance(place, "raised") == "C2"
    await says(place, "raised", message, full("down", "C4"), by="r3")
    assert await ambulance(place, "raised") == "C2"


async def test_nobody_but_the_partner_who_was_asked_answers(place: Place) -> None:
    message = await asked(place, "forged")
    other = Sender(place.town.organisation, "00000000-0000-4000-8000-000000000078")
    assert await Arrivals(place.town.database).asked(other, message) is None


async def test_a_stolen_account_that_asks_for_ever_silences_no_colleague(
    place: Place,
) -> None:
    """Nobody fetches here: whoever waits is told that it is slow."""
    questions = Questions(place.town.database, clock=FrozenClock(NOW))
    organisation = place.town.organisation

    async def ask(asker: str) -> str:
        told = await questions.ask(
            organisation, SERVICE, Kind.TIMES, asker=asker, wait_seconds=0.01
        )
        return told.failure

    assert {await ask("thief") for _ in range(MOST_A_MINUTE)} == {"slow"}
    assert await ask("thief") == "asked too often"
    assert await ask("colleague") == "slow"
