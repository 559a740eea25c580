# SPDX-License-Identifier: Apache-2.0
"""A call taker in Chromium, by keyboard alone: from the case to the first question.

Types at five keys a second what a caller says who knows what they want, and nobody
waits for the caller; so it is the page and its server that are measured, beside hands.
It ends where the questions begin. Then some of the adults' danger signs are answered,
each after it could be read, and how long the next one takes to be painted is measured:
from the key to the frame that has it. Aims: 45 seconds, 100 ms.
"""

import asyncio
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median

from bench._stack import Stack, stack
from support.chromium import Device, arrive, chromium, device
from support.program import Program
from support.triage import put_into_use
from support.wards import Worker, patient, practitioner, put_to_work

ORGANISATION = "fernhill"
TAKER = Worker("health_advisor", "Bench Taker", "taker")
CALLS, A_KEY_MS, QUESTIONS = 3, 200, 6
CONTENT = "adult-danger-signs"
READ_SECONDS = 0.4
"""Nobody reads a question faster; a key before is taken for a slip."""
_HELD = """() => { const on = document.activeElement;
  return (on.labels?.[0]?.textContent || on.textContent || '').trim(); }"""
_LOADED = """() => [performance.getEntriesByType('navigation')[0].responseEnd,
  performance.getEntriesByType('paint').at(-1)?.startTime ?? 0]"""
_ASKED = "#asking"
_PAINTED = """(where) => new Promise((resolve) => {
  let pressed = 0;
  addEventListener('keydown', (event) => { pressed = event.timeStamp; }, true);
  const seen = new MutationObserver(() => requestAnimationFrame(
    () => setTimeout(() => resolve(performance.now() - pressed))));
  seen.observe(document.querySelector(where),
    { childList: true, subtree: true, characterData: true });
  setTimeout(() => resolve(-1), 2000);
})"""
"""From the key to the frame after the questions changed; -1: they did not."""


def run() -> dict[str, float]:
    with stack() as made, tempfile.TemporaryDirectory() as keys:
        made.await_ready()
        made.found(ORGANISATION)
        with closing(Program(made, Path(keys), organisation=ORGANISATION)) as program:
            program.put(practitioner(TAKER))
            for nth in range(CALLS + 1):
                program.put(patient(f"p-{nth}", f"Hazelton{'abcdefgh'[nth]}"))
        content = Path(keys) / "content"
        content.mkdir()
        put_into_use(made, content, ORGANISATION, CONTENT)
        return asyncio.run(_calls(made))


async def _calls(made: Stack) -> dict[str, float]:
    links = await put_to_work(made, ORGANISATION, (TAKER,), ())
    async with chromium() as browser, device(browser) as own:
        await arrive(own, links[TAKER.name])
        await Taken.of(own, made.origin, CALLS, a_key_ms=0)  # warms everything
        found = [await Taken.of(own, made.origin, nth) for nth in range(CALLS)]
    figures = {
        "from the case to the first question, s (aim 45)": median(
            one.seconds for one in found
        ),
        "of them keys, s": median(one.keys * A_KEY_MS / 1000 for one in found),
        "of them until pages had come, s": median(
            sum(one.came) / 1000 for one in found
        ),
        "pages": median(len(one.came) for one in found),
        "a page painted, most ms": max(max(one.painted) for one in found),
    }
    questions = sorted(ms for one in found for ms in one.questions)
    figures["questions answered"] = len(questions)
    figures["the next question painted, p50 ms (aim 100)"] = median(questions)
    figures["the next question painted, most ms"] = max(questions)
    return figures


class Taken:
    """One call that was taken, and how long its parts took."""

    def __init__(self, own: Device, a_key_ms: int) -> None:
        self._own, self._a_key_ms = own, a_key_ms
        self.keys, self.seconds = 0, 0.0
        self.came: list[float] = []
        self.painted: list[float] = []
        self.questions: list[float] = []

    @classmethod
    async def of(
        cls, own: Device, origin: str, nth: int, *, a_key_ms: int = A_KEY_MS
    ) -> "Taken":
        call = cls(own, a_key_ms)
        await own.go(f"{origin}/calls")
        await call.tab_to("Number to ring back on")
        await call.types(f"07700 900 1{nth:02d}")
        call.keys, began = 0, time.perf_counter()
        await call.goes_on("A call: not known yet who it is about")
        await call.tab_to("Where the patient is now")
        await call.types("At home")
        await call.tab_to("What is the matter")
        await call.types("Cannot catch her breath since this morning")
        await call.tab_to("Surname of the patient")
        await call.types(f"Hazelton{'abcdefgh'[nth]}")
        await call.tab_to("First name of the patient")
        await call.types("Ann")
        for part, said in (("Day", "2"), ("Month", "1"), ("Year", "1950")):
            await call.tab_to(part)
            await call.types(said)
        await call.goes_on("Is it one of these?")
        await call.tab_to("This is the patient")
        await call.goes_on("To know first")
        call.seconds = time.perf_counter() - began
        await call.asks()
        return call

    async def types(self, words: str) -> None:
        self.keys += len(words)
        await self._own.page.keyboard.type(words, delay=self._a_key_ms)

    async def tab_to(self, name: str) -> None:
        """By the tabulator, at the pace of the other keys."""
        page = self._own.page
        for _ in range(40):
            if (await page.evaluate(_HELD)).startswith(name):
                return
            self.keys += 1
            await page.keyboard.press("Tab")
            await asyncio.sleep(self._a_key_ms / 1000)
        raise LookupError(name)

    async def goes_on(self, words: str) -> None:
        """Enter, and the page that comes has the words."""
        await self._own.page.keyboard.press("Enter")
        self.keys += 1
        await self._own.reads(words)
        came, painted = await self._own.page.evaluate(_LOADED)
        self.came.append(came)
        self.painted.append(painted)

    async def asks(self) -> None:
        """Go to the questions, and answer some."""
        page = self._own.page
        await self.tab_to("Ask the questions")
        await page.keyboard.press("Enter")
        await page.locator(_ASKED).wait_for()
        await page.locator("html.wk-saves-itself").wait_for()
        await page.wait_for_function("() => document.activeElement?.id === 'asking'")
        for _ in range(QUESTIONS):
            await asyncio.sleep(READ_SECONDS)
            waits = asyncio.ensure_future(page.evaluate(_PAINTED, _ASKED))
            await asyncio.sleep(READ_SECONDS)
            await page.keyboard.press("2")
            took = await waits
            if took < 0:
                raise LookupError(_ASKED)
            self.questions.append(took)
