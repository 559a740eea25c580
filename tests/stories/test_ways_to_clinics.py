# SPDX-License-Identifier: Apache-2.0
"""A clinic says how to find it, and kiosk, phone and slip tell it.

Who mistypes looks at it and tries again; a phone has a plain answer for each state.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import datetime

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from support.arrivals import (
    CLINIC,
    appointment,
    early_words,
    fill,
    let_in,
    person,
    place,
    staff,
)
from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.program import Program
from support.served import Served, served
from wardkeep.base.clock import SystemClock
from wardkeep.fhir.clinics.lateness import rounded

pytestmark = pytest.mark.asyncio(loop_scope="module")
PORTRAIT = {"width": 1080, "height": 1920}
AREA, WAY, STEP_FREE = (
    "the blue chairs on the ground floor",
    "Follow the blue line",
    "take lift B",
)
KIN = {
    "contact": [
        {
            "name": {"text": "Robin Quince"},
            "telecom": [{"system": "phone", "value": "07700 900321"}],
        }
    ],
    "generalPractitioner": [{"display": "Fernhill Surgery"}],
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with served(tmp_path_factory.mktemp("ways")) as running:
        running.found("fernhill")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="fernhill")) as one:
            fill(one, ("bea", "Birch", "Bea"), ("cem", "Cedar", "Cem"))
            for id_, family in (("anna", "Appleyard"), ("dora", "Damson")):
                one.put({**person(id_, family, id_.title()), **KIN})
                one.put(appointment(id_))
            one.put(place("clinic-9", "Clinic 9"))
            second = appointment("dora", minutes=25, place="clinic-9")
            one.put({**second, "id": "of-dora-too"})
            one.put(person("early", "Early", "Sam"))
            one.put(appointment("early", minutes=150))
            one.put(person("late", "Late", "Sam"))
            one.put(appointment("late", minutes=-40))
            one.put(person("gone", "Gorse", "Gil"))
            one.put(appointment("gone", status="cancelled"))
            one.served = running  # type: ignore[attr-defined]
            yield one


@pytest.fixture(scope="module")
def server(program: Program) -> Served:
    found: Served = program.served  # type: ignore[attr-defined]
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def on_a_phone_too(own: Device, picture: str) -> None:
    """Looked at as a desk sees it, and on a phone's width."""
    await clean(own, picture)
    desktop = own.page.viewport_size
    await own.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert not await own.is_wider_than_its_screen()
    await own.picture(f"{picture}-phone")
    await own.page.set_viewport_size(desktop)  # type: ignore[arg-type]


async def writes_the_way(rae: Device, origin: str) -> None:
    """What leads elsewhere is refused with nothing lost; then it is saved, in Polish
    too, taken back, and saved again."""
    await rae.go(f"{origin}/clinics/{CLINIC}")
    await rae.press("Directions")
    await rae.reads("Nothing but the clinic’s name")
    await on_a_phone_too(rae, "directions-empty")
    area = rae.page.locator("#area-en")
    await area.fill("ring 0300 123 4567")
    await rae.page.locator("summary", has_text="Polski").click()
    await rae.page.locator("#way-pl").fill("Proszę iść wzdłuż niebieskiej linii")
    await rae.press("Save the directions")
    await rae.reads("a telephone number or an address of the web in it")
    await rae.reads("The way there is missing in English")
    await on_a_phone_too(rae, "directions-problem")
    await expect(area).to_have_value("ring 0300 123 4567")
    await area.fill(AREA)
    await rae.page.locator("#way-en").fill(WAY)
    await rae.page.locator("#step-free-en").fill(STEP_FREE)
    await rae.press("Save the directions")
    await rae.reads("Saved. The next person")
    await rae.reads(f"Without steps: {STEP_FREE}")
    await on_a_phone_too(rae, "directions-saved")
    await rae.press("Undo the last change")
    await rae.reads("Nothing but the clinic’s name")
    await rae.press("Undo the last change")
    await rae.reads(f"Please wait here: {AREA}")


async def types(kiosk: Device, born: str, family: str) -> None:
    for key in born + family:
        await kiosk.page.locator(f'[data-key="{key}"]').click()


async def asks(kiosk: Device, born: str, family: str, language: str) -> None:
    await kiosk.page.get_by_role("link", name=language).click()
    await kiosk.page.locator("#born").wait_for()
    await types(kiosk, born, family)
    await kiosk.page.locator(".ci-pad__end [type=submit]").click()


async def mistypes_and_tries_again(kiosk: Device) -> None:
    """The same words whatever was wrong; what was typed stays; help stays in reach."""
    said = []
    await asks(kiosk, "03021951", "APP", "English")
    again = kiosk.page.locator("#again")
    await expect(again).to_be_visible()
    said.append(await again.inner_text())
    assert await kiosk.page.locator("#born").input_value() == "03 02 1951"
    await clean(kiosk, "kiosk-mistyped")
    await kiosk.press("Call for help")
    await kiosk.reads("Somebody has been called")
    # While that is told, whoever stands there can still start again or call
    await expect(kiosk.page.locator("[data-told]")).to_be_visible()
    await kiosk.page.get_by_role("button", name="Call for help").click(trial=True)
    await clean(kiosk, "kiosk-help-called")
    await expect(kiosk.page.locator("[data-told]")).to_be_hidden(timeout=15_000)
    # Of somebody else's date, with letters of nobody: not a word differs
    born = kiosk.page.locator("#born")
    await born.click()
    for _ in range(4):
        await kiosk.press("Delete")
    await types(kiosk, "1950", "")
    await kiosk.page.locator("#family").click()
    for _ in range(3):
        await kiosk.press("Delete")
    await types(kiosk, "", "XYZ")
    await kiosk.press("Next")
    await expect(again).to_be_visible()
    said.append(await again.inner_text())
    assert said[0] == said[1]
    for _ in range(3):
        await kiosk.press("Delete")
    await types(kiosk, "", "APP")
    await kiosk.press("Next")
    await kiosk.reads("Your appointments today")


async def confirms_who_is_near(kiosk: Device) -> None:
    """Practice and next of kin are hinted at, never shown, and can be corrected."""
    shown = await kiosk.page.locator("body").inner_text()
    for hidden in ("Quince", "Surgery", "900"):
        assert hidden not in shown
    await kiosk.reads("F… S…")
    await kiosk.reads("R… Q…")
    await kiosk.page.get_by_text("No, something has changed").click()
    await kiosk.page.locator("#new-gp").fill("Larkspur Road Practice")
    await kiosk.page.locator("#new-contact").fill("Alex Quince, brother")
    await kiosk.page.locator("#new-contact_phone").fill("07700 900999")
    await clean(kiosk, "kiosk-visit-kin")
    await kiosk.press("Check in now")
    await kiosk.reads("You are checked in")


async def accepts(rae: Device, program: Program, origin: str) -> None:
    await rae.go(f"{origin}/check-in/desk")
    await rae.reads("Alex Quince, brother")
    await on_a_phone_too(rae, "check-in-desk-kin")
    await rae.press("Accept")
    await rae.reads("Accepted at")
    found = program.get("Patient/anna").json
    assert found["generalPractitioner"] == [{"display": "Larkspur Road Practice"}]
    [kin] = found["contact"]
    assert kin["name"] == {"text": "Alex Quince, brother"}
    assert kin["telecom"][0]["value"] == "07700 900999"
    await rae.press("Undo")
    await rae.page.get_by_role("button", name="Reject").wait_for()
    found = program.get("Patient/anna").json
    assert found["contact"] == KIN["contact"]
    assert found["generalPractitioner"] == KIN["generalPractitioner"]


async def prints_in_polish(kiosk: Device, origin: str) -> None:
    """What the clinic did not translate is said, and marked, in English."""
    await kiosk.go(f"{origin}/kiosk?printer=yes")
    await kiosk.page.get_by_role("link", name="Polski").wait_for()
    await asks(kiosk, "03021950", "BIR", "Polski")
    await kiosk.page.locator("#visit").wait_for()
    await kiosk.page.locator(".ci-end button").click()
    await kiosk.page.locator(".ci-title--done").wait_for()
    way = kiosk.page.locator(".ci-way--way bdi")
    await expect(way).to_have_attribute("lang", "pl")
    await expect(way).to_contain_text("niebieskiej")
    english = kiosk.page.locator(".ci-way--area bdi")
    await expect(english).to_have_attribute("lang", "en")
    await expect(kiosk.page.get_by_role("button", name="Drukuj")).to_be_visible()
    await clean(kiosk, "kiosk-done-polish")
    await kiosk.page.emulate_media(media="print")
    await expect(kiosk.page.get_by_role("button", name="Drukuj")).not_to_be_visible()
    await kiosk.picture("kiosk-done-print")


async def test_a_kiosk_tells_the_way_and_gives_a_second_try(
    server: Served, program: Program, browser: Browser
) -> None:
    program.put(place())
    link, desk = await staff(server, "fernhill", "administrator", "receptionist")
    origin = server.origin
    async with (
        device(browser) as ada,
        device(browser, viewport=PORTRAIT) as kiosk,
        device(browser) as rae,
    ):
        await arrive(rae, desk)
        await writes_the_way(rae, origin)
        await arrive(ada, link)
        await let_in(ada, kiosk, origin)
        await mistypes_and_tries_again(kiosk)
        await confirms_who_is_near(kiosk)
        # Then she reads where to go, in words that the clinic wrote
        await kiosk.reads("Please go to Clinic 3")
        await kiosk.reads(f"Please wait here: {AREA}")
        await kiosk.reads(f"Without steps: {STEP_FREE}")
        await clean(kiosk, "kiosk-done-way")
        # This kiosk has no printer, until somebody says that it has
        await expect(kiosk.page.get_by_role("button", name="Print this")).to_be_hidden()
        await expect(
            kiosk.page.get_by_role("button", name="Call for help")
        ).to_be_visible()
        await accepts(rae, program, origin)
        await prints_in_polish(kiosk, origin)
        assert kiosk.complaints == []
        assert rae.complaints == []


async def slips(rae: Device, origin: str) -> None:
    """A desk prints a slip for who waits: no name, in the person's language."""
    await rae.go(f"{origin}/check-in/slips/of-cem")
    await rae.reads("Please wait here")
    await on_a_phone_too(rae, "slip")
    await rae.page.get_by_role("link", name="العربية").click()
    await rae.page.locator("html[dir=rtl]").wait_for()
    await clean(rae, "slip-arabic")
    assert "Cedar" not in await rae.page.content()
    await rae.page.emulate_media(media="print")
    await rae.picture("slip-print")
    await rae.page.emulate_media(media="screen")


async def link_of(rae: Device, origin: str, id_: str) -> str:
    await rae.go(f"{origin}/check-in/links/of-{id_}")
    await rae.press("Make the link")
    await rae.reads("It is not shown again")
    return await rae.page.locator("main strong").last.inner_text()


async def tells_facts(phone: Device, address: str, letters: str) -> None:
    await phone.go(address)
    await phone.page.get_by_label("Your date of birth").fill("3 2 1950")
    await phone.page.get_by_label("The first 3 letters").fill(letters)
    await phone.press("Next")


async def waits_for_two_clinics(phone: Device, address: str) -> None:
    """Both are said; where to go first stays on the page that she waits on."""
    await tells_facts(phone, address, "Dam")
    await phone.reads("Clinic 9")
    await clean(phone, "phone-visit-two")
    await phone.press("Check in now")
    await phone.arrives("/waiting/1/of-dora?in=en")
    for words in (
        "People before you",
        "Please go to Clinic 3",
        f"Please wait here: {AREA}",
        "Clinic 9. Your number is",
    ):
        await phone.reads(words)
    await clean(phone, "phone-waiting-way")
    await phone.page.reload()
    await phone.reads(f"Please wait here: {AREA}")


async def is_called_and_seen(phone: Device, dan: Device, origin: str) -> None:
    await dan.go(f"{origin}/clinics/{CLINIC}?room=Room+4")
    await dan.page.get_by_text("Live ·").wait_for()
    row = dan.page.locator("#a-of-dora")
    await row.get_by_role("button", name="Call").click()
    await dan.page.wait_for_url("**said=called**")
    await row.get_by_text("Called", exact=True).wait_for()
    await phone.page.reload()
    await phone.reads("You are being called: Room 4")
    await clean(phone, "phone-called")
    await row.get_by_role("button", name="Begin").click()
    await dan.page.wait_for_url("**said=begun**")
    await row.locator("select").select_option("discharged")
    await row.get_by_role("button", name="End the visit").click()
    await row.get_by_text("Seen", exact=True).wait_for()
    await phone.page.reload()
    await phone.reads("Thank you. This visit is over.")
    await clean(phone, "phone-visit-over")


async def test_a_phone_knows_the_way_and_each_state_has_a_plain_answer(
    server: Served, program: Program, browser: Browser
) -> None:
    program.put(place())
    desk, doctor = await staff(server, "fernhill", "receptionist", "doctor")
    origin = server.origin
    async with (
        device(browser) as rae,
        device(browser) as dan,
        device(browser, viewport=PHONE) as phone,
    ):
        await arrive(rae, desk)
        await rae.go(f"{origin}/check-in/directions/{CLINIC}")
        await rae.page.locator("#area-en").fill(AREA)
        await rae.press("Save the directions")
        await rae.reads("Saved. The next person")
        await slips(rae, origin)
        for id_, letters, said in (
            ("early", "Ear", early_words()),
            ("late", "Lat", "Your appointment was at"),
            ("gone", "Gor", "This appointment was cancelled"),
        ):
            await tells_facts(phone, await link_of(rae, origin, id_), letters)
            await phone.reads(said)
            await clean(phone, f"phone-{id_}")
        await waits_for_two_clinics(phone, await link_of(rae, origin, "dora"))
        await arrive(dan, doctor)
        await is_called_and_seen(phone, dan, origin)
        for own in (rae, dan, phone):
            assert own.complaints == []


async def test_of_two_who_write_the_way_at_once_nobody_loses_a_word(
    server: Served, browser: Browser
) -> None:
    links = await staff(server, "fernhill", "receptionist", "shift_lead")
    async with device(browser) as rae, device(browser) as mo:
        for own, link in zip((rae, mo), links, strict=True):
            await arrive(own, link)
            await own.go(f"{server.origin}/check-in/directions/clinic-9")
        await rae.page.locator("#area-en").fill("the green chairs")
        await rae.press("Save the directions")
        await rae.reads("Saved. The next person")
        await mo.page.locator("#area-en").fill("the red chairs")
        await mo.press("Save the directions")
        await mo.reads("Somebody else changed the directions while you wrote")
        await mo.reads("Please wait here: the green chairs")
        await expect(mo.page.locator("#area-en")).to_have_value("the red chairs")
        await clean(mo, "directions-meanwhile")
        await mo.press("Save the directions")
        await mo.reads("Please wait here: the red chairs")


async def test_who_has_no_desk_writes_no_way_and_prints_no_slip(
    server: Served, browser: Browser
) -> None:
    [doctor] = await staff(server, "fernhill", "doctor")
    async with device(browser) as dan:
        await arrive(dan, doctor)
        for path in (f"/check-in/directions/{CLINIC}", "/check-in/slips/of-cem"):
            await dan.go(f"{server.origin}{path}")
            await dan.reads("Your role does not include this page")


async def pairs_a_screen(rae: Device, screen: Device, origin: str) -> None:
    await rae.go(f"{origin}/clinics/{CLINIC}/screens")
    await rae.press("Add a screen")
    code = await rae.page.locator(".nhsuk-heading-xl").inner_text()
    await screen.go(f"{origin}/screen")
    await screen.page.get_by_label("The code from the clinic’s page").fill(code)
    await screen.press("Use this device as a screen")
    await screen.reads("Live, ")


def starts_of(program: Program, id_: str) -> datetime:
    said = program.get(f"Appointment/of-{id_}").json["start"]
    return datetime.fromisoformat(said)


def seconds_since(moment: datetime) -> float:
    return (SystemClock().now() - moment).total_seconds()


def minutes_since(moment: datetime) -> int:
    return int(seconds_since(moment) // 60)


async def test_whoever_waits_is_told_that_the_clinic_runs_late(
    server: Served, program: Program, browser: Browser
) -> None:
    """On the waiting room's screen and on a slip, from what was done in it today."""
    desk, doctor = await staff(server, "fernhill", "receptionist", "doctor")
    for id_, minutes in (("hal", -32.0), ("ivy", -32.0), ("jo", -32.0), ("kit", 10.0)):
        program.put(person(id_, "Hazel", id_.title(), "1948-07-29"))
        program.put(appointment(id_, minutes=minutes))
    async with (
        device(browser) as rae,
        device(browser) as dan,
        device(browser, viewport={"width": 1920, "height": 1080}) as screen,
    ):
        await arrive(rae, desk)
        await arrive(dan, doctor)
        for own in (rae, dan):
            await own.go(f"{server.origin}/clinics/{CLINIC}?room=Room+2")
            await own.page.get_by_text("Live ·").wait_for()
        for id_ in ("hal", "ivy", "jo", "kit"):
            mine = rae.page.locator(f"#a-of-{id_}")
            await mine.get_by_role("button", name="Check in").click()
            # The list is told before the answer is here: wait for the page itself
            await rae.page.wait_for_url(f"**said=in&of=of-{id_}**")
            await mine.get_by_text("Waiting", exact=True).wait_for()
        # When the latest three began half an hour after their time; just after
        # midnight it is less, for today's appointments are today's
        planned = [starts_of(program, id_) for id_ in ("hal", "ivy", "jo")]
        await asyncio.sleep(max(0.0, 60 - seconds_since(planned[-1])))
        least = minutes_since(planned[-1])
        for id_ in ("hal", "ivy", "jo"):
            mine = dan.page.locator(f"#a-of-{id_}")
            await mine.get_by_role("button", name="Begin").click()
            await dan.page.wait_for_url(f"**said=begun&of=of-{id_}**")
            await mine.get_by_text("In the room", exact=True).wait_for()
        late = range(least, minutes_since(planned[0]) + 1)
        said = "|".join(sorted({str(rounded(one)) for one in late}))
        words = re.compile(f"This clinic is running about ({said}) minutes late")
        await pairs_a_screen(rae, screen, server.origin)
        await screen.page.get_by_text(words).first.wait_for()
        await clean(screen, "screen-late")
        await rae.go(f"{server.origin}/check-in/slips/of-kit")
        await rae.page.get_by_text(words).first.wait_for()
        await clean(rae, "slip-late")
        for own in (rae, dan, screen):
            assert own.complaints == []


async def test_a_list_that_changes_comes_without_asking_and_without_a_name(
    server: Served, program: Program, browser: Browser
) -> None:
    """Pushed as it is: the page has its names from when it was opened."""
    desk, doctor = await staff(server, "fernhill", "receptionist", "doctor")
    program.put(person("fay", "Foxgrove", "Fay"))
    program.put(appointment("fay"))
    async with device(browser) as rae, device(browser) as dan:
        for own, link in ((rae, desk), (dan, doctor)):
            await arrive(own, link)
            await own.go(f"{server.origin}/clinics/{CLINIC}?room=Room+7")
            await own.page.get_by_text("Live ·").wait_for()
        asked: list[str] = []
        for own in (rae, dan):
            own.page.on("request", lambda one: asked.append(one.url))
        row = "#a-of-fay"
        await rae.page.locator(row).get_by_role("button", name="Check in").click()
        mine = dan.page.locator(row)
        await mine.get_by_text("Waiting", exact=True).wait_for(timeout=5_000)
        await expect(mine).to_contain_text("FOXGROVE")
        # A room has its own buttons still, with its own room in them; a desk has none
        await expect(mine.locator("[name=room]").first).to_have_value("Room 7")
        await expect(mine.get_by_role("button", name="Call")).to_be_visible()
        theirs = rae.page.locator(row)
        await theirs.get_by_text("Waiting", exact=True).wait_for(timeout=5_000)
        await expect(theirs.get_by_role("button", name="Call")).to_have_count(0)
        assert not [one for one in asked if "/now" in one]


async def test_a_desk_cannot_listen_to_a_rooms_list(
    server: Served, browser: Browser
) -> None:
    [desk] = await staff(server, "fernhill", "receptionist")
    async with device(browser) as rae:
        await arrive(rae, desk)
        for part, status in (("now", 200), ("rooms/now", 403)):
            given = await rae.page.request.get(
                f"{server.origin}/clinics/{CLINIC}/{part}"
            )
            assert given.status == status, part
            await asyncio.sleep(0)
