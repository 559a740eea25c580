# SPDX-License-Identifier: Apache-2.0
"""A ward's day and night: admitted, moved, looked at, out on leave, discharged."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from support.chromium import Device, arrive, chromium, clean, device
from support.program import Program
from support.served import Served, served
from support.ward_beds import bed_id, now, put_beds, put_in_bed, put_level
from support.wards import (
    OTHER_WARD,
    WARD,
    Worker,
    patient,
    places,
    practitioner,
    put_to_work,
)
from wardkeep.base.clock import LONDON
from wardkeep.fhir.mha.due import end_of_section
from wardkeep.fhir.mha.rules import known_rules
from wardkeep.fhir.mha.section import Section, section_content
from wardkeep.fhir.model.person import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")
NIA = Worker("ward_nurse", "Nia Night", "nia")
DAN = Worker("ward_nurse", "Dan Day", "dan")
LEA = Worker("shift_lead", "Lea Lead", "lea")
EVERYBODY = (NIA, DAN, LEA)
SMALL = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("wards")) as running:
        running.found("fernhill")
        yield running


@pytest.fixture(scope="module")
def program(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    keys = tmp_path_factory.mktemp("keys")
    with closing(Program(server, keys, organisation="fernhill")) as running:
        for one in (*places(), *map(practitioner, EVERYBODY)):
            running.put(one)
        yield running


@pytest.fixture(scope="module")
def links(server: Served, program: Program) -> dict[str, str]:
    assert program.token
    where = [(WARD, ("Nia Night", "Dan Day")), (OTHER_WARD, ())]
    return asyncio.run(put_to_work(server, "fernhill", EVERYBODY, where))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nia(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser) as own:
        await arrive(own, links["Nia Night"])
        yield own


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def dan(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser, viewport=SMALL) as own:
        await arrive(own, links["Dan Day"])
        yield own


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lea(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser) as own:
        await arrive(own, links["Lea Lead"])
        yield own


def bed_row(own: Device, bed: str, ward: str = "heron") -> Locator:
    return own.page.locator(f"#b-{bed_id(ward, bed)}")


def known_to(program: Program, id_: str, family: str, number: str) -> None:
    """Somebody who is in touch with both nurses today, and on no ward."""
    program.put(patient(id_, family, number))
    program.put(
        {
            "resourceType": "Encounter",
            "id": f"{id_}-contact",
            "status": "in-progress",
            "class": {"code": "AMB"},
            "subject": {"reference": f"Patient/{id_}"},
            "period": {"start": now().isoformat()},
            "participant": [
                {"individual": {"reference": f"Practitioner/{one.practitioner}"}}
                for one in (NIA, DAN)
            ],
        }
    )


async def test_somebody_is_admitted_moved_discharged_and_all_of_it_can_be_undone(
    server: Served, program: Program, nia: Device, dan: Device
) -> None:
    origin = server.origin
    # Given a ward with two free beds, on the screens of two nurses
    put_beds(program, "heron", "Alder 1", "Alder 2")
    known_to(program, "alder", "Alderman", "9990000069")
    known_to(program, "birch", "Birchall", "9990000077")
    await dan.go(f"{origin}/wards/heron")
    await bed_row(dan, "Alder 1").get_by_text("Free").wait_for()
    await admits(nia, origin)
    # Then the other nurse's board says that the bed is taken, without a name
    await bed_row(dan, "Alder 1").get_by_text("Show who it is").wait_for()
    await is_second(dan, origin)
    await moves_and_undoes(nia, origin)
    await discharges_and_undoes(nia, dan, origin)
    assert nia.complaints == []
    assert dan.complaints == []


async def admits(nia: Device, origin: str) -> None:
    # When one of them finds the patient and admits them to a bed
    await nia.go(f"{origin}/wards")
    await nia.arrives("/wards/heron")
    await bed_row(nia, "Alder 1").get_by_role("link", name="Admit").click()
    await nia.reads("Admit somebody to Alder 1")
    await clean(nia, "ward-whom")
    await nia.page.get_by_label("NHS number").fill("9990000069")
    await nia.press("Find")
    await nia.page.get_by_role("link", name="Admit ALDERMAN, Ann").click()
    await nia.reads("Admit to a bed")
    await clean(nia, "ward-admit")
    await nia.page.get_by_label("Why they are admitted").fill("Low mood")
    await nia.page.get_by_label("Day", exact=True).fill("24")
    await nia.page.get_by_label("Month").fill("12")
    await nia.page.get_by_label("Year").fill("2099")
    await nia.press("Admit")
    await nia.reads("Admitted.")
    row = bed_row(nia, "Alder 1")
    await row.get_by_text("ALDERMAN, Ann").wait_for()
    await row.get_by_text("To leave 24 Dec 2099").wait_for()
    await row.get_by_text("No level set").wait_for()


async def is_second(dan: Device, origin: str) -> None:
    # And whoever chose the same bed before is told, with what was typed still there
    await dan.go(f"{origin}/patients/birch/ward/admit?ward=heron")
    await dan.page.get_by_label("Why they are admitted").fill("Came by ambulance")
    await dan.page.evaluate(
        "(bed) => { const o = new Option('Alder 1', bed);"
        " document.getElementById('bed').append(o); o.selected = true; }",
        bed_id("heron", "Alder 1"),
    )
    await dan.press("Admit")
    await dan.reads("Somebody else was first")
    typed = dan.page.get_by_label("Why they are admitted")
    assert await typed.input_value() == "Came by ambulance"
    await clean(dan, "ward-admit-second-phone")


async def moves_and_undoes(nia: Device, origin: str) -> None:
    await nia.go(f"{origin}/patients/alder/ward/move?ward=heron")
    await clean(nia, "ward-move")
    await nia.page.get_by_label("To which bed").select_option(
        bed_id("heron", "Alder 2")
    )
    await nia.press("Move")
    await nia.reads("Moved. The bed that was left is to be cleaned.")
    await bed_row(nia, "Alder 2").get_by_text("ALDERMAN, Ann").wait_for()
    await bed_row(nia, "Alder 1").get_by_text("Being cleaned").wait_for()
    await clean(nia, "ward-board-moved")
    await bed_row(nia, "Alder 2").get_by_role("button", name="Undo: moved").click()
    await nia.reads("Taken back.")
    await bed_row(nia, "Alder 1").get_by_text("ALDERMAN, Ann").wait_for()
    await bed_row(nia, "Alder 2").get_by_text("Free").wait_for()


async def discharges_and_undoes(nia: Device, dan: Device, origin: str) -> None:
    await dan.go(f"{origin}/patients/alder/ward/discharge?ward=heron")
    await dan.press("Discharge")
    await dan.reads("Where to is not chosen")
    await clean(dan, "ward-discharge-wrong-phone")
    await dan.page.get_by_label("A care home").check()
    await dan.press("Discharge")
    await dan.reads("Discharged. The bed is to be cleaned.")
    await clean(dan, "ward-board-phone")
    # The other board heard of it by itself
    await bed_row(nia, "Alder 1").get_by_text("Being cleaned").wait_for()
    await nia.go(f"{origin}/wards/heron")
    await nia.reads("Just discharged")
    await nia.press("Undo: discharged")
    await nia.reads("Taken back.")
    await bed_row(nia, "Alder 1").get_by_text("ALDERMAN, Ann").wait_for()
    await dan.go(f"{origin}/patients/alder/ward/discharge?ward=heron")
    await dan.page.get_by_label("Home, or where they usually live").check()
    await dan.press("Discharge")
    await dan.reads("Discharged. The bed is to be cleaned.")
    await bed_row(nia, "Alder 1").get_by_role("button", name="It is ready").click()
    await nia.reads("The bed is changed.")
    await bed_row(nia, "Alder 1").get_by_text("Free").wait_for()


async def test_a_level_is_set_and_each_check_takes_two_presses_on_a_phone(
    server: Served, program: Program, nia: Device, dan: Device
) -> None:
    origin = server.origin
    # Given somebody in a bed, at no level
    put_beds(program, "heron", "Cedar 1")
    put_in_bed(program, "cedar", "Cedarwood", "Cedar 1")
    await nia.go(f"{origin}/patients/cedar/ward")
    await nia.reads("None is set")
    await clean(nia, "ward-person")
    # When a level is set that is not recorded so seldom, it is said at its field
    await nia.press("Set the level")
    await nia.page.get_by_label("Intermittent observation").check()
    await nia.page.get_by_label("A check is recorded").select_option("60")
    await nia.page.get_by_label("Why", exact=True).fill("Unsettled at night")
    await nia.page.get_by_label("When it is reviewed").select_option("12")
    await nia.press("Set the level")
    await nia.reads("Choose 5 or 10 or 15 or 20 or 30 minutes.")
    await clean(nia, "ward-level-wrong")
    reason = nia.page.get_by_label("Why", exact=True)
    assert await reason.input_value() == "Unsettled at night"
    await nia.page.get_by_label("A check is recorded").select_option("15")
    await nia.press("Set the level")
    await nia.reads("The observation level is set.")
    # Then every page of the record says it
    await nia.go(f"{origin}/patients/cedar")
    await nia.reads("Observed: every 15 minutes")
    await checks_and_strikes(dan, origin)
    assert nia.complaints == []


async def checks_and_strikes(dan: Device, origin: str) -> None:
    # And the check on a phone: where, what was seen
    await dan.go(f"{origin}/wards/heron/checks")
    await clean(dan, "ward-checks-phone")
    await dan.page.locator("#d-cedar").get_by_role("link", name="Check").click()
    await dan.reads("Or where, then what you saw")
    await clean(dan, "ward-check-phone")
    await dan.page.get_by_role("button", name="Awake, calm").click()
    await dan.reads("Where is not chosen")
    await clean(dan, "ward-check-wrong-phone")
    await dan.page.locator('label[for="where-day-room"]').click()
    await dan.page.get_by_role("button", name="Awake, calm").click()
    await dan.reads("The check is recorded.")
    await dan.arrives("of=cedar")
    await dan.page.get_by_role("link", name="Look at it, or strike it").click()
    await dan.reads("Awake, calm")
    # And when it was the wrong patient it is struck, and stays readable
    await dan.page.get_by_role("button", name="Strike it").first.click()
    await dan.reads("Struck by Dan Day")
    await clean(dan, "ward-check-struck-phone")


async def test_an_overdue_check_says_so_and_is_recorded_once(
    server: Served, program: Program, nia: Device, dan: Device
) -> None:
    origin = server.origin
    # Given a check that is half an hour late
    put_beds(program, "heron", "Elm 1")
    put_in_bed(program, "elm", "Elmhurst", "Elm 1")
    put_level(program, "elm", "intermittent", 15, minutes_ago=47)
    await nia.go(f"{origin}/wards/heron/checks")
    row = nia.page.locator("#d-elm")
    await row.get_by_text("Check overdue: 3").wait_for()
    await clean(nia, "ward-checks")
    # When two nurses stand before the same check
    await nia.go(f"{origin}/patients/elm/ward/check")
    await dan.go(f"{origin}/patients/elm/ward/check")
    await dan.page.get_by_role("button", name="Asleep in bed").click()
    await dan.reads("The check is recorded.")
    await nia.page.get_by_role("button", name="Asleep in bed").click()
    # Then it is there once, late as it was, and the second is told
    await nia.reads("A colleague recorded this check just before you")
    await nia.reads("2 further checks were missed")
    assert await nia.page.locator("#done + ol > li").count() == 1
    await clean(nia, "ward-check-second")
    # And what is written afterwards is marked
    await nia.page.get_by_text("Write down a check that was done earlier").click()
    await nia.page.get_by_label("When you looked").fill("00:00")
    await nia.press("Save the late entry")
    await nia.reads("that lies before the check")
    # When somebody is not found, the page says what it does not do
    await nia.go(f"{origin}/patients/elm/ward/check")
    await nia.page.get_by_role("button", name="Not found").click()
    await nia.reads("Raise the alarm")
    await nia.go(f"{origin}/wards/heron")
    await nia.page.get_by_text("Not found at the last check").first.wait_for()
    assert dan.complaints == []


async def test_whoever_looks_at_their_own_patients_sees_whose_check_is_late(
    server: Served, program: Program, nia: Device
) -> None:
    # Given somebody on her ward whom nobody looked at
    put_beds(program, "heron", "Gum 1")
    put_in_bed(program, "gum", "Gumtree", "Gum 1")
    put_level(program, "gum", "intermittent", 15, minutes_ago=40)
    # When she looks at her own patients
    await nia.go(f"{server.origin}/caseload?only=late")
    row = nia.page.get_by_role("row").filter(has_text="GUMTREE")
    await row.get_by_text("Observation check").wait_for()
    assert "Late" in await row.inner_text()
    # Then above the list she reads it too, and goes to the board
    link = nia.page.get_by_role("link", name="overdue")
    assert "observation check" in await link.inner_text()
    await clean(nia, "caseload-check-late")
    await link.click()
    await nia.reads("beds are taken")
    assert nia.complaints == []


async def test_leave_warns_under_a_section_and_who_is_out_is_seen(
    server: Served, program: Program, nia: Device, dan: Device
) -> None:
    origin = server.origin
    # Given somebody under section 3, with no leave authorised
    put_beds(program, "heron", "Fir 1")
    put_in_bed(program, "fir", "Firbank", "Fir 1")
    program.put(under_section_3("fir"))
    await nia.go(f"{origin}/wards/heron")
    await bed_row(nia, "Fir 1").get_by_text("Section 3").wait_for()
    await nia.go(f"{origin}/patients/fir/ward/leave?ward=heron")
    await nia.reads("None is written down that holds now")
    await clean(nia, "ward-leave")
    # When leave is planned all the same
    await nia.page.get_by_label("Alone").check()
    await nia.page.get_by_label("Where to, and conditions").fill("To the shop")
    await nia.press("Plan it")
    # Then it warns first, and nothing that was typed is lost
    await nia.reads("No authority under section 17 covers this leave")
    await clean(nia, "ward-leave-uncovered")
    words = nia.page.get_by_label("Where to, and conditions")
    assert await words.input_value() == "To the shop"
    await nia.page.get_by_label("It is authorised on paper").check()
    await nia.press("Plan it")
    await nia.reads("The leave is planned.")
    await bed_row(nia, "Fir 1").get_by_text("Leave planned from").wait_for()
    await goes_and_comes_back(nia, dan, origin)


async def goes_and_comes_back(nia: Device, dan: Device, origin: str) -> None:
    # When the patient goes out and comes back, both boards say so
    await dan.go(f"{origin}/patients/fir/ward")
    await dan.reads("No section 17 authority covers it")
    await clean(dan, "ward-person-phone")
    await dan.press("Gone out")
    await dan.reads("Gone on leave. The bed is kept.")
    await bed_row(nia, "Fir 1").get_by_text("On leave until").wait_for()
    await rings_and_stays_longer(nia, dan, origin)
    await (
        nia.page.locator(f"#b-{bed_id('heron', 'Fir 1')}")
        .get_by_role("button", name="Came back")
        .click()
    )
    await nia.reads("Back from leave.")
    await clean(nia, "ward-board")
    assert await bed_row(nia, "Fir 1").get_by_text("On leave").count() == 0
    assert nia.complaints == []


async def rings_and_stays_longer(nia: Device, dan: Device, origin: str) -> None:
    """From the board; under the section it is asked once whether it may be."""
    await dan.go(f"{origin}/patients/fir/ward")
    await dan.press("Prolong it")
    await clean(dan, "ward-longer-phone")
    later = (now() + timedelta(hours=5)).astimezone(LONDON)
    await dan.page.get_by_label("Back by").fill(f"{later:%Y-%m-%dT%H:%M}")
    await dan.press("Prolong it")
    await dan.reads("why it is prolonged is missing")
    await dan.page.get_by_label("Why it is prolonged").fill("The bus. Dr Ash agreed.")
    await dan.press("Prolong it")
    await dan.reads("No authority under section 17 covers the longer leave")
    await clean(dan, "ward-longer-uncovered-phone")
    await dan.page.get_by_label("It is authorised on paper").check()
    await dan.press("Prolong it")
    await dan.reads("The leave is prolonged.")
    await dan.reads("The bus. Dr Ash agreed.")
    row = bed_row(nia, "Fir 1")
    await row.get_by_text(f"On leave until {later:%H:%M}").wait_for()
    await row.get_by_role("link", name="Prolong").wait_for()


def under_section_3(id_: str) -> dict[str, object]:
    began = now()
    section = Section(id=f"{id_}-3", code="3", began=began, place=Person(WARD, "Heron"))
    rules = known_rules()
    rule = rules.section_on("3", began.date())
    assert rule is not None
    return section_content(
        section,
        rule,
        patient=id_,
        author=Person("", "Ona Reed"),
        expires=end_of_section(section.facts, rules),
    )


async def test_who_leads_sees_every_ward_and_adds_beds(
    server: Served, program: Program, lea: Device
) -> None:
    origin = server.origin
    put_beds(program, "heron", "Gorse 1")
    put_beds(program, "kestrel", "Hazel 1")
    await lea.go(f"{origin}/wards")
    await lea.reads("Kestrel Ward")
    await clean(lea, "ward-wards")
    await lea.go(f"{origin}/wards/kestrel/beds")
    await lea.page.get_by_label("What it is called").fill("Hazel 1")
    await lea.press("Add it")
    await lea.reads("There is a bed of that name")
    await lea.page.get_by_label("What it is called").fill("Hazel 2")
    await lea.press("Add it")
    await lea.reads("The bed is added.")
    await clean(lea, "ward-beds")
    await lea.go(f"{origin}/wards/kestrel")
    await lea.reads("Hazel 2")
    await lea.reads("Live")
    # And what acts on a bed waits while the board is not live (test_live_boards.py)
    buttons = bed_row(lea, "Hazel 1", "kestrel").get_by_role("button")
    assert await buttons.count() == 2
    for button in await buttons.all():
        await expect(button).to_have_attribute("data-needs-live", "")
