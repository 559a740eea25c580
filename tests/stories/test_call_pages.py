# SPDX-License-Identifier: Apache-2.0
"""A call, from the number to ring back on to its end, whatever is killed."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, expect

from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.house import free_port
from support.losses import database_of, kill, own_browser, pull_the_plug, sign_in
from support.program import Program
from support.served import Served, eventually, served
from support.wards import Worker, patient, practitioner, put_to_work
from wardkeep.assembly.synthetic_pds import demo_people

pytestmark = pytest.mark.asyncio(loop_scope="module")
TIM = Worker("health_advisor", "Tim Taker", "tim")
UMA = Worker("health_advisor", "Uma Taker", "uma")
KEPT_SECONDS = 1.0
"""How old a field may be that comes back after a crash."""


@contextmanager
def national_index(port: int) -> Iterator[str]:
    """The demonstration's own, as a process."""
    address = f"http://127.0.0.1:{port}"
    running = subprocess.Popen(
        [sys.executable, "-m", "wardkeep.cli", "synthetic-pds"],
        env={**os.environ, "WARDKEEP_PDS": address},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield address
    finally:
        running.terminate()
        running.wait(20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("calls")
    with (
        national_index(free_port()) as index,
        served(folder, WARDKEEP_PDS=index) as running,
    ):
        running.found("fernhill")
        yield running


@pytest.fixture(scope="module")
def program(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    keys = tmp_path_factory.mktemp("keys")
    with closing(Program(server, keys, organisation="fernhill")) as running:
        for one in map(practitioner, (TIM, UMA)):
            running.put(one)
        yield running


@pytest.fixture(scope="module")
def links(server: Served, program: Program) -> dict[str, str]:
    assert program.token
    return asyncio.run(put_to_work(server, "fernhill", (TIM, UMA), ()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tim(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser) as own:
        await arrive(own, links["Tim Taker"])
        yield own


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def uma(browser: Browser, links: dict[str, str]) -> AsyncIterator[Device]:
    async with device(browser, viewport=PHONE) as own:
        await arrive(own, links["Uma Taker"])
        yield own


def warn(program: Program, id_: str, code: str, words: str, until: str) -> None:
    """A flag of somebody, as another service sent it."""
    program.put(
        {
            "resourceType": "Flag",
            "id": f"{id_}-{code.lower()}",
            "status": "active",
            "category": [
                {
                    "coding": [
                        {
                            "system": "https://fhir.nhs.uk/CodeSystem/"
                            "flag-categories-bars",
                            "code": code,
                        }
                    ]
                }
            ],
            "code": {"text": words},
            "subject": {"reference": f"Patient/{id_}"},
            "period": {"start": "2026-01-02", "end": until},
        }
    )


async def keys(own: Device, *said: str) -> None:
    """Press keys by name, or type what is no key, one after another."""
    for one in said:
        if one in ("Tab", "Shift+Tab", "Enter", "Space", "ArrowDown", "Home"):
            await own.page.keyboard.press(one)
        else:
            await own.page.keyboard.type(one)


async def tab_to(own: Device, name: str) -> None:
    """Go on by the tabulator until the control with this name has the focus."""
    for _ in range(60):
        held = await own.page.evaluate(
            "() => { const on = document.activeElement;"
            " return (on.labels?.[0]?.textContent || on.textContent || '').trim(); }"
        )
        if held.startswith(name):
            return
        await own.page.keyboard.press("Tab")
    raise AssertionError(name)


async def ready(own: Device) -> None:
    await own.page.locator("html.wk-saves-itself").wait_for()


async def test_a_call_is_answered_by_keyboard_alone(
    server: Served, program: Program, tim: Device
) -> None:
    program.put(patient("hazel", "Hazelton", "9990000069"))
    warn(program, "hazel", "SS", "A loose dog in the yard.", "2099-01-01")
    warn(program, "hazel", "API", "Known to the heart team.", "2099-01-01")
    warn(program, "hazel", "RA", "Hears badly.", "2026-02-03")
    await tim.go(server.origin)
    await tim.arrives("/calls")
    await clean(tim, "calls-none")
    # Given a telephone that rings, when the number is typed first
    await tab_to(tim, "Number to ring back on")
    await keys(tim, "07700 900 151", "Enter")
    await tim.reads("A call: not known yet who it is about")
    await ready(tim)
    assert await tim.page.locator("#number").input_value() == "07700900151"
    await clean(tim, "call-details")
    await says_who_it_is(tim)
    await reads_what_is_known(tim)
    await says_what_is_the_matter(tim)
    await ends(tim)
    assert tim.complaints == []


async def says_who_it_is(tim: Device) -> None:
    # When the caller is somebody else
    await tab_to(tim, "The patient")
    await keys(tim, "ArrowDown", "Tab", "Marigold", "Tab", "daughter", "Tab")
    await keys(tim, "4 Teasel Row", "Tab", "ZZ91 1AA", "Tab", "Tab")
    await keys(tim, "Hazelton", "Tab", "Ann", "Enter")
    # Then whoever is here already is found, and the national index has its say
    await tim.reads("Is it one of these?")
    await tim.reads("HAZELTON, Ann")
    await tim.reads("Too little to trace by")
    await clean(tim, "call-found")
    assert await tim.page.locator("#caller").input_value() == "Marigold"
    await tab_to(tim, "This is the patient")
    await keys(tim, "Enter")


async def reads_what_is_known(tim: Device) -> None:
    # Danger is read first, and by itself
    await tim.reads("Read this before you go on")
    await clean(tim, "call-stop")
    # A key that is held down reads nothing
    await keys(tim, "Enter")
    await tim.reads("Read this before you go on")
    await tab_to(tim, "I have read it")
    await keys(tim, "Enter")
    await tim.reads("To know first")
    await tim.reads("Known to the heart team.")
    await tim.reads("No longer in force: ended 03-Feb-2026")
    await tim.reads("Marigold (daughter)")


async def says_what_is_the_matter(tim: Device) -> None:
    await tab_to(tim, "Go on with the details")
    await keys(tim, "Enter")
    await ready(tim)
    await tab_to(tim, "What is the matter")
    await keys(tim, "She cannot catch her breath.")
    await tab_to(tim, "Go on with the call")
    await keys(tim, "Enter")
    await tim.reads("She cannot catch her breath.")
    await clean(tim, "call")


async def ends(tim: Device) -> None:
    """How it ended, by keyboard, and what the page says then."""
    await tab_to(tim, "End the call")
    await keys(tim, "Enter")
    await ready(tim)
    await tab_to(tim, "What it comes to")
    await keys(tim, "Speak to a clinician within 1")
    await tab_to(tim, "What was said and agreed")
    await keys(tim, "A clinician rings back within the hour.")
    await clean(tim, "call-end")
    await tab_to(tim, "End the call")
    await keys(tim, "Enter")
    await tim.reads("Speak to a clinician within 1 hour")
    await tim.reads("A clinician rings back within the hour.")
    await clean(tim, "call-ended")


async def begin(own: Device, server: Served, number: str) -> str:
    """A call that was just answered; its address."""
    await own.go(f"{server.origin}/calls")
    await own.page.get_by_label("Number to ring back on").fill(number)
    await own.press("Answer the call")
    await ready(own)
    return own.page.url


async def test_a_call_on_a_narrow_screen_about_somebody_nobody_knows(
    server: Served, uma: Device
) -> None:
    await begin(uma, server, "01632960111")
    await clean(uma, "call-details-phone")
    await uma.page.locator("#family").fill("Zz")
    await uma.press("Look for this person")
    await uma.reads("Too little to look somebody up by")
    await clean(uma, "call-too-little-phone")
    await uma.page.locator("#family").fill("Nobodyson")
    await uma.page.locator("#given").fill("Nora")
    await uma.press("Look for this person")
    await uma.reads("Nobody here matches")
    await clean(uma, "call-nobody-phone")
    await uma.press("Go on with the call")
    await uma.reads("What is the matter is missing")
    await uma.page.locator("#complaint").fill("A burn from a kettle.")
    await uma.press("Go on with the call")
    await uma.reads("NOBODYSON, Nora")
    await uma.reads("Not asked, so that it is unverified.")
    await clean(uma, "call-phone")
    await uma.go(f"{server.origin}/calls")
    await uma.reads("NOBODYSON, Nora")
    await clean(uma, "calls-phone")
    assert uma.complaints == []


async def test_the_national_index_says_whom_it_knows(
    server: Served, program: Program, tim: Device
) -> None:
    people = demo_people()
    known = next(one for one in people if "deceasedDateTime" not in one)
    name, born = known["name"][0], known["birthDate"]
    await begin(tim, server, "01632960333")
    await tim.page.locator("#family").fill(name["family"])
    await tim.page.locator("#given").fill(name["given"][0])
    for part, said in zip(("year", "month", "day"), born.split("-"), strict=True):
        await tim.page.locator(f"#born-{part}").fill(said)
    await tim.press("Look for this person")
    await tim.page.locator('.wk-call__trace[data-status="verified"]').wait_for()
    await tim.reads("Verified: the national index knows this person")
    await clean(tim, "call-verified")
    # What nobody typed is filled in, and is verified in the record
    [number] = [one["value"] for one in known["identifier"] if "nhs" in one["system"]]
    await expect(tim.page.locator("#nhs_number")).to_have_value(number)
    await tim.page.locator("#complaint").fill("Earache.")
    await tim.press("Go on with the call")
    await tim.reads("To know first")
    await tim.reads("Verified: the national index knows")
    id_ = tim.page.url.split("/patients/")[1].partition("/")[0]
    [made] = program.search("Patient", ("_id", id_)).resources
    [told] = made["identifier"]
    status = told["extension"][0]["valueCodeableConcept"]["coding"][0]["code"]
    assert (told["value"], status) == (number, "01")


@pytest.mark.parametrize("name", ["web", "warden", "database"])
async def test_a_process_is_killed_in_mid_call(
    server: Served, tim: Device, name: str
) -> None:
    def running() -> int:
        return database_of(server) if name == "database" else server.child(name)

    number = {"web": "01632960221", "warden": "01632960222"}.get(name, "01632960223")
    address = await begin(tim, server, number)
    await tim.page.locator("#where").fill("On the moor")
    await tim.page.locator("#complaint").focus()
    await keys(tim, "Before. ")
    before = running()
    kill(before)
    await keys(tim, "While it was gone. ")
    await is_back(server, running, before)
    await keys(tim, "After.")
    await tim.page.locator('#kept-state[data-is="saved"]').wait_for(timeout=30_000)
    await tim.go(address)
    await has(tim, address, "#complaint", "Before. While it was gone. After.")
    assert await tim.page.locator("#where").input_value() == "On the moor"


async def is_back(server: Served, running: Callable[[], int], before: int) -> None:
    await asyncio.to_thread(
        eventually, lambda: running() not in (0, before), server.log
    )
    await asyncio.to_thread(server.await_ready)


async def has(own: Device, address: str, field: str, words: str) -> None:
    """Wait until a field has just these words: pages load anew as texts come in."""
    for _ in range(40):
        with suppress(Error):
            await own.go(address)
            await ready(own)
            if await own.page.locator(field).input_value() == words:
                return
        await asyncio.sleep(0.25)
    assert await own.page.locator(field).input_value() == words


async def test_a_killed_browser_has_every_field_of_a_second_before(
    server: Served, tim: Device, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    passkeys = await tim.passkeys()
    async with own_browser(profile) as own:
        await own.take_passkeys(passkeys)
        await sign_in(own, server.origin)
        address = await begin(own, server, "01632960444")
        await own.page.locator("#family").fill("Kestrelby")
        await own.page.locator("#gender").select_option("female")
        await own.page.locator("#complaint").focus()
        await keys(own, "My chest is tight")
        await asyncio.sleep(KEPT_SECONDS)
        passkeys = await own.passkeys()
        pull_the_plug(profile)
        await asyncio.sleep(1)
    async with own_browser(profile) as own:
        await own.take_passkeys(passkeys)
        await sign_in(own, server.origin)
        # Then the call is on the list, and whole
        await own.go(f"{server.origin}/calls")
        await own.reads("Not known yet who it is about")
        await has(own, address, "#complaint", "My chest is tight")
        assert await own.page.locator("#family").input_value() == "Kestrelby"
        await expect(own.page.locator("#gender")).to_have_value("female")
        assert await own.page.locator("#number").input_value() == "01632960444"
        passkeys = await own.passkeys()
        await own.context.close()
    await tim.plug_in()
    await tim.take_passkeys(passkeys)


async def test_whoever_rings_again_goes_on_with_another_call_taker(
    server: Served, program: Program, tim: Device, uma: Device
) -> None:
    program.put(patient("rowan", "Rowanby", "9990000077"))
    await begin(tim, server, "01632960555")
    await tim.page.locator("#nhs_number").fill("999 000 0077")
    await tim.page.locator("#complaint").fill("Fell from a ladder.")
    await tim.press("Look for this person")
    await tim.page.get_by_role("button", name="This is the patient").click()
    await tim.reads("Fell from a ladder.")
    # When the line breaks and another answers
    await uma.go(f"{server.origin}/calls")
    await uma.page.get_by_label("Number to ring back on").fill("01632 960 555")
    await uma.press("Answer the call")
    await uma.reads("Somebody rang from this number just before")
    await clean(uma, "calls-dropped-phone")
    await uma.page.get_by_role("button", name="Go on with it").click()
    await uma.reads("Fell from a ladder.")
    await clean(uma, "call-taken-over-phone")
