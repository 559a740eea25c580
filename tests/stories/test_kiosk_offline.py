# SPDX-License-Identifier: Apache-2.0
"""A kiosk goes on while the server is gone, and brings back what was done, once."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from support.arrivals import CLINIC, appointment, fill, let_in, person, staff
from support.chromium import Device, arrive, chromium, clean, device
from support.lone_kiosk import (
    is_ready_for_the_worst,
    lone_kiosk,
    stands_on_disk,
    without_server,
)
from support.losses import pull_the_plug
from support.program import Program
from support.served import Served, served
from wardkeep.identity.arrivals import beginning

pytestmark = pytest.mark.asyncio(loop_scope="module")
PEOPLE = (
    ("anna", "Appleyard", "Anna"),
    ("bea", "Birchfield", "Bea"),
    ("fay", "Foxgrove", "Fay"),
)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with served(tmp_path_factory.mktemp("kiosk-offline")) as running:
        running.found("fernhill")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="fernhill")) as one:
            fill(one, *PEOPLE)
            for id_, family in (("cem", "Cedarholm"), ("dov", "Dandelion")):
                one.put(person(id_, family, "Sam", "1948-07-29"))
                one.put(appointment(id_))
            one.put(person("gone", "Gorsebank", "Gil"))
            one.put(appointment("gone", status="cancelled"))
            for id_, given in (("ottilie", "Ottilie"), ("orla", "Orla")):
                one.put(person(id_, "Otterburn", given, "1992-04-17"))
            one.put(appointment("orla"))
            one.served = running  # type: ignore[attr-defined]
            yield one


@pytest.fixture(scope="module")
def server(program: Program) -> Served:
    found: Served = program.served  # type: ignore[attr-defined]
    return found


@pytest.fixture(scope="module")
def links(server: Served) -> list[str]:
    return asyncio.run(staff(server, "fernhill", "administrator", "receptionist"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def types(kiosk: Device, born: str, letters: str) -> None:
    for key in born + letters:
        await kiosk.page.locator(f'[data-key="{key}"]').click()
    await kiosk.page.locator(".ci-pad__end [type=submit]").click()


async def asks(kiosk: Device, born: str, letters: str) -> None:
    await kiosk.page.get_by_role("button", name="English").click()
    await types(kiosk, born, letters)


async def is_offline(kiosk: Device) -> None:
    await kiosk.reads("For staff: offline since")


async def checks_in(kiosk: Device, letters: str, born: str = "03021950") -> None:
    await asks(kiosk, born, letters)
    await kiosk.reads("Your appointments today")
    await kiosk.press("Check in now")
    await kiosk.reads("You are checked in")
    await kiosk.press("Finish")
    await kiosk.page.get_by_role("button", name="English").wait_for()


def standing(program: Program, patient: str) -> str:
    found = program.get(f"Appointment/of-{patient}").json
    return str(found["status"])


async def becomes(program: Program, patient: str, status: str) -> None:
    for _ in range(150):
        if standing(program, patient) == status:
            return
        await asyncio.sleep(0.2)
    assert standing(program, patient) == status


async def plain_answers(kiosk: Device) -> None:
    """Who is not expected, whose appointment was cancelled, and twins."""
    for facts, words, picture in (
        (("03021950", "ZZZ"), "Only today's appointments are known", "unknown"),
        (("03021950", "GOR"), "This appointment was cancelled", "cancelled"),
    ):
        await asks(kiosk, *facts)
        if picture == "unknown":
            for _ in range(2):
                await kiosk.reads("Please look at what you typed")
                await kiosk.page.locator(".ci-pad__end [type=submit]").click()
        await kiosk.reads(words)
        await clean(kiosk, f"kiosk-offline-{picture}")
        await kiosk.go(kiosk.page.url)
    await asks(kiosk, "17041992", "OTT")
    await kiosk.reads("We need one more thing")
    await clean(kiosk, "kiosk-offline-twins")
    await types(kiosk, "", "ORL")
    await kiosk.reads("Your appointments today")
    await kiosk.press("Start again")


async def presses_as_the_server_dies(kiosk: Device) -> None:
    # Then the kiosk is its own, says so to staff, and she begins again
    await kiosk.press("Check in now")
    await is_offline(kiosk)
    await kiosk.reads("Please begin again")
    await clean(kiosk, "kiosk-offline-choose")
    await asks(kiosk, "03021950", "APP")
    await kiosk.reads("Clinic 3")
    await clean(kiosk, "kiosk-offline-sure")
    await kiosk.page.get_by_text("By my initials").click()
    await kiosk.press("Check in now")
    await kiosk.reads("You are checked in")
    await kiosk.reads("Please go to Clinic 3")
    await clean(kiosk, "kiosk-offline-done")
    assert "ppleyard" not in await kiosk.page.content()
    await kiosk.press("Finish")
    # And a second try is told that it is done
    await asks(kiosk, "03021950", "APP")
    await kiosk.reads("You checked in already, at")
    await kiosk.press("Finish")


async def test_a_kiosk_goes_on_when_the_web_process_is_killed_under_a_persons_hands(
    server: Served,
    program: Program,
    links: list[str],
    browser: Browser,
    tmp_path: Path,
) -> None:
    async with device(browser) as ada, lone_kiosk(tmp_path / "profile") as kiosk:
        await arrive(ada, links[0])
        await let_in(ada, kiosk, server.origin)
        await is_ready_for_the_worst(kiosk)
        await reads_names_as_the_index_does(kiosk)
        # Given Anna stands before the last screen, when the web process is killed
        await kiosk.page.get_by_role("link", name="English").click()
        await kiosk.page.locator("#born").wait_for()
        await types(kiosk, "03021950", "APP")
        await kiosk.page.locator("#visit").wait_for()
        with without_server(server):
            await presses_as_the_server_dies(kiosk)
            await plain_answers(kiosk)
            await checks_in(kiosk, "BIR")
            await kiosk.reads("2 to be sent")
        # When the server is back, each of them is in the queue once
        await kiosk.page.get_by_role("link", name="English").wait_for(timeout=60_000)
        await becomes(program, "anna", "checked-in")
        await becomes(program, "bea", "checked-in")
        assert kiosk.complaints == []
        async with device(browser) as rae:
            await arrive(rae, links[1])
            await sees_the_queue(rae, server)
        # And what was sent is known again: it is done once
        await is_sent_again(kiosk)
        await ends(ada, server)


async def reads_names_as_the_index_does(kiosk: Device) -> None:
    names = ["O’Thistledale", "van der Berg", "Ng", "Zoë", "d'Arcy", " LE ", "Mc-Ray"]
    told = await kiosk.page.evaluate(
        "async (names) => { const { beginning } = await"
        " import(document.body.dataset.pack); return names.map(beginning); }",
        names,
    )
    assert told == [beginning(one) for one in names]


async def sees_the_queue(rae: Device, server: Served) -> None:
    await rae.go(f"{server.origin}/check-in/desk")
    await rae.reads("who checked in offline")
    row = rae.page.locator("p", has_text="brought back")
    # Two of this story; one more for each of the others that came first
    await expect(row).to_contain_text(re.compile("brought back [234] who"))
    await clean(rae, "check-in-desk-merged")
    await rae.go(f"{server.origin}/clinics/{CLINIC}")
    for name in ("APPLEYARD", "BIRCHFIELD"):
        rows = rae.page.locator("#s-waiting ~ ul li", has_text=name)
        await expect(rows).to_have_count(1)
    await clean(rae, "clinic-day-merged")


async def ends(ada: Device, server: Served) -> None:
    await ada.go(f"{server.origin}/kiosks")
    await ada.page.get_by_role("button", name="End").click()
    await ada.reads("There is no kiosk")


async def is_sent_again(kiosk: Device) -> None:
    """Every entry of the pack that facts open gives the same, however often."""
    told = await kiosk.page.evaluate(_AGAIN)
    assert told == ["already-in", "already-in", "refused", "refused"]


_AGAIN = """async () => {
  const pack = await import(document.body.dataset.pack);
  const { asDevice } = await import(document.body.dataset.device);
  const held = await pack.ready();
  const facts = { born: "1950-02-03", family: "app" };
  const [[voucher]] = (await pack.opened(held, facts)).stops;
  const [other] = (await pack.opened(held, { ...facts, family: "bir" })).stops[0];
  const one = { id: crypto.randomUUID(), claimed_at: Date.now() / 1000,
    shown_as: "number" };
  const send = async (voucher) => {
    const sent = { captures: [{ ...one, voucher }] };
    const { told } = await asDevice("/kiosk/merge", sent);
    return told.became[one.id];
  };
  return [await send(voucher), await send(voucher), await send(other),
    await send(btoa("of-anna"))];
}"""


async def test_a_kiosk_whose_clock_goes_wrong_stays_one_and_loses_nobody(
    server: Served, program: Program, browser: Browser, tmp_path: Path
) -> None:
    """It signs for a time that the server refuses, as after a start without network."""
    [link] = await staff(server, "fernhill", "administrator")
    async with device(browser) as ada, lone_kiosk(tmp_path / "profile") as kiosk:
        await arrive(ada, link)
        await let_in(ada, kiosk, server.origin)
        await is_ready_for_the_worst(kiosk)
        await kiosk.context.set_offline(True)
        await kiosk.page.get_by_role("link", name="English").click()
        await is_offline(kiosk)
        await checks_in(kiosk, "FOX")
        assert await kiosk.page.evaluate(_HOW_KEPT) == ["readwrite", "strict"]
        await kiosk.context.add_init_script(_SLOW)
        await kiosk.page.evaluate(_SLOW)
        await kiosk.context.set_offline(False)
        await becomes(program, "fay", "checked-in")
        await kiosk.page.get_by_role("link", name="English").wait_for()
        await ends(ada, server)


_HOW_KEPT = """async () => {
  const { kept } = await import(document.body.dataset.device);
  const begin = IDBDatabase.prototype.transaction;
  let asked = [];
  IDBDatabase.prototype.transaction = function (...given) {
    const begun = begin.apply(this, given);
    asked = [begun.mode, begun.durability];
    return begun;
  };
  await kept.put(1, "probe");
  IDBDatabase.prototype.transaction = begin;
  return asked;
}"""
"""A cut of the power is why the server is gone, as often as not."""
_SLOW = "const right = Date.now; Date.now = () => right.call(Date) - 600_000;"


async def meanwhile(program: Program, kiosk: Device, rae: Device) -> None:
    """Two check in offline; a desk checked one of them in, and cancelled the other."""
    await kiosk.context.set_offline(True)
    await kiosk.page.get_by_role("link", name="English").click()
    await is_offline(kiosk)
    await checks_in(kiosk, "CED", "29071948")
    await checks_in(kiosk, "DAN", "29071948")
    await (
        rae.page.locator("li", has_text="CEDARHOLM")
        .get_by_role("button", name="Check in")
        .click()
    )
    await becomes(program, "cem", "checked-in")
    cancelled = {**program.get("Appointment/of-dov").json, "status": "cancelled"}
    program.put(cancelled)


async def test_what_a_desk_did_meanwhile_stands_and_the_browsers_death_loses_nothing(
    server: Served,
    program: Program,
    browser: Browser,
    tmp_path: Path,
) -> None:
    links = await staff(server, "fernhill", "administrator", "receptionist")
    profile = tmp_path / "profile"
    async with device(browser) as ada, device(browser) as rae:
        await arrive(ada, links[0])
        await arrive(rae, links[1])
        await rae.go(f"{server.origin}/clinics/{CLINIC}")
        async with lone_kiosk(profile) as kiosk:
            await let_in(ada, kiosk, server.origin)
            await is_ready_for_the_worst(kiosk)
            await meanwhile(program, kiosk, rae)
            pull_the_plug(profile)
        # Then nothing of anybody stands on its disk
        assert stands_on_disk(profile, STANDS_NOWHERE) == []
        with without_server(server):
            await opens_nobody(server, profile)
        async with lone_kiosk(profile) as kiosk:
            # When it starts again and the server is there, it brings back both
            await kiosk.go(f"{server.origin}/kiosk")
            await kiosk.page.get_by_role("link", name="English").wait_for()
            await rae.go(f"{server.origin}/check-in/desk")
            await looks_at_who_waits_in_vain(rae)
            assert standing(program, "dov") == "cancelled"
        await ends(ada, server)


STANDS_NOWHERE = (
    *("appleyard", "birchfield", "cedarholm", "dandelion"),
    *("1948-07-29", "29071948", "29 07 1948", "of-cem", "of-dov", "07700 900456"),
)
"""Of people who were expected, or who typed their facts at this very device."""


async def opens_nobody(server: Served, profile: Path) -> None:
    """Whoever has all that is stored there, and even the facts, gets no entry."""
    async with lone_kiosk(profile) as thief:
        await thief.go(f"{server.origin}/kiosk")
        await thief.reads("This device cannot be used just now")
        await thief.reads("no list to open")
        await clean(thief, "kiosk-offline-shut")
        assert await thief.page.evaluate(_THIEF) is None


_THIEF = """async () => {
  const pack = await import(document.body.dataset.pack);
  const { kept } = await import(document.body.dataset.device);
  const stored = await kept.get("pack");
  if (!stored || stored.entries.length < 50) return "there was nothing to open";
  const mac = { name: "HMAC", hash: "SHA-512" };
  const none = new Uint8Array(32);
  const key = await crypto.subtle.importKey("raw", none, mac, false, ["sign"]);
  return pack.opened({ pack: stored, key }, { born: "1948-07-29", family: "ced" });
}"""


async def looks_at_who_waits_in_vain(rae: Device) -> None:
    card = rae.page.get_by_role("region", name="DANDELION")
    for _ in range(30):
        if await card.count():
            break
        await asyncio.sleep(1)
        await rae.page.reload()
    await expect(card).to_contain_text("offline, says: checked in at")
    await expect(card).to_contain_text("They were told to wait: find them")
    await clean(rae, "check-in-desk-captures")
    await card.get_by_role("button", name="Done").click()
    await rae.page.get_by_role("region", name="DANDELION").wait_for(state="detached")
