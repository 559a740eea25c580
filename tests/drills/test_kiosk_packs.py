# SPDX-License-Identifier: Apache-2.0
"""A kiosk that goes on without us: what its pack gives to whom, and what comes back."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import cast
from uuid import UUID

import msgspec
import pytest

from drills.test_check_in import (
    BORN,
    Kiosk,
    appointment,
    colleague,
    fill,
    kiosk,
    patient,
)
from drills.test_kiosks import code_of
from support.arrivals import today_at
from support.kiosk_packs import (
    Held,
    Reader,
    ask_pack,
    house_of,
    signed,
    take_pack,
    voucher_in,
)
from support.program import Program
from support.served import Served, Visitor, served
from support.warden import RunningWarden
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.crypto.aead import BoxCannotBeOpenedError, new_key
from wardkeep.crypto.guessable import stretched
from wardkeep.db.connection import Database
from wardkeep.disclosure.check_in import AskTicket, CheckInAnswer, TicketView
from wardkeep.disclosure.kiosk_packs import (
    AskKioskPack,
    Content,
    KioskPack,
    MergeCapture,
    box_identity,
    fact_of,
)
from wardkeep.disclosure.questions import OpenSharedKey
from wardkeep.fhir.arrivals.captures import Became, Captures, Claim
from wardkeep.identity import known_facts
from wardkeep.identity.arrivals import terms_of
from wardkeep.warden.service.kiosk_packs import (
    ENTRY_BYTES,
    FILLED_UP_TO,
    MOST_USES,
    PACKS_AN_HOUR,
    SEALED,
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("kiosk-packs")) as running:
        for slug in ("fernhill", "hollow"):
            running.found(slug)
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="fernhill")) as program:
            fill(program)
        yield running


@pytest.fixture
async def warden(installed: Served) -> AsyncIterator[RunningWarden]:
    running = RunningWarden(installed, None)  # type: ignore[arg-type]
    yield running
    await running.door.close()
    await running.operator.close()


@pytest.fixture
async def mine(warden: RunningWarden) -> Kiosk:
    return await kiosk(warden)


@pytest.fixture
async def held(mine: Kiosk) -> Held:
    return await take_pack(mine)


async def merged(mine: Kiosk, voucher: bytes) -> CheckInAnswer:
    answer = await mine.warden.door.ask(
        MergeCapture(mine.token, voucher), CheckInAnswer
    )
    assert isinstance(answer, CheckInAnswer), answer
    return answer


def test_every_birth_date_and_beginning_that_can_be_typed_is_known_again() -> None:
    terms = dict(known_facts._letters("family"))
    for family in ("app", "ng", "o"):
        assert terms[family] == terms_of(date(1950, 2, 3), family)[1]
    born = dict(known_facts._born_until(date(2026, 11, 28)))
    assert born["1950-02-03"] == terms_of(date(1950, 2, 3), "app")[0]
    assert min(born) < "1912"


async def test_two_facts_open_ones_own_entry_and_no_name_stands_in_it(
    held: Held,
) -> None:
    content = held.opened(BORN, "app")
    assert content is not None
    [stop] = content.stops
    assert held.pack.places[stop.place] == "clinic-3"
    assert stop.standing == "booked"
    plain = msgspec.json.encode(content).lower()
    for word in (b"anna", b"appleyard", b"1950", b"of-anna", b"clinic"):
        assert word not in plain
        assert word not in base64.b64decode(stop.voucher).lower()
    # A surname of two letters is asked for whole.
    assert held.opened(BORN, "ng") is not None


async def test_twins_are_asked_for_one_more_fact_without_us_too(held: Held) -> None:
    assert held.opened("1992-04-17", "bra") == Content(needs_more=True)
    otto = held.opened("1992-04-17", "bra", "ott")
    assert otto is not None
    assert len(otto.stops) == 1
    # His brother has no appointment, and a stranger is nobody.
    assert held.opened("1992-04-17", "bra", "ivo") is None
    assert held.opened("1961-05-06", "app") is None
    assert held.opened(BORN, "zzz") is None


async def test_all_that_is_stored_on_a_kiosk_opens_no_entry_by_the_right_facts(
    held: Held,
) -> None:
    """What opens the pack is in memory: the disk has 256 bits to guess, not 24."""
    assert held.opened(BORN, "app", secret=new_key()) is None
    sizes = {len(one) for one in held.pack.entries}
    assert sizes == {16 + 12 + ENTRY_BYTES + 16}
    assert len(held.pack.entries) % FILLED_UP_TO == 0
    stored = b"".join(held.pack.entries).lower()
    for word in (b"appleyard", b"anna", b"1950-02-03", b"clinic"):
        assert word not in stored


async def test_what_opens_a_pack_passes_the_web_process_sealed(mine: Kiosk) -> None:
    reader, other = Reader(), Reader()
    pack = await ask_pack(mine, reader)
    assert isinstance(pack, KioskPack)
    identity = box_identity(house_of(mine), pack.id)
    assert len(reader.opens(pack.box, identity)) == 32
    with pytest.raises(BoxCannotBeOpenedError):
        other.opens(pack.box, identity)


async def test_a_stolen_token_gets_no_pack_for_another_key(mine: Kiosk) -> None:
    """What passes the web process is a token and a signature for one key."""
    reader, other = Reader(), Reader()
    mine_for = signed(mine, reader.point)
    asked = AskKioskPack(mine.token, other.point, mine_for)
    answer = await mine.warden.door.ask(asked, KioskPack)
    assert code_of(answer) == "not-its-key"
    sign_in = signed(mine, other.point, aud="http://localhost/oauth/token")
    for assertion in (sign_in, "", "x.y.z"):
        asked = AskKioskPack(mine.token, other.point, assertion)
        answer = await mine.warden.door.ask(asked, KioskPack)
        assert code_of(answer) == "not-its-key"
    bad = AskKioskPack(mine.token, b"\x04" * 65, mine_for)
    assert code_of(await mine.warden.door.ask(bad, KioskPack)) == "not-its-key"


async def test_a_kiosk_signs_for_itself_alone(
    mine: Kiosk, warden: RunningWarden
) -> None:
    other = await kiosk(warden)
    reader = Reader()
    asked = AskKioskPack(mine.token, reader.point, signed(other, reader.point))
    answer = await warden.door.ask(asked, KioskPack)
    assert code_of(answer) == "not-its-key"


async def test_a_person_gets_no_pack_and_merges_nothing(
    mine: Kiosk, warden: RunningWarden
) -> None:
    desk = await colleague(warden, "receptionist", name="Rae")
    reader = Reader()
    asked = AskKioskPack(desk.token, reader.point, signed(mine, reader.point))
    assert code_of(await warden.door.ask(asked, KioskPack)) == "not-your-work"
    asked_to_merge = MergeCapture(desk.token, b"x" * 80)
    answer = await warden.door.ask(asked_to_merge, CheckInAnswer)
    assert code_of(answer) == "not-your-work"


async def test_a_kiosk_of_no_clinic_or_another_house_has_an_empty_pack(
    warden: RunningWarden,
) -> None:
    for team, home in (("", "fernhill"), ("Clinics", "hollow")):
        one = await kiosk(warden, team=team, organisation=home)
        empty = await take_pack(one)
        assert empty.pack.entries == ()
        assert empty.opened(BORN, "app") is None


async def test_a_kiosk_that_is_never_seen_again_had_all_of_its_pack(
    mine: Kiosk, installed: Served
) -> None:
    """Each of them is in the ledger, once a day however often the pack is made."""
    for _ in range(3):
        await take_pack(mine)
    told = installed.command("scope", "--account", mine.client_id, "--json")
    found = json.loads(told)
    assert found["entries_matching"] >= 1
    people = {one["patient"]: one for one in found["people"]}
    assert sorted(people) == ["anna", "lucja", "ng", "otto", "soren"]
    assert {len(one["entries"]) for one in people.values()} == {1}
    assert people["anna"]["reasons"] == [SEALED]
    assert [one["id"] for one in people["anna"]["resources"]] == ["of-anna"]


async def test_packs_are_not_asked_for_by_the_thousand(mine: Kiosk) -> None:
    answers = [await ask_pack(mine, Reader()) for _ in range(PACKS_AN_HOUR + 1)]
    assert code_of(answers[-1]) == "too-often"
    assert all(isinstance(one, KioskPack) for one in answers[:-1])


# What comes back ----------------------------------------------------------------------


async def test_what_an_entry_held_gives_a_ticket_for_its_own_person(
    mine: Kiosk, held: Held, warden: RunningWarden
) -> None:
    answer = await merged(mine, voucher_in(held.opened(BORN, "app")))
    view = await warden.door.ask(AskTicket(answer.ticket), TicketView)
    assert isinstance(view, TicketView)
    assert (view.patient, view.appointment) == ("anna", "of-anna")


async def test_what_is_forged_or_another_kiosks_gives_nothing(
    mine: Kiosk, held: Held, warden: RunningWarden
) -> None:
    voucher = voucher_in(held.opened(BORN, "app"))
    changed = bytes([voucher[0] ^ 1]) + voucher[1:]
    for forged in (b"", b"of-anna", changed, voucher[:-1], held.pack.entries[0]):
        assert await merged(mine, forged) == CheckInAnswer("go-to-the-desk")
    other = await kiosk(warden)
    assert await merged(other, voucher) == CheckInAnswer("go-to-the-desk")
    elsewhere = await kiosk(warden, organisation="hollow")
    assert await merged(elsewhere, voucher) == CheckInAnswer("go-to-the-desk")


async def test_what_is_sent_again_and_again_is_worth_nothing_soon(
    mine: Kiosk, held: Held
) -> None:
    voucher = voucher_in(held.opened(BORN, "app"))
    outcomes = [(await merged(mine, voucher)).outcome for _ in range(MOST_USES + 2)]
    assert outcomes == ["go-on"] * MOST_USES + ["go-to-the-desk"] * 2


def brought(voucher: bytes, **changed: object) -> dict[str, object]:
    """A capture as a device sends it."""
    return {
        "id": new_uuid(),
        "voucher": base64.b64encode(voucher).decode(),
        "claimed_at": time.time() - 600,
        "shown_as": "number",
        **changed,
    }


def bring(
    installed: Served, token: str, captures: Sequence[dict[str, object]]
) -> tuple[int, dict[str, str]]:
    """Send captures as a kiosk does; the status, and what became of each."""
    visitor = Visitor(installed.port, "")
    sent = json.dumps({"captures": captures}).encode()
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
    }
    with closing(visitor):
        status, told = visitor.ask("POST", "/kiosk/merge", sent, headers=headers)
    return status, json.loads(told).get("became", {})


async def rows_of(installed: Served, mine: Kiosk, table: str) -> int:
    database = Database(address_for(installed.settings, installed.layout, WEB), size=1)
    try:
        async with database.connection(OrganisationId(house_of(mine))) as connection:
            found: int = await connection.fetch_value(
                f"select count(*) from clinic.{table} where appointment = 'of-ng'"  # noqa: S608 - the test's own words
            )
    finally:
        await database.close()
    return found


async def keep_capture(
    installed: Served, mine: Kiosk, *, whose: str, appointment: str
) -> None:
    """As the page of kiosks notes what it cannot place."""
    database = Database(address_for(installed.settings, installed.layout, WEB), size=1)
    now = SystemClock().now()
    claim = Claim(
        id=UUID(new_uuid()),
        kiosk=UUID(mine.client_id),
        kiosk_name="Main entrance",
        appointment=appointment,
        patient=whose,
        claimed_at=now,
    )
    try:
        organisation = OrganisationId(house_of(mine))
        captures = Captures(database)
        assert await captures.keep(organisation, claim, Became.NOT_ON, at=now)
    finally:
        await database.close()


async def test_five_at_once_bring_one_capture_back_and_it_is_done_once(
    mine: Kiosk, held: Held, installed: Served
) -> None:
    one = brought(voucher_in(held.opened(BORN, "ng")))
    answers = await asyncio.gather(
        *[asyncio.to_thread(bring, installed, mine.token, [one]) for _ in range(5)]
    )
    assert [status for status, _ in answers] == [200] * 5
    told = {became[str(one["id"])] for _, became in answers}
    assert told <= {"checked-in", "already-in"}
    assert await rows_of(installed, mine, "entry") == 1
    assert await rows_of(installed, mine, "capture") == 1
    # And a newer pack says that they are in; what comes by its voucher changes nothing.
    again = (await take_pack(mine)).opened(BORN, "ng")
    assert again is not None
    assert [stop.standing for stop in again.stops] == ["in"]
    other = brought(voucher_in(again), claimed_at=1e300)
    _, became = await asyncio.to_thread(bring, installed, mine.token, [other])
    assert became == {other["id"]: "already-in"}
    # An id that was used belongs to its appointment.
    anna = voucher_in(held.opened(BORN, "app"))
    stolen = brought(anna, id=one["id"])
    _, became = await asyncio.to_thread(bring, installed, mine.token, [stolen])
    assert became == {one["id"]: "refused"}
    assert await rows_of(installed, mine, "entry") == 1


async def test_what_is_forged_checks_nobody_in(
    mine: Kiosk, held: Held, installed: Served
) -> None:
    for forged in (b"of-otto", b"", held.pack.entries[0][:200], b"x" * 5000):
        one = brought(forged)
        _, became = await asyncio.to_thread(bring, installed, mine.token, [one])
        assert became == {one["id"]: "refused"}
    status, became = await asyncio.to_thread(bring, installed, "1.x", [brought(b"x")])
    assert (status, became) == (403, {})


async def test_an_appointment_of_two_goes_to_a_desk_and_holds_up_nobody(
    mine: Kiosk, installed: Served, tmp_path: Path
) -> None:
    """A ticket for the child does not reach what is the parent's too."""
    with closing(Program(installed, tmp_path, organisation="fernhill")) as program:
        program.put(patient("mia", "Maplewood", "Mia", "2020-02-03"))
        both = appointment("mia", today_at(20), "clinic-3")
        parent = {"actor": {"reference": "Patient/anna"}, "status": "accepted"}
        both["participant"] = [*cast("list[object]", both["participant"]), parent]
        program.put(both)
        program.put(patient("pia", "Plumtree", "Pia", "1971-08-09"))
        hers = appointment("pia", today_at(20), "clinic-3")
        program.put(hers)
        held = await take_pack(mine)
        of_two = brought(voucher_in(held.opened("2020-02-03", "map")))
        behind = brought(voucher_in(held.opened("1971-08-09", "plu")))
        sent = [of_two, behind]
        _, became = await asyncio.to_thread(bring, installed, mine.token, sent)
        for one in (both, hers):
            program.put({**one, "status": "entered-in-error"})
    assert became[str(of_two["id"])] == "not-on"
    assert became[str(behind["id"])] == "checked-in"


async def test_whose_appointment_was_deleted_stands_on_the_desks_page(
    mine: Kiosk, installed: Served, tmp_path: Path
) -> None:
    with closing(Program(installed, tmp_path, organisation="fernhill")) as program:
        program.put(patient("fay", "Fernley", "Fay", "1971-08-09"))
        program.put(appointment("fay", today_at(20), "clinic-3"))
        held = await take_pack(mine)
        assert program.ask("DELETE", "Appointment/of-fay").status < 300
    one = brought(voucher_in(held.opened("1971-08-09", "fer")))
    _, became = await asyncio.to_thread(bring, installed, mine.token, [one])
    assert became == {one["id"]: "not-on"}
    await keep_capture(installed, mine, whose="fay", appointment="destroyed")
    rae = await colleague(mine.warden, "receptionist", name="Rae")
    with closing(Visitor(installed.port, rae.token)) as visitor:
        page = await asyncio.to_thread(visitor.get, "/check-in/desk")
    assert page.count(b"FERNLEY") >= 2
    # One whose appointment left a line in the book, and one whose line is gone.
    assert b"The appointment was cancelled meanwhile" in page
    assert b"not in the book any more" in page


async def test_a_kiosk_opens_the_places_key_and_makes_none(mine: Kiosk) -> None:
    answer = await mine.warden.door.ask_any(OpenSharedKey(mine.token, b""))
    assert code_of(answer) == "not-signed-in"


def test_to_guess_one_persons_facts_takes_what_the_record_says() -> None:
    """The delay behind the wall: the number that the decision names is the code's."""
    first = stretched(fact_of(BORN, "app", ""), b"salt" * 4)
    assert first == stretched(fact_of(BORN, "app", ""), b"salt" * 4)
    assert first != stretched(fact_of(BORN, "apq", ""), b"salt" * 4)
    assert first != stretched(fact_of(BORN, "app", ""), b"slat" * 4)
