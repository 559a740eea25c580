# SPDX-License-Identifier: Apache-2.0
"""A call's questions: to an ambulance, to a clinician's queue, and what is killed."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, ViewportSize, expect

from support.chromium import PHONE, Device, arrive, chromium, clean, device
from support.losses import database_of, kill, own_browser, pull_the_plug, sign_in
from support.program import Json, Program
from support.served import Served, eventually, served
from support.triage import put_into_use
from support.wards import Worker, patient, practitioner, put_to_work
from wardkeep.base.clock import SystemClock
from wardkeep.fhir.triage.library import engine_of, shipped_content
from wardkeep.fhir.triage.record import LOG, disproved, stored_in

pytestmark = pytest.mark.asyncio(loop_scope="module")
TIM = Worker("health_advisor", "Tim Taker", "tim")
ADULTS, CHILDREN = "adult-danger-signs", "child-danger-signs"
BABY = (SystemClock().now() - timedelta(days=100)).date().isoformat()
PEOPLE = {"ada": "1980-02-03", "cat": BABY, "dan": "1990-02-03"}
NARROW: ViewportSize = {"width": PHONE["width"], "height": PHONE["height"]}
WIDE: ViewportSize = {"width": 1280, "height": 900}
PAINT_MS = 100
KEPT_SECONDS = 1.0
READ_SECONDS = 0.25
"""Nobody reads a question faster; a key before is taken for a slip."""
WATCH = """() => {
  const card = document.getElementById("asking");
  window.paints = [];
  let keyed = 0;
  window.addEventListener("keydown", () => { keyed = performance.now(); }, true);
  new MutationObserver(() => {
    if (!keyed) return;
    const began = keyed;
    keyed = 0;
    requestAnimationFrame(() => window.paints.push(performance.now() - began));
  }).observe(card, { childList: true, subtree: true, characterData: true });
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("questions")) as running:
        running.found("fernhill")
        yield running


@pytest.fixture(scope="module")
def program(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    keys = tmp_path_factory.mktemp("keys")
    with closing(Program(server, keys, organisation="fernhill")) as running:
        running.put(practitioner(TIM))
        for id_, born in PEOPLE.items():
            running.put(patient(id_, f"{id_.title()}wood") | {"birthDate": born})
        folder = tmp_path_factory.mktemp("content")
        put_into_use(server, folder, "fernhill", ADULTS, CHILDREN)
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tim(
    browser: Browser, server: Served, program: Program
) -> AsyncIterator[Device]:
    assert program.token
    links = await put_to_work(server, "fernhill", (TIM,), ())
    async with device(browser) as own:
        await arrive(own, links["Tim Taker"])
        yield own


async def keys(own: Device, *said: str) -> None:
    for one in said:
        await own.page.keyboard.press(one)
        await asyncio.sleep(READ_SECONDS)


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


async def rings(own: Device, server: Served, id_: str, number: str) -> None:
    """A call about somebody who is here, to its questions; by keyboard alone."""
    await own.go(f"{server.origin}/calls")
    await tab_to(own, "Number to ring back on")
    await own.page.keyboard.type(number)
    await own.page.keyboard.press("Enter")
    await own.page.locator("html.wk-saves-itself").wait_for()
    if id_ == "cat":
        await tab_to(own, "The patient")
        await keys(own, "ArrowDown", "Tab")
        await own.page.keyboard.type("Marigold")
    await tab_to(own, "What is the matter")
    await own.page.keyboard.type("Feels odd")
    await tab_to(own, "Surname")
    await own.page.keyboard.type(f"{id_.title()}wood")
    await own.page.keyboard.press("Tab")
    await own.page.keyboard.type("Ann")
    await own.page.keyboard.press("Enter")
    await own.reads("Is it one of these?")
    await tab_to(own, "This is the patient")
    await own.page.keyboard.press("Enter")
    await own.reads("To know first")
    await clean(own, f"call-before-questions-{id_}")
    await tab_to(own, "Ask the questions")
    await own.page.keyboard.press("Enter")
    await own.page.locator("html.wk-saves-itself").wait_for()
    await expect(own.page.locator("#asking")).to_be_focused()
    await asyncio.sleep(READ_SECONDS)


async def shows(own: Device, words: str) -> None:
    now = own.page.locator("#asked-now")
    await expect(now).to_contain_text(words, timeout=30_000)


def triages(program: Program, id_: str) -> list[Json]:
    found = program.search("QuestionnaireResponse", ("patient", id_)).resources
    return [one for one in found if LOG in str(one)]


def is_the_calls(program: Program, id_: str, content: str) -> Json:
    """One triage, of the call, that a replay comes to again."""
    [made] = triages(program, id_)
    [request] = program.search("ServiceRequest", ("patient", id_)).resources
    assert made["encounter"] == request["encounter"]
    stored = stored_in(msgspec.json.encode(made))
    assert stored is not None
    assert disproved(engine_of(shipped_content(content)), stored) is None
    return made


async def test_a_call_by_keyboard_to_an_ambulance(
    server: Served, program: Program, tim: Device
) -> None:
    await rings(tim, server, "ada", "01632960661")
    await shows(tim, "are they only gasping?")
    await clean(tim, "call-questions")
    await tim.page.evaluate(WATCH)
    await keys(tim, *"22222")
    await shows(tim, "Has your mouth, face or throat")
    # The last answer is taken back, and answered anew
    await keys(tim, "Backspace")
    await shows(tim, "Are you bleeding heavily")
    await keys(tim, *"22223")
    # Not sure of chest pain, which is a danger sign
    await shows(tim, "Danger sign: Chest pain")
    paints = await tim.page.evaluate("window.paints")
    assert len(paints) >= 10
    assert max(paints) <= PAINT_MS, paints
    await expect(tim.page.locator("#disposition")).to_have_value("ambulance-2")
    await expect(tim.page.locator("#said")).to_have_value("Found: Chest pain.")
    assert "call 999 at once" in await tim.page.locator("#advice").input_value()
    await ends(tim)
    made = is_the_calls(program, "ada", ADULTS)
    assert made["status"] == "completed"
    assert made["source"] == {"reference": "Patient/ada"}
    assert tim.complaints == []


async def ends(tim: Device) -> None:
    """A call that came to an ambulance, which is on its way five seconds later."""
    # No key takes it back
    await keys(tim, "Backspace", "2")
    await shows(tim, "Danger sign: Chest pain")
    await clean(tim, "call-questions-flag")
    await tim.page.locator("#log").evaluate("one => one.closest('details').open = true")
    log = await tim.page.locator("#log").input_value()
    assert "heavyBleeding | taken back" in log
    assert log.splitlines()[-1].endswith("chestPain | not-sure")
    await tab_to(tim, "End the call")
    await tim.page.keyboard.press("Enter")
    await tim.reads("Ambulance, category 2")
    await tim.reads("Stop: do not send it")


async def test_a_call_about_a_baby_to_a_clinicians_queue_on_a_phone(
    server: Served, program: Program, tim: Device
) -> None:
    await tim.page.set_viewport_size(NARROW)
    await rings(tim, server, "cat", "01632960662")
    await shows(tim, "Are they not breathing")
    await tim.reads("Asked about the patient: somebody else is ringing.")
    await clean(tim, "call-questions-phone")
    # About a baby: in words for one, and of what is asked of babies alone
    await keys(tim, "2")
    await shows(tim, "Can the baby not be woken")
    links = list(shipped_content(CHILDREN).items)
    await keys(tim, *["2"] * (links.index("strangeCry") - 1))
    await shows(tim, "Is their cry weak or high")
    await clean(tim, "call-questions-baby-phone")
    await keys(tim, "2")
    await shows(tim, "Is the baby under 3 months old")
    # All but the one about pregnancy are asked
    await keys(tim, *["2"] * (len(links) - 1 - links.index("babyFever")))
    await shows(tim, "It comes to: Speak to a clinician at once")
    await clean(tim, "call-questions-end-phone")
    await tab_to(tim, "End the call")
    await tim.page.keyboard.press("Enter")
    await tim.reads("How it ended")
    await tim.reads("Speak to a clinician at once")
    made = is_the_calls(program, "cat", CHILDREN)
    assert made["source"]["reference"].startswith("RelatedPerson/")
    [task] = program.search("Task", ("patient", "cat")).resources
    assert task["status"] == "requested"
    await tim.page.set_viewport_size(WIDE)
    assert tim.complaints == []


async def test_processes_and_the_browser_are_killed_between_two_questions(
    server: Served, program: Program, tim: Device, tmp_path: Path
) -> None:
    assert program.token
    await rings(tim, server, "dan", "01632960663")
    address = tim.page.url
    following = {
        "web": "are they drifting off",
        "warden": "Are you choking",
        "database": "Are you having a fit",
    }
    for name, words in following.items():
        before = running(server, name)
        kill(before)
        # What a key leads to was there before; the next is asked for until it comes
        await keys(tim, "2")
        await is_back(server, name, before)
        await expect(tim.page.locator("#asking-trouble")).to_be_empty(timeout=30_000)
        await shows(tim, words)
    await tim.page.locator('#kept-state[data-is="saved"]').wait_for(timeout=30_000)
    await tim.go(address)
    await shows(tim, "Are you having a fit")
    await tim.page.locator("html.wk-saves-itself").wait_for()
    # And on another computer, whose browser is killed a second after an answer
    await loses_a_browser(tim, server, address, tmp_path / "profile")


async def loses_a_browser(
    tim: Device, server: Served, address: str, profile: Path
) -> None:
    passkeys = await tim.passkeys()
    async with own_browser(profile) as own:
        await own.take_passkeys(passkeys)
        await sign_in(own, server.origin)
        await own.go(address)
        await own.page.locator("html.wk-saves-itself").wait_for()
        await expect(own.page.locator("#asking")).to_be_focused()
        await asyncio.sleep(READ_SECONDS)
        await keys(own, "2", "2")
        await shows(own, "Has your mouth")
        await asyncio.sleep(KEPT_SECONDS)
        passkeys = await own.passkeys()
        pull_the_plug(profile)
        await asyncio.sleep(1)
    async with own_browser(profile) as own:
        await own.take_passkeys(passkeys)
        await sign_in(own, server.origin)
        await own.go(address)
        await shows(own, "Has your mouth")
        await own.context.close()


def running(server: Served, name: str) -> int:
    return database_of(server) if name == "database" else server.child(name)


async def is_back(server: Served, name: str, before: int) -> None:
    await asyncio.to_thread(
        eventually, lambda: running(server, name) not in (0, before), server.log
    )
    await asyncio.to_thread(server.await_ready)
