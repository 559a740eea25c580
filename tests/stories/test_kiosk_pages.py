# SPDX-License-Identifier: Apache-2.0
"""A kiosk is let in, checks people in, forgets them, and is ended."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, suppress

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, Locator, expect

from support.arrivals import (
    appointment,
    early_words,
    fill,
    let_in,
    person,
    place,
    staff,
)
from support.chromium import Device, arrive, chromium, clean, device
from support.program import Program
from support.served import Served, served

pytestmark = pytest.mark.asyncio(loop_scope="module")
PORTRAIT = {"width": 1080, "height": 1920}
LANDSCAPE = {"width": 1280, "height": 800}
SMALLEST_TARGET = 64
_EXPORT = """async () => {
  const own = await new Promise((resolve, reject) => {
    const opening = indexedDB.open("wardkeep-kiosk", 1);
    opening.onerror = reject;
    opening.onsuccess = () => {
      const asked = opening.result.transaction("own").objectStore("own").get("kiosk");
      asked.onsuccess = () => resolve(asked.result);
    };
  });
  const tried = [];
  for (const kind of ["jwk", "pkcs8", "raw"])
    tried.push(await crypto.subtle.exportKey(kind, own.key)
      .then(() => "out", (error) => error.name));
  return [own.key.extractable, JSON.stringify(own.key), ...tried];
}"""
_KEPT = """async () => JSON.stringify([
  Object.entries(localStorage), Object.entries(sessionStorage), document.cookie,
  (await indexedDB.databases()).map((one) => one.name), (await caches.keys())])"""
FORGOTTEN = '[[],[],"",["wardkeep-kiosk"],[]]'
"""The empty store of a key that is gone."""
_SMALL = """() => [...document.querySelectorAll("button, a, input:not([type=hidden])")]
  .filter((one) => one.checkVisibility())
  .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
  .filter(([, box]) => box.height < 63.5).map(([html]) => html)"""
QUESTIONS = {
    "resourceType": "Questionnaire",
    "id": "arrival",
    "status": "active",
    "title": "Before you are seen",
    "code": [{"system": "urn:wardkeep:questionnaire", "code": "check-in"}],
    "item": [
        {
            "linkId": "interpreter",
            "type": "boolean",
            "text": "Do you need an interpreter?",
            "required": True,
        },
        {
            "linkId": "which",
            "type": "string",
            "text": "Which language?",
            "required": True,
            "enableWhen": [
                {
                    "question": "interpreter",
                    "operator": "=",
                    "answerBoolean": True,
                }
            ],
        },
    ],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("kiosks")) as running:
        running.found("fernhill")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="fernhill")) as program:
            fill(
                program,
                ("anna", "Appleyard", "Anna"),
                ("bea", "Birch", "Bea"),
                ("cem", "Cedar", "Cem"),
            )
            program.put(place("clinic-9", "Clinic 9"))
            for id_, minutes in (("early", 150.0), ("late", -40.0)):
                program.put(person(id_, id_.title(), "Sam"))
                program.put(appointment(id_, minutes=minutes))
            program.put(QUESTIONS)
        yield running


@pytest.fixture(scope="module")
def link(server: Served) -> str:
    return asyncio.run(staff(server, "fernhill", "administrator"))[0]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def targets_are_large(kiosk: Device) -> None:
    small = await kiosk.page.evaluate(_SMALL)
    assert small == []


async def types(kiosk: Device, born: str, family: str) -> None:
    """With the fingers, on the screen's own keys."""
    for key in born + family:
        await kiosk.page.locator(f'[data-key="{key}"]').click()


async def asks(kiosk: Device, born: str, family: str, language: str) -> None:
    await kiosk.page.get_by_role("link", name=language).click()
    await kiosk.page.locator("#born").wait_for()
    await types(kiosk, born, family)
    await kiosk.page.locator(".ci-pad__end [type=submit]").click()


async def is_asked_anew(kiosk: Device, question: Locator) -> None:
    """Where the clinic changed its questions meanwhile, they are asked anew."""
    await kiosk.page.eval_on_selector("[name=asked]", "one => { one.value += '0'; }")
    await kiosk.press("Check in now")
    await kiosk.page.get_by_role("link", name="A few questions").wait_for()
    await expect(question.get_by_label("Yes")).not_to_be_checked()
    await expect(kiosk.page.locator("#new-phone")).to_have_value("07700 900999")
    await clean(kiosk, "kiosk-visit-anew")
    await question.get_by_text("Yes").click()


async def checks_in_with_questions(kiosk: Device) -> None:
    # When Anna touches her language and gives two facts
    await kiosk.page.get_by_role("link", name="English").click()
    await kiosk.page.locator("#born").wait_for()
    await clean(kiosk, "kiosk-facts")
    await targets_are_large(kiosk)
    await types(kiosk, "03021950", "APP")
    await expect(kiosk.page.locator("#born")).to_have_value("03 02 1950")
    await kiosk.press("Next")
    # Then she sees when she is expected, and the end of what is known of her
    await kiosk.reads("Clinic 3")
    await kiosk.reads("ending 456")
    assert "900" not in await kiosk.page.locator("body").inner_text()
    assert "Appleyard" not in await kiosk.page.content()
    await expect(kiosk.page.get_by_label("Which language?")).to_be_hidden()
    await clean(kiosk, "kiosk-visit")
    await targets_are_large(kiosk)
    # And what she leaves out is told of, with nothing lost
    await kiosk.page.get_by_text("No, something has changed").click()
    await kiosk.page.locator("#new-phone").fill("07700 900999")
    await kiosk.press("Check in now")
    await kiosk.reads("Please look at this again")
    await clean(kiosk, "kiosk-visit-again")
    await expect(kiosk.page.locator("#new-phone")).to_have_value("07700 900999")
    question = kiosk.page.get_by_role("group", name="Do you need an interpreter?")
    await question.get_by_text("Yes").click()
    await is_asked_anew(kiosk, question)
    await kiosk.page.get_by_label("Which language?").fill("Welsh")
    await kiosk.page.get_by_text("By my initials").click()
    await kiosk.press("Check in now")
    await kiosk.reads("You are checked in")
    await kiosk.reads("Please go to Clinic 3")
    await kiosk.reads("Your number is 1")
    await clean(kiosk, "kiosk-done")


async def goes_back(kiosk: Device) -> None:
    """The browser has nothing to go back to, or shows that it is over."""
    with suppress(Error):
        await kiosk.page.go_back()
    await asyncio.sleep(0.5)
    shown = await kiosk.page.locator("body").inner_text()
    assert "456" not in shown
    assert "Clinic 3" not in shown


async def forgets(kiosk: Device, origin: str) -> None:
    # Then the screen counts down; she may take more time; then it forgets
    await kiosk.reads("This screen is cleared in")
    await kiosk.press("I need more time")
    await expect(kiosk.page.locator("[data-wiping]")).to_be_hidden()
    await kiosk.press("Finish")
    await kiosk.reads("Touch your language")
    kept = await kiosk.page.evaluate(_KEPT)
    # Its key, a sealed list and pages that name nobody (test_kiosk_offline.py)
    assert kept == '[[],[],"",["wardkeep-kiosk"],["wardkeep-kiosk-pages"]]'
    # And whoever goes back sees nobody
    await goes_back(kiosk)
    await kiosk.go(f"{origin}/kiosk")
    # And its key cannot leave it
    told = await kiosk.page.evaluate(_EXPORT)
    assert told == [False, "{}", *["InvalidAccessError"] * 3]
    # And it sees no page of anybody's
    await kiosk.go(f"{origin}/people")
    await kiosk.reads("Sign in")


async def test_a_waiting_rooms_device_checks_in_forgets_and_is_ended(
    server: Served, link: str, browser: Browser
) -> None:
    origin = server.origin
    async with (
        device(browser) as ada,
        device(browser, viewport=PORTRAIT) as kiosk,
    ):
        await ada.go(link)
        await ada.press("Make your passkey")
        await ada.reads("Your passkey is ready")
        await ada.go(f"{origin}/kiosks")
        await clean(ada, "kiosks-empty")
        await kiosk.go(f"{origin}/kiosk")
        await kiosk.reads("This device is not a kiosk yet")
        await clean(kiosk, "kiosk-pairing")
        await let_in(ada, kiosk, origin)
        await clean(ada, "kiosks")
        await clean(kiosk, "kiosk-languages")
        await targets_are_large(kiosk)
        await checks_in_with_questions(kiosk)
        await forgets(kiosk, origin)
        await plain_answers(kiosk, origin)
        # When it is ended, it is nobody again
        await ends(ada, origin)
        await kiosk.go(f"{origin}/kiosk")
        await kiosk.reads("This device is not a kiosk yet")
        assert await kiosk.page.evaluate(_KEPT) == FORGOTTEN
        assert ada.complaints == []
        assert kiosk.complaints == []


async def ends(ada: Device, origin: str) -> None:
    await ada.go(f"{origin}/kiosks")
    await ada.page.get_by_role("button", name="End").click()
    await ada.reads("There is no kiosk")


async def tries_again(kiosk: Device) -> None:
    """What was typed is still there, to be looked at; the third time is the last."""
    again = kiosk.page.locator("#again")
    await expect(again).to_contain_text("Please look at what you typed")
    await expect(kiosk.page.locator("#born")).to_have_value("01 01 1990")
    await clean(kiosk, "kiosk-try-again")
    for _ in range(2):
        await expect(again).to_be_visible()
        await kiosk.press("Next")


async def plain_answers(kiosk: Device, origin: str) -> None:
    """Nobody, somebody too early, somebody too late, and one who has been here."""
    for facts, words in (
        (("01011990", "ZZZ"), "Please go to the desk"),
        (("03021950", "EAR"), early_words()),
        (("03021950", "LAT"), "Please go to the desk"),
    ):
        await kiosk.go(f"{origin}/kiosk")
        await asks(kiosk, *facts, "English")
        if facts[1] == "ZZZ":
            await tries_again(kiosk)
        await kiosk.reads(words)
        await clean(kiosk, f"kiosk-{facts[1].lower()}")
    # And in a language that is written from the right
    await kiosk.go(f"{origin}/kiosk")
    await kiosk.page.get_by_role("link", name="العربية").click()
    await kiosk.reads("تاريخ ميلادك")
    await clean(kiosk, "kiosk-arabic")
    await kiosk.page.set_viewport_size(LANDSCAPE)  # type: ignore[arg-type]
    await clean(kiosk, "kiosk-arabic-landscape")
    await types(kiosk, "03021950", "APP")
    # A hand that shakes presses twice, and it is done once
    await kiosk.page.locator(".ci-pad__end [type=submit]").dblclick()
    await kiosk.page.locator("#visit").wait_for()
    await clean(kiosk, "kiosk-arabic-visit")
    await kiosk.page.locator(".ci-end button").dblclick()
    await kiosk.page.locator(".ci-title--done").wait_for()


async def test_help_is_called_and_a_screen_left_alone_forgets(
    server: Served, browser: Browser
) -> None:
    link, desk = await staff(server, "fernhill", "administrator", "receptionist")
    origin = server.origin
    async with (
        device(browser) as ada,
        device(browser, viewport=LANDSCAPE) as kiosk,
        device(browser) as rae,
    ):
        await arrive(ada, link)
        await let_in(ada, kiosk, origin)
        await clean(kiosk, "kiosk-languages-landscape")
        await arrive(rae, desk)
        await rae.go(f"{origin}/check-in/desk")
        await rae.page.get_by_text("Live ·").wait_for()
        await rae.reads("Nobody calls for help.")
        await kiosk.page.get_by_role("link", name="English").click()
        await kiosk.arrives("/kiosk/facts?in=en")
        await kiosk.press("Call for help")
        await kiosk.reads("Somebody has been called")
        await the_desk_hears_of_it(rae)
        await kiosk.go(f"{origin}/kiosk")
        begun = time.monotonic()
        await asks(kiosk, "03021950", "BIR", "English")
        await kiosk.reads("Your appointments today")
        assert time.monotonic() - begun < 30
        await clean(kiosk, "kiosk-visit-landscape")
        # When she walks away, the screen counts down and forgets
        await kiosk.page.clock.install()
        await kiosk.page.locator("#details-right").click()
        await kiosk.page.clock.fast_forward(21_000)
        await kiosk.reads("This screen is cleared in")
        await kiosk.page.clock.run_for(11_000)
        await kiosk.reads("Touch your language")
        await goes_back(kiosk)
        assert kiosk.complaints == []
        await ends(ada, origin)


async def the_desk_hears_of_it(rae: Device) -> None:
    """Without loading the page again; and whoever goes takes it off everybody's."""
    going = rae.page.get_by_role("button", name="I am going")
    await going.wait_for(timeout=5_000)
    await clean(rae, "check-in-desk-called")
    await going.click()
    await rae.reads("Nobody calls for help.")
    assert rae.complaints == []
