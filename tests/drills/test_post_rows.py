# SPDX-License-Identifier: Apache-2.0
"""Once a journey, on a real database: whatever the order of ends and re-openings."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings, strategies as st

from support.clinics import Town, clinic_town
from support.journeys import ANN, PUDDLE, TESS, case, patient
from support.warden import Installation
from wardkeep.assembly.database import OWNER, WORKER, address_for
from wardkeep.base.clock import FrozenClock
from wardkeep.base.ids import new_uuid
from wardkeep.care.writing import drafted_anew
from wardkeep.db.connection import Connection, Database, connect
from wardkeep.fhir.bars.beginning import begins
from wardkeep.fhir.bars.directory import Directory
from wardkeep.fhir.post.document import Sender
from wardkeep.fhir.post.journey import Silence, journey_of
from wardkeep.fhir.post.never_send import is_never_sent
from wardkeep.fhir.post.rows import WAITS, PostRows, hold
from wardkeep.fhir.post.telling import By, Ground, telling
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import AlreadyThere, Opener, Written
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.urgent.outcome import outcome_in
from wardkeep.fhir.urgent.queueing import queued

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
TOLD, SILENT, WHO = "own-surgery-24h", "pharmacy", "quill"
Json = dict[str, Any]
ACTS = ("end", "end-silently", "reopen", "wait", "work", "hold", "send")


class Place(NamedTuple):
    """A town with one patient, whom a clinician has, and the worker's database."""

    town: Town
    clinician: Opener
    worker: Database


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(installation: Installation) -> AsyncIterator[Place]:
    async with clinic_town(installation, clock=FrozenClock(NOW)) as town:
        await town.load([patient(WHO)])
        who = await town.works("urgent_care_clinician")
        await town.warden.relate(who.by.account, WHO)
        address = address_for(installation.settings, installation.layout, WORKER)
        worker = Database(address, size=1)
        yield Place(town, who.opener, worker)
        await worker.close()


class Scene:
    """One journey, and whoever acts on it at a clock of its own."""

    def __init__(self, place: Place) -> None:
        self.town, self.clinician, self.worker = place
        self.case = f"c{new_uuid()[:8]}"
        self.now = NOW
        self.requests: list[Json] = []
        self.sent: list[str] = []
        """What each document that began to go said that it came to."""
        self.codes: dict[str, str] = {}

    def encounter(self, code: str = TOLD, *, is_over: bool = True) -> Json:
        return {**case(WHO, code, is_over=is_over), "id": self.case}

    async def post(self) -> Any:
        return await PostRows(self.town.database).of_case(
            self.town.organisation, self.case
        )

    async def begin(self) -> None:
        await self.writes([self.encounter(is_over=False)])

    async def writes(self, contents: Sequence[Json], beside: Any = ()) -> object:
        change = Change(
            drafts=[drafted_anew(one) for one in contents],
            expected=[None for _ in contents],
            beside=beside,
        )
        written = await self.town.writer.write(change, opener=self.clinician)
        assert isinstance(written, (Written, AlreadyThere)), written
        return written

    async def ends(self, code: str) -> object:
        last = queued(self.case, WHO, DISPOSITIONS[code], given=self.now, author=TESS)
        self.requests.append(last[0])
        return await self.tells([self.encounter(code), last[0]], code)

    async def tells(
        self, contents: Sequence[Json], code: str, *, at_once: bool = False
    ) -> object:
        journey = journey_of(
            self.case, [patient(WHO), *self.requests], changed=contents
        )
        assert journey is not None
        found = Ground(
            journey=journey, surgery=PUDDLE, services=(), post=await self.post()
        )
        by = By(
            organisation=self.town.organisation,
            author=ANN,
            sender=Sender(name="Fernhill"),
            now=self.now,
        )
        made = telling(found, by, at_once=at_once)
        for one in made.contents:
            self.codes[str(one["id"])] = code
        return await self.writes([*contents, *made.contents], made.beside)

    async def works(self) -> None:
        """The worker looks, as its jobs have it do."""
        post = await self.post()
        if post is None or not post.is_standing or post.begun_at:
            return
        async with self.worker.transaction(self.town.organisation) as connection:
            goes = await begins(
                connection, self.town.organisation, post.message, self.now
            )
        if goes:
            self.sent.append(self.codes[post.communication])

    async def acts(self, act: str) -> None:
        post = await self.post()
        if act == "end":
            await self.ends(TOLD)
        elif act == "end-silently":
            await self.ends(SILENT)
        elif act == "reopen":
            await self.writes([self.encounter(is_over=False)])
        elif act == "wait":
            self.now += WAITS
        elif act == "hold" and post is not None:
            held = hold(self.town.organisation, post.message, now=self.now)
            await self.writes([patient(WHO)], [held])
        elif act == "send" and post is not None and self.requests:
            code = outcome_in(self.requests[-1])
            assert code is not None
            if not post.is_standing or post.held_at:
                await self.tells([self.encounter(code.code)], code.code, at_once=True)
        self.now += timedelta(seconds=1)
        await self.works()


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=9))
async def test_at_most_one_a_journey_and_never_one_of_the_list(
    place: Place, acts: list[str]
) -> None:
    scene = Scene(place)
    await scene.begin()
    for act in acts:
        await scene.acts(act)
    await scene.acts("wait")
    post = await scene.post()
    assert len(scene.sent) <= 1, acts
    if "end" in acts and not set(acts) & {"end-silently", "reopen", "hold"}:
        assert scene.sent == [TOLD], (acts, post)
    for code in scene.sent:
        coding = [{"system": "urn:wardkeep:disposition", "code": code}]
        assert not is_never_sent({"code": {"coding": coding}}), acts


async def test_an_end_goes_after_a_quarter_of_an_hour_and_not_before(
    place: Place,
) -> None:
    scene = Scene(place)
    await scene.begin()
    assert isinstance(await scene.ends(TOLD), Written)
    scene.now += WAITS - timedelta(seconds=1)
    await scene.works()
    assert scene.sent == []
    scene.now += timedelta(seconds=1)
    await scene.works()
    assert scene.sent == [TOLD]
    post = await scene.post()
    assert post.state == "sending"
    # What goes cannot be held back any more.
    held = hold(scene.town.organisation, post.message, now=scene.now)
    refused = await scene.writes([patient(WHO)], [held])
    assert isinstance(refused, AlreadyThere)


async def test_a_journey_that_goes_on_drops_it_and_its_next_end_makes_another(
    place: Place,
) -> None:
    scene = Scene(place)
    await scene.begin()
    await scene.ends(TOLD)
    await scene.acts("reopen")
    scene.now += WAITS
    await scene.works()
    post = await scene.post()
    assert (post.state, post.silence, scene.sent) == (
        "dropped",
        Silence.GOES_ON,
        [],
    )
    await scene.ends(TOLD)
    scene.now += WAITS
    await scene.works()
    assert scene.sent == [TOLD]


async def test_where_the_service_that_took_it_over_tells_nothing_goes_from_here(
    place: Place, owner_connection: Connection
) -> None:
    scene = Scene(place)
    await scene.begin()
    await scene.ends(TOLD)
    about = scene.requests[-1]["id"]
    await referred(owner_connection, scene, about, "ooh", tells=True)
    scene.now += WAITS
    await scene.works()
    post = await scene.post()
    assert (post.silence, scene.sent) == (Silence.THEIR_OWN, [])

    other = Scene(place)
    await other.begin()
    await other.ends(TOLD)
    await referred(owner_connection, other, other.requests[-1]["id"], "ed", tells=False)
    other.now += WAITS
    await other.works()
    assert other.sent == [TOLD]


async def test_a_referral_that_was_taken_back_silences_nobody(
    place: Place, owner_connection: Connection
) -> None:
    scene = Scene(place)
    await scene.begin()
    await scene.ends(TOLD)
    about = scene.requests[-1]["id"]
    sent = await referred(owner_connection, scene, about, "back", tells=True)
    await owner_connection.execute(
        "insert into bars.outgoing (patient, made_at, organisation, message, request,"
        " communication, about, partner, sort, follows)"
        " select patient, now(), organisation, $2, $2, $2, about, partner,"
        " 'withdrawal', message from bars.outgoing"
        "  where organisation = $1 and message = $3",
        *(int(scene.town.organisation), new_uuid(), sent),
    )
    scene.now += WAITS
    await scene.works()
    assert scene.sent == [TOLD]


async def test_a_surgery_is_no_service_that_a_case_is_sent_to(
    place: Place, owner_connection: Connection
) -> None:
    scene = Scene(place)
    await scene.begin()
    await scene.ends(TOLD)
    about = scene.requests[-1]["id"]
    for service in ("eye", "puddle"):
        await referred(owner_connection, scene, about, service, tells=False)
    await owner_connection.execute(
        "update bars.partner set kind = 'surgery' where service = 'puddle'"
    )
    found = await Directory(place.town.database).all(place.town.organisation)
    offered = {one.service for one in found}
    assert "eye" in offered
    assert "puddle" not in offered


@pytest_asyncio.fixture(loop_scope="module")
async def owner_connection(place: Place) -> AsyncIterator[Connection]:
    made = place.town.warden.installation
    connection = await connect(address_for(made.settings, made.layout, OWNER))
    yield connection
    await connection.close()


async def referred(
    owner: Connection, scene: Scene, about: str, service: str, *, tells: bool
) -> str:
    """The message by which it was sent there."""
    organisation, message = int(scene.town.organisation), new_uuid()
    await owner.execute(
        "select set_config('wardkeep.organisation', $1, false)", str(organisation)
    )
    await owner.execute(
        "insert into bars.partner (changed_at, organisation, service, system, name,"
        " endpoint, token_url, client, account, tells_surgery)"
        " values (now(), $1, $2, 's', 'Night', 'e', 't', 'c', 'a', $3)",
        *(organisation, service, tells),
    )
    await owner.execute(
        "insert into bars.outgoing (patient, made_at, organisation, message, request,"
        " communication, about, partner) select p.number, now(), $1, $2, $2, $2, $3, $4"
        "   from record.patient as p where p.organisation = $1 and p.id = $5",
        *(organisation, message, about, service, WHO),
    )
    return message


async def test_a_case_that_other_software_closed_is_on_the_list(place: Place) -> None:
    scene = Scene(place)
    await scene.begin()
    town = place.town
    rows = PostRows(town.database)
    await scene.writes([scene.encounter()])
    untold = await rows.untold(town.organisation, now=NOW)
    assert scene.case in [one.case for one in untold]
    await scene.ends(SILENT)
    untold = await rows.untold(town.organisation, now=NOW)
    assert scene.case not in [one.case for one in untold]
    assert scene.case not in [one.case for one in await rows.unsent(town.organisation)]
