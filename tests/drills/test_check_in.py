# SPDX-License-Identifier: Apache-2.0
"""A stolen kiosk, a stolen link, a ticket in wrong hands: what each of them gets."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import msgspec
import pytest

from drills.test_kiosks import Device, code_of, device, paired
from drills.test_sign_in_paths import QUESTIONS, WITH_SESSION
from support.acts import Colleague
from support.arrivals import today_at
from support.authenticator import SoftwareAuthenticator
from support.owner import until_waited_for
from support.plausible import plausible
from support.program import Program
from support.served import Served, Visitor, served
from support.warden import RunningWarden
from wardkeep.assembly.database import OWNER, WEB, address_for
from wardkeep.base.clock import SystemClock, microseconds_since_epoch
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database, connect
from wardkeep.disclosure.answers import Created, Done, Refusal, SignedIn
from wardkeep.disclosure.check_in import (
    AskByLink,
    AskCheckIn,
    AskTicket,
    CheckInAnswer,
    EndTicket,
    NewCheckInLink,
    TicketView,
)
from wardkeep.disclosure.people import ListTeams, Teams
from wardkeep.disclosure.purpose import Purpose
from wardkeep.disclosure.questions import ClientSignIn, SetWork
from wardkeep.fhir.clinics.directions import Directions, with_directions
from wardkeep.fhir.clinics.places import Places
from wardkeep.fhir.search.days import day_term
from wardkeep.fhir.search.query import Query, parse_query, terms_in
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.store.outcomes import Opened, Opener
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.identity.arrivals import terms_of
from wardkeep.warden.service.check_ins import MISSES_AN_HOUR, QUESTIONS_A_MINUTE

BORN = "1950-02-03"
PEOPLE = (
    ("anna", "Appleyard", "Anna", BORN, True),
    ("ng", "Ng", "Bo", BORN, True),
    ("otto", "Bramblewick", "Otto", "1992-04-17", True),
    ("ivo", "Bramblewick", "Ivo", "1992-04-17", False),
    ("stranger", "Appleby", "Sam", "1961-05-06", False),
    ("lucja", "Łukowska", "Łucja", "1944-03-02", True),
    ("soren", "Søgaard", "Søren", "1938-07-19", True),
    ("sorens", "Sogan", "Soren", "1938-07-19", False),
)
"""Id, surname, first name, birth date, and whether there is an appointment."""


def patient(id_: str, family: str, given: str, born: str) -> dict[str, object]:
    return {
        "resourceType": "Patient",
        "id": id_,
        "name": [{"use": "official", "family": family, "given": [given]}],
        "birthDate": born,
        "telecom": [{"system": "phone", "value": "07700900456"}],
    }


def appointment(id_: str, starts: datetime, place: str) -> dict[str, object]:
    return {
        "resourceType": "Appointment",
        "id": f"of-{id_}",
        "status": "booked",
        "start": starts.isoformat(),
        "end": (starts + timedelta(minutes=20)).isoformat(),
        "participant": [
            {"actor": {"reference": f"Patient/{id_}"}, "status": "accepted"},
            {"actor": {"reference": f"Location/{place}"}, "status": "accepted"},
        ],
    }


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("check-in")) as running:
        for slug in ("fernhill", "hollow"):
            running.found(slug)
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="fernhill")) as program:
            fill(program)
        yield running


def fill(program: Program) -> None:
    place = {"resourceType": "Location", "id": "clinic-3", "name": "Clinic 3"}
    program.put(place)
    starts = today_at(20)
    for id_, family, given, born, is_expected in PEOPLE:
        program.put(patient(id_, family, given, born))
        if id_ == "anna":
            program.put(
                {
                    "resourceType": "Condition",
                    "id": "of-anna-too",
                    "subject": {"reference": "Patient/anna"},
                    "code": {"text": "Asthma"},
                }
            )
        if is_expected:
            program.put(appointment(id_, starts, "clinic-3"))


class Kiosk(NamedTuple):
    """A device that was let in, and its way to ask."""

    warden: RunningWarden
    key: Device
    client_id: str
    token: str

    async def ask(self, born: str, family: str, given: str = "") -> CheckInAnswer:
        asked = AskCheckIn(self.token, born, family, given)
        answer = await self.warden.door.ask(asked, CheckInAnswer)
        assert isinstance(answer, CheckInAnswer), answer
        return answer


@pytest.fixture
async def warden(installed: Served) -> AsyncIterator[RunningWarden]:
    running = RunningWarden(installed, None)  # type: ignore[arg-type]
    yield running
    await running.door.close()
    await running.operator.close()


async def colleague(
    warden: RunningWarden, role: str, *, name: str = "Rowan Ash"
) -> Colleague:
    """Somebody signed in at the address of this installation."""
    account = await warden.account(role, name=name)
    origin = warden.installation.origin  # type: ignore[attr-defined]
    token, key = await warden.enrol(account, SoftwareAuthenticator(origin=origin))
    return Colleague(account, token, key)


async def kiosk(
    warden: RunningWarden,
    *,
    team: str = "Clinics",
    organisation: str = "fernhill",
    place: str = "clinic-3",
) -> Kiosk:
    warden.home = organisation
    ada = await colleague(warden, "administrator", name="Ada Holt")
    one = await device(warden)
    id_ = await team_named(warden, ada, team, organisation, place) if team else ""
    client_id = await paired(warden, ada, one, team=id_)
    origin = warden.installation.origin  # type: ignore[attr-defined]
    now = datetime.fromtimestamp(int(time.time()), UTC)
    proof = one.assertion(client_id, now, aud=f"{origin}/oauth/token")
    signed_in = await warden.door.ask(ClientSignIn(proof), SignedIn)
    assert isinstance(signed_in, SignedIn), signed_in
    return Kiosk(warden, one, client_id, signed_in.token)


async def team_named(
    warden: RunningWarden, ada: Colleague, name: str, organisation: str, place: str
) -> str:
    made = SetWork(organisation, (), ((name, (f"Location/{place}",), ()),))
    assert await warden.operator.ask(made, Done) == Done()
    teams = await warden.door.ask(ListTeams(ada.token), Teams)
    assert isinstance(teams, Teams)
    return next(one.id for one in teams.teams if one.name == name)


def test_the_warden_and_the_index_find_a_person_alike() -> None:
    for family, given in (("O’Thistledale", "Zoë"), ("van der Berg", "J"), ("Ng", "")):
        asked = [("family", family.replace("’", "")[:3])] if family != "Ng" else []
        query = parse_query("Patient", asked)
        wanted = set(terms_in(query)) if isinstance(query, Query) and asked else set()
        made = terms_of(date(1950, 2, 3), family, given)
        assert made[0] == day_term("Patient.birthDate", date(1950, 2, 3))
        assert not wanted or made[1] in wanted
    short = terms_of(date(1950, 2, 3), "Ng")
    assert short[1] == b"Patient.name.family\x1fw\x1fng"


async def test_two_facts_give_a_ticket_for_who_is_expected(
    warden: RunningWarden,
) -> None:
    mine = await kiosk(warden)
    answer = await mine.ask(BORN, "app")
    assert answer.outcome == "go-on"
    view = await warden.door.ask(AskTicket(answer.ticket), TicketView)
    assert isinstance(view, TicketView), view
    assert (view.patient, view.device) == ("anna", "Waiting room")
    minutes = view.until / 1_000_000 - time.time()
    assert 240 < minutes <= 300
    # A surname of two letters is asked for whole.
    assert (await mine.ask(BORN, "Ng")).outcome == "go-on"
    # And whoever stood there before is gone.
    gone = await warden.door.ask(AskTicket(answer.ticket), TicketView)
    assert code_of(gone) == "not-signed-in"


async def test_a_name_is_typed_as_an_english_keyboard_has_it(
    warden: RunningWarden,
) -> None:
    mine = await kiosk(warden)
    for family in ("luk", "Łuk"):
        answer = await mine.ask("1944-03-02", family)
        assert answer.outcome == "go-on"
        view = await warden.door.ask(AskTicket(answer.ticket), TicketView)
        assert isinstance(view, TicketView)
        assert view.patient == "lucja"
    # Who shares such a beginning is told apart as twins are
    assert (await mine.ask("1938-07-19", "Sog")).outcome == "one-more"
    assert (await mine.ask("1938-07-19", "Søg", "Sør")).outcome == "go-to-the-desk"


def test_a_desk_finds_a_name_as_an_english_keyboard_has_it(installed: Served) -> None:
    token = installed.sign_in("fernhill", [], "receptionist")
    with closing(Visitor(installed.port, token)) as desk:
        born = {"born-day": "2", "born-month": "3", "born-year": "1944"}
        for facts in (
            {"family": "Lukowska", "given": "Lucja"},
            {"family": "lukows", **born},
            {"family": "Łu", **born},
        ):
            assert "ŁUKOWSKA" in desk.post("/find", facts).decode(), facts
        other = {"born-day": "3", "born-month": "2", "born-year": "1950"}
        # Two letters of a surname, and the day
        assert "NG, Bo" in desk.post("/find", {"family": "Ng", **other}).decode()
        found = desk.post("/find", {"family": "Lukowska", **other}).decode()
        assert "ŁUKOWSKA" not in found


async def test_twins_are_asked_for_one_more_fact_and_never_taken_for_each_other(
    warden: RunningWarden,
) -> None:
    mine = await kiosk(warden)
    assert (await mine.ask("1992-04-17", "Bra")).outcome == "one-more"
    otto = await mine.ask("1992-04-17", "Bra", "Ott")
    assert otto.outcome == "go-on"
    view = await warden.door.ask(AskTicket(otto.ticket), TicketView)
    assert isinstance(view, TicketView)
    assert view.patient == "otto"
    # His brother has no appointment: he is not checked in for the one who has.
    assert (await mine.ask("1992-04-17", "Bra", "Ivo")).outcome == "go-to-the-desk"
    assert (await mine.ask("1992-04-17", "Bra", "Ursula")).outcome == "go-to-the-desk"


@pytest.mark.parametrize(
    ("born", "family"),
    [
        ("1961-05-06", "App"),  # is a patient, and has no appointment
        ("1971-01-01", "App"),  # is nobody
        (BORN, ""),
        (BORN, "?"),
        ("1950-02-30", "App"),
        ("", "App"),
        (BORN, "%"),
    ],
)
async def test_nobody_learns_who_is_a_patient_here(
    warden: RunningWarden, born: str, family: str
) -> None:
    mine = await kiosk(warden)
    assert await mine.ask(born, family) == CheckInAnswer("go-to-the-desk")


async def test_a_kiosk_that_serves_no_clinic_or_another_house_finds_nobody(
    warden: RunningWarden,
) -> None:
    for one in (
        await kiosk(warden, team=""),
        await kiosk(warden, organisation="hollow"),
    ):
        assert await one.ask(BORN, "app") == CheckInAnswer("go-to-the-desk")


async def test_a_stolen_kiosk_guesses_a_few_dozen_times_an_hour(
    warden: RunningWarden,
) -> None:
    """So many guesses meet one of 300 people once in 3,000 hours and more."""
    mine = await kiosk(warden)
    outcomes = [
        (await mine.ask(f"1950-03-{day:02}", "App")).outcome for day in range(1, 21)
    ]
    assert outcomes.count("go-to-the-desk") == QUESTIONS_A_MINUTE
    assert outcomes.count("wait") == 20 - QUESTIONS_A_MINUTE
    birthdays, beginnings, expected = 100 * 365, 200, 300
    an_hour = MISSES_AN_HOUR * expected / (birthdays * beginnings)
    assert an_hour < 1 / 500


@pytest.mark.parametrize("name", WITH_SESSION)
async def test_a_ticket_gets_nothing_by_any_other_question(
    warden: RunningWarden, name: str
) -> None:
    mine = await kiosk(warden)
    ticket = (await mine.ask(BORN, "app")).ticket
    asked = msgspec.structs.replace(plausible(QUESTIONS[name]), session=ticket)
    answer = await warden.door.ask_any(asked)
    if name in ("AskTicket", "EndTicket", "EndSession", "ComputeTokens", "MayGoOn"):
        return
    assert isinstance(answer, Refusal), (name, answer)


async def test_a_ticket_is_no_token_of_the_api(
    warden: RunningWarden, installed: Served
) -> None:
    mine = await kiosk(warden)
    ticket = (await mine.ask(BORN, "app")).ticket
    for path in ("Patient/anna", "Patient?birthdate=1950-02-03", "Appointment"):
        status = await asyncio.to_thread(asked_of_the_api, installed, path, ticket)
        assert status == 401


def asked_of_the_api(installed: Served, path: str, token: str) -> int:
    visitor = Visitor(installed.port, "")
    bearer = {"Authorization": f"Bearer {token}"}
    with closing(visitor):
        return visitor.ask("GET", f"/fhir/{path}", headers=bearer)[0]


async def opener_by(warden: RunningWarden, ticket: str) -> Opener:
    """As a web process reads with a ticket that passes it."""
    view = await warden.door.ask(AskTicket(ticket), TicketView)
    assert isinstance(view, TicketView)
    return Opener(
        session=ticket,
        organisation=OrganisationId(view.organisation),
        purpose=Purpose.PATIENT_REQUEST,
    )


async def test_a_ticket_opens_its_own_patient_for_check_in_and_nothing_else(
    warden: RunningWarden, installed: Served
) -> None:
    """What a web process that was taken over gets by a ticket that passes it."""
    mine = await kiosk(warden)
    ticket = (await mine.ask(BORN, "app")).ticket
    opener = await opener_by(warden, ticket)
    database = Database(address_for(installed.settings, installed.layout, WEB), size=1)
    try:
        reader = Reader(database, warden.door)
        own = await reader.one("Patient", "anna", opener=opener)
        assert isinstance(own, Opened)
        assert own.relationship == "check-in"
        assert own.entry >= 0
        for type_, id_, code in (
            ("Patient", "stranger", "another-patient"),
            ("Appointment", "of-otto", "another-patient"),
            ("Condition", "of-anna-too", "scope-does-not-cover"),
        ):
            refused = await reader.one(type_, id_, opener=opener)
            assert code_of(refused) == code, type_
        listed = await Lister(database, warden.door).people(
            ["anna", "otto"], opener=opener
        )
        assert code_of(listed) in ("another-patient", "scope-does-not-cover")
    finally:
        await database.close()


async def test_a_ticket_sends_nobody_astray(
    warden: RunningWarden, installed: Served
) -> None:
    """It reads where the clinic is, and writes nothing of a place."""
    mine = await kiosk(warden)
    ticket = (await mine.ask(BORN, "app")).ticket
    opener = await opener_by(warden, ticket)
    database = Database(address_for(installed.settings, installed.layout, WEB), size=1)
    try:
        writer = Writer(database, warden.door, clock=SystemClock())
        found = await Places(database, warden.door).all(opener=opener)
        assert not isinstance(found, Refusal)
        assert found["clinic-3"].name == "Clinic 3"
        text = b'{"resourceType":"Location","id":"clinic-3","name":"Clinic 3"}'
        astray = Directions(texts={"area": {"en": "the car park"}})
        draft = with_directions(text, astray, "clinic-3")
        given = await writer.write(
            Change(drafts=[draft], expected=[None]), opener=opener
        )
        assert isinstance(given, Refusal), given
        again = await Places(database, warden.door).all(opener=opener)
        assert not isinstance(again, Refusal)
        assert again["clinic-3"].directions == Directions()
    finally:
        await database.close()


async def test_a_ticket_that_ended_is_over(warden: RunningWarden) -> None:
    mine = await kiosk(warden)
    ticket = (await mine.ask(BORN, "app")).ticket
    assert await warden.door.ask(EndTicket(ticket), Done) == Done()
    assert code_of(await warden.door.ask(EndTicket(ticket), Done)) == "not-signed-in"


# Links ------------------------------------------------------------------------


async def link(warden: RunningWarden, patient_id: str = "anna") -> str:
    """Made by a colleague who has to do with the patient."""
    warden.home = "fernhill"
    desk = await colleague(warden, "receptionist", name=f"Rae {secrets.token_hex(2)}")
    await warden.relate(desk.account, patient_id, kind="clinic")
    made = await warden.door.ask(ask_link(desk.token, patient_id), Created)
    assert isinstance(made, Created), made
    return made.id


def ask_link(token: str, patient_id: str, **more: int) -> NewCheckInLink:
    until = microseconds_since_epoch(SystemClock().now() + timedelta(hours=2))
    asked = NewCheckInLink(token, patient_id, f"of-{patient_id}", until)
    return msgspec.structs.replace(asked, **more)


async def by_link(warden: RunningWarden, secret: str, family: str) -> object:
    asked = AskByLink(secret, BORN, family)
    return await warden.door.ask(asked, CheckInAnswer)


async def test_a_link_is_good_once_and_needs_a_fact(warden: RunningWarden) -> None:
    secret = await link(warden)
    assert await by_link(warden, secret, "Zzz") == CheckInAnswer("go-to-the-desk")
    answer = await by_link(warden, secret, "App")
    assert isinstance(answer, CheckInAnswer)
    assert answer.outcome == "go-on"
    view = await warden.door.ask(AskTicket(answer.ticket), TicketView)
    assert isinstance(view, TicketView)
    assert (view.patient, view.appointment, view.device) == ("anna", "of-anna", "")
    assert code_of(await by_link(warden, secret, "App")) == "link-over"


async def test_of_two_who_use_a_link_at_once_one_goes_on(
    installed: Served, warden: RunningWarden
) -> None:
    secret = await link(warden)
    address = address_for(installed.settings, installed.layout, OWNER)
    owner = await connect(address)
    async with owner.transaction():
        # Both have counted their try and are found to be her; neither has used it up.
        await owner.execute("lock table warden.check_in_link in share mode")
        await owner.execute(
            "update warden.check_in_link set tries = tries where used_at is null"
        )
        both = [asyncio.create_task(by_link(warden, secret, "App")) for _ in range(2)]
        await until_waited_for(owner, many=2)
    answers = [await one for one in both]
    await owner.close()
    outcomes = [getattr(one, "outcome", "") or code_of(one) for one in answers]
    assert sorted(outcomes) == ["go-on", "link-over"]


async def test_of_two_who_were_found_by_one_link_the_first_goes_on(
    installed: Served, warden: RunningWarden
) -> None:
    """As above, and here both are known to be her before either uses it up."""
    secret = await link(warden)
    owner = await connect(address_for(installed.settings, installed.layout, OWNER))
    async with owner.transaction():
        # Whose facts they are is read here, and both wait for it.
        await owner.execute("lock table record.resource in access exclusive mode")
        both = [asyncio.create_task(by_link(warden, secret, "App")) for _ in range(2)]
        await until_waited_for(owner, many=2)
    answers = [await one for one in both]
    await owner.close()
    outcomes = [getattr(one, "outcome", "") or code_of(one) for one in answers]
    assert sorted(outcomes) == ["go-on", "link-over"]


async def test_a_stolen_link_dies_after_five_guesses(warden: RunningWarden) -> None:
    secret = await link(warden)
    for guess in ("Aaa", "Bbb", "Ccc", "Ddd", "Eee"):
        answer = await by_link(warden, secret, guess)
        assert answer == CheckInAnswer("go-to-the-desk")
    assert code_of(await by_link(warden, secret, "App")) == "link-over"


async def test_a_link_that_is_over_or_invented_opens_nothing(
    warden: RunningWarden,
) -> None:
    warden.home = "fernhill"
    desk = await colleague(warden, "receptionist")
    await warden.relate(desk.account, "anna", kind="clinic")
    made = await warden.door.ask(ask_link(desk.token, "anna", until=1), Created)
    assert isinstance(made, Created)
    for secret in (made.id, "", "x" * 43):
        assert code_of(await by_link(warden, secret, "App")) == "link-over"


async def test_only_who_expects_the_patient_makes_a_link(
    warden: RunningWarden,
) -> None:
    warden.home = "fernhill"
    for role in ("receptionist", "administrator"):
        other = await colleague(warden, role)
        refused = await warden.door.ask(ask_link(other.token, "anna"), Created)
        assert code_of(refused) == "not-your-work"
