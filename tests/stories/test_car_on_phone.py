# SPDX-License-Identifier: Apache-2.0
"""A car's list lies on the phone: taken along, opened in a valley, brought in once.

On a phone: whoever drives. The dispatcher presses at a desk.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, closing
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Route, expect

from support.car_phone import SMALL, PhoneKey, phone, posts
from support.chromium import Device, arrive, chromium, clean, device
from support.lone_kiosk import stands_on_disk, without_server
from support.program import Program
from support.served import Served, served
from support.urgent import Desk
from support.visits import at_home, centre
from support.ward_beds import now
from support.warden import RunningWarden
from support.wards import Worker, practitioner, put_to_work
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.containment import FreezeNow
from wardkeep.disclosure.questions import CheckSession
from wardkeep.fhir.urgent.queueing import Entry, entry_in, place_of
from wardkeep.fhir.urgent.steps import State, Step

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOME = "fernhill"
LEE = Worker("shift_lead", "Lee Leads", "lee")
DRIVERS = tuple(
    Worker("urgent_care_clinician", f"Doc {name.title()}", name)
    for name in (
        "drives",
        "restarts",
        "plain",
        "leaves",
        "other",
        "second",
        "frozen",
        "twice",
        "begins",
        "stuck",
    )
)
BY_NAME = {one.practitioner: one for one in DRIVERS}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("car")) as running:
        running.found(HOME)
        yield running


@pytest.fixture(scope="module")
def program(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    keys = tmp_path_factory.mktemp("keys")
    with closing(Program(server, keys, organisation=HOME)) as running:
        for one in (*centre(0), *map(practitioner, (LEE, *DRIVERS))):
            running.put(one)
        yield running


@pytest.fixture(scope="module")
def links(server: Served, program: Program) -> dict[str, str]:
    assert program.token
    where = [(place_of("visit"), (LEE.name,))]
    return asyncio.run(put_to_work(server, HOME, (LEE, *DRIVERS), where))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lee(
    server: Served, browser: Browser, links: dict[str, str]
) -> AsyncIterator[Desk]:
    """The dispatcher's session, pressed over HTTP."""
    async with device(browser) as own:
        await arrive(own, links[LEE.name])
        with closing(Desk(server.port, await token_of(own))) as desk:
            yield desk


def entry(program: Program, id_: str) -> Entry:
    found = entry_in(program.get(f"Task/{id_}-entry").json)
    assert found is not None
    return found


def version(program: Program, id_: str) -> str:
    return str(program.get(f"Task/{id_}-entry").json["meta"]["versionId"])


def drives(lee: Desk, who: str, second: str = "") -> str:
    """A car that somebody is in; its id."""
    id_ = new_uuid()
    fields = {"name": f"Car {who}", "area": "LS17", "hours": "8", "id": id_}
    fields |= {"version": "0", "first": f"Practitioner/{who}"}
    fields["second"] = f"Practitioner/{second}" if second else ""
    status, to, page = lee.press("/home-visits/cars/new", fields)
    assert (status, to) == (303, "/home-visits/cars?said=kept"), page[:2000]
    return id_


def send(
    lee: Desk, program: Program, car: str, people: Sequence[tuple[str, str]]
) -> None:
    """Visits on a car's list, expected from twenty minutes on."""
    for nth, (id_, family) in enumerate(people):
        for one in at_home(id_, ago=20, family=family):
            program.put(one)
        at = (now() + timedelta(minutes=20 + 30 * nth)).strftime("%H:%M")
        status, to, page = lee.press(
            f"/home-visits/visits/{id_}-entry/send",
            {"version": version(program, id_), "car": car, "expected": at},
        )
        assert (status, to[-9:]) == (303, "said=send"), page[:2000]


async def takes(own: Device, origin: str, many: str) -> None:
    await own.go(f"{origin}/home-visits/mine")
    await own.press("Take this list with me")
    await own.reads(f"{many} sealed on this phone")


async def without_signal(own: Device) -> None:
    """The page is loaded anew where there is nothing to load it from."""
    await own.page.reload()
    await own.reads("My car, without a signal")


async def opens(own: Device, family: str) -> None:
    await own.press("Open the list with my passkey")
    await own.reads(f"{family.upper()}, Test")


async def test_in_a_valley_the_list_opens_and_what_is_written_comes_in_once(
    server: Served,
    program: Program,
    browser: Browser,
    links: dict[str, str],
    lee: Desk,
) -> None:
    car = drives(lee, "drives")
    send(lee, program, car, [("dale", "Daleworth"), ("hill", "Hillworth")])
    async with device(browser, viewport=SMALL) as doc:
        await arrive(doc, links[BY_NAME["drives"].name])
        # Given a list that was taken along
        await takes(doc, server.origin, "2 visits lie")
        await clean(doc, "car-taken-phone")
        # When the signal goes, and the phone loads the page anew
        await doc.context.set_offline(True)
        await without_signal(doc)
        assert "WORTH" not in (await doc.page.content()).upper()
        await clean(doc, "car-shut-phone")
        await opens(doc, "Daleworth")
        await doc.reads("Expected")
        await doc.reads("LS17 9ZZ")
        await clean(doc, "car-open-phone")
        await visits(doc)
        await clean(doc, "car-written-phone")
        assert entry(program, "dale").state is State.BOOKED
        # Then all of it comes in by itself, once and in its order, with its words
        await doc.context.set_offline(False)
        await expect(doc.page.locator("[data-lies]")).not_to_contain_text(
            "still to be sent", timeout=45_000
        )
        came(entry(program, "dale"))
        assert entry(program, "hill").state is State.BOOKED
        # And the home that is done is on the phone no more
        await doc.go(f"{server.origin}/home-visits/mine")
        await doc.reads("1 visit lies sealed")
        assert doc.complaints == []


async def visits(doc: Device) -> None:
    """Presses, a note and an outcome at the first home."""
    first = doc.page.locator("#v-dale-entry")
    await first.get_by_role("button", name="Set off").click()
    # A slip is taken back as long as it lies here
    await first.get_by_role("button", name="I have arrived").click()
    await doc.press("Take back what I pressed last")
    await first.get_by_text("On the way since").wait_for()
    await first.get_by_role("button", name="I have arrived").click()
    await notes(doc, "dale", "Stairs are dark, wears a hearing aid.")
    await first.get_by_role("button", name="I have left").click()
    await ends(first, "Seen, better, agreed.", "self-care")
    await doc.reads("Name and address left it")
    await doc.reads("2 written here still to be sent")


def came(found: Entry) -> None:
    assert found.state is State.DONE
    mine = [one for one in found.did if one.act]
    steps = [one.step for one in mine]
    assert steps == [Step.SET_OFF, Step.ARRIVE, Step.LEAVE, Step.NOTE, Step.END]
    assert len({one.act for one in mine}) == len(mine)
    assert "Stairs are dark" in mine[3].words
    assert "Seen, better, agreed." in mine[4].words


async def test_what_is_half_typed_outlives_a_closed_list_and_is_sent_by_nobody(
    server: Served, program: Program, browser: Browser, links: dict[str, str], lee: Desk
) -> None:
    send(lee, program, drives(lee, "begins"), [("scar", "Scarworth")])
    async with device(browser, viewport=SMALL) as doc:
        await arrive(doc, links[BY_NAME["begins"].name])
        await takes(doc, server.origin, "1 visit lies")
        await doc.context.set_offline(True)
        await without_signal(doc)
        await opens(doc, "Scarworth")
        await begins(doc)
        # It is there again with the passkey, on a page that was loaded anew
        await without_signal(doc)
        await opens(doc, "Scarworth")
        note = doc.page.get_by_label("Note")
        await expect(note).to_have_value("Zinnias at the do")
        await clean(doc, "car-begun-phone")
        await note.fill("Zinnias at the door.")
        await doc.press("Keep the note on this phone")
        await doc.reads("1 written here still to be sent.")
        await expect(doc.page.locator("[data-lies]")).not_to_contain_text("begun")
        await doc.page.get_by_text("Write a note").click()
        await note.fill("Never finished")
        await doc.press("Close the list")
        await doc.reads("1 begun here and not finished.")
        # With a signal what was kept comes in, and what was begun is shown
        await doc.context.set_offline(False)
        await doc.go(f"{server.origin}/home-visits/mine")
        await doc.press("Send what is written, with my passkey")
        await doc.reads("It was not finished, and is not in the record: Never finished")
        await doc.page.get_by_role("button", name="I have written it elsewhere").click()
        await expect(doc.page.locator("[data-lies]")).not_to_contain_text("begun")
    noted = [it.words for it in entry(program, "scar").did if it.step is Step.NOTE]
    assert [one.partition(" (")[0] for one in noted] == ["Zinnias at the door."]


async def begins(doc: Device) -> None:
    """A note half typed; a press is taken back, and ten minutes nobody touches it."""
    await doc.press("Set off")
    await doc.page.get_by_text("Write a note").click()
    note = doc.page.get_by_label("Note")
    await note.fill("Zinnias at the")
    await doc.press("Take back what I pressed last")
    # The card is drawn anew then: what is typed before that would go nowhere
    await doc.page.get_by_role("button", name="Set off").wait_for()
    await expect(note).to_have_value("Zinnias at the")
    await note.fill("Zinnias at the do")
    await doc.page.evaluate(
        "{ const now = Date.now; Date.now = () => now() + 11 * 60000; }"
    )
    await doc.reads("1 begun here and not finished.")
    assert await doc.page.locator("textarea").count() == 0
    found = await doc.page.evaluate(_THIEF)
    assert "ZINNIA" not in found["text"].upper()


_FAST = """{ const [every, now] = [setInterval, performance.now.bind(performance)];
  window.setInterval = (work, ms) => every(work, ms / 50);
  performance.now = () => now() * 50; }"""


_IS_DUE = """async () => {
  const { outbox: at, phone: its, me } = document.getElementById("signal").dataset;
  const [{ outbox }, phone] = await Promise.all([import(at), import(its)]);
  const own = outbox(me, { nowOf: Date.now, phone, tell: () => {} });
  await own.flush();
  return own.isDue();
}"""


async def test_a_press_that_is_not_taken_is_asked_again_later_and_later(
    server: Served, program: Program, browser: Browser, links: dict[str, str], lee: Desk
) -> None:
    """Fifty times as fast: two hundred seconds in four."""
    send(lee, program, drives(lee, "stuck"), [("stile", "Stileworth")])
    async with device(browser, viewport=SMALL) as doc:
        await arrive(doc, links[BY_NAME["stuck"].name])
        await doc.context.add_init_script(_FAST)
        asked = 0

        async def not_now(route: Route) -> None:
            nonlocal asked
            asked += 1
            await route.fulfill(json={"became": {}})

        await doc.page.route("**/home-visits/mine/acts", not_now)
        await doc.go(f"{server.origin}/home-visits/mine")
        await doc.page.get_by_role("button", name="I have arrived").click()
        await doc.reads("1 kept on this phone.")
        await asyncio.sleep(4)
        # At 0, 10, 30, 70 and 150 seconds, and once as the page came
        assert 3 <= asked <= 7
        assert not await doc.page.evaluate(_IS_DUE)
        # Where there is no signal, the next turn asks
        await doc.page.unroute("**/home-visits/mine/acts")
        await doc.context.set_offline(True)
        assert await doc.page.evaluate(_IS_DUE)
        await doc.context.set_offline(False)
        # Once a server takes it, it is in
        await doc.page.evaluate("window.dispatchEvent(new Event('online'))")
        await expect(doc.page.get_by_text("kept on this phone")).to_have_count(0)
        await doc.reads("At the home")
    assert entry(program, "stile").state is State.ARRIVED


async def test_with_the_server_gone_and_the_phone_started_anew_it_is_there(
    server: Served,
    program: Program,
    links: dict[str, str],
    lee: Desk,
    tmp_path: Path,
) -> None:
    people = [("moor", "Moorworth"), ("tarn", "Tarnworth")]
    send(lee, program, drives(lee, "restarts"), people)
    key = PhoneKey(server.origin)
    async with phone(tmp_path, key) as doc:
        await arrive(doc, links[BY_NAME["restarts"].name])
        await takes(doc, server.origin, "2 visits lie")
    with without_server(server):
        # Given a server that is gone, and a phone that ended and was started anew
        async with phone(tmp_path, key) as doc:
            await later(doc, hours=8)
            touches = key.touches
            await doc.go(f"{server.origin}/home-visits/mine")
            await doc.reads("2 visits lie sealed on this phone")
            await opens(doc, "Moorworth")
            assert key.touches == touches + 1
            await notes(doc, "moor", "Zebrafish in the hall.")
            await finds_nothing(doc)
        # Then its disk is bytes to whoever has it
        words = ("Moorworth", "Tarnworth", "LS17 9ZZ", "Test Lane", "Zebrafish")
        assert stands_on_disk(tmp_path, words) == []
        assert stands_on_disk(tmp_path, ("wardkeep-until-sign-out",)) != []
    # And what was written outlives the list: it goes with a passkey when all is back
    async with phone(tmp_path, key) as doc:
        await later(doc, hours=13)
        await doc.go(f"{server.origin}/home-visits/mine")
        await signs_in(doc)
        await doc.reads("No list lies on this phone.")
        await doc.press("Send what is written, with my passkey")
        await expect(doc.page.locator("[data-lies]")).not_to_contain_text("written on")
    noted = [it for it in entry(program, "moor").did if it.step is Step.NOTE]
    assert [it.words.partition(" (")[0] for it in noted] == ["Zebrafish in the hall."]


async def notes(doc: Device, id_: str, words: str) -> None:
    first = doc.page.locator(f"#v-{id_}-entry")
    await first.get_by_text("Write a note").click()
    await first.get_by_label("Note").fill(words)
    await first.get_by_role("button", name="Keep the note on this phone").click()
    await doc.reads("Note kept on this phone")


async def finds_nothing(doc: Device) -> None:
    """A script on the page, with all that is stored there and no passkey."""
    await doc.press("Close the list")
    found = await doc.page.evaluate(_THIEF)
    assert found["boxes"] >= 4, "there was nothing to open"
    assert found["keys"] == 0
    for word in ("WORTH", "LS17", "ZEBRAFISH"):
        assert word not in found["text"].upper()
    assert found["opened"] == []


_THIEF = """async () => {
  const signal = document.getElementById("signal");
  const { keeper } = await import(signal.dataset.ownStore);
  const phone = await import(signal.dataset.phone);
  const all = [];
  for (const { name } of await indexedDB.databases())
    all.push(...await keeper(name).all(""));
  const text = JSON.stringify([all, { ...localStorage }, { ...sessionStorage }],
    (_, one) => one instanceof ArrayBuffer || ArrayBuffer.isView(one)
      ? new TextDecoder("latin1").decode(one) : one);
  const parts = all.flatMap((one) => Object.values(one));
  const opened = [];
  const zero = await crypto.subtle.importKey(
    "raw", new Uint8Array(32), "AES-GCM", false, ["decrypt"]);
  for (const { iv, box } of all.filter(({ box }) => box))
    await crypto.subtle.decrypt({ name: "AES-GCM", iv }, zero, box)
      .then((plain) => opened.push(plain), () => {});
  const me = (await phone.lies()).me;
  opened.push(...await phone.fallen(me));
  return { text, opened, boxes: all.filter(({ box, choices }) => box || choices).length,
    keys: parts.filter((one) => one instanceof CryptoKey).length };
}"""


async def later(own: Device, *, hours: int) -> None:
    """The phone's clock says that it is so much later."""
    await own.context.add_init_script(
        f"{{ const now = Date.now; Date.now = () => now() + {hours} * 3600000; }}"
    )


async def signs_in(own: Device) -> None:
    """With the passkey, where the session went to sleep or is over meanwhile."""
    await own.page.wait_for_load_state()
    button = own.page.get_by_role("button", name=re.compile("passkey", re.IGNORECASE))
    if "/sign-in" in own.page.url:
        await button.first.click()
        await own.page.wait_for_url("**/home-visits/mine")


async def test_a_phone_whose_clock_is_an_hour_wrong_writes_the_right_time(
    server: Served, program: Program, browser: Browser, links: dict[str, str], lee: Desk
) -> None:
    send(lee, program, drives(lee, "second"), [("pike", "Pikeworth")])
    async with device(browser, viewport=SMALL) as doc:
        await later(doc, hours=1)
        await arrive(doc, links[BY_NAME["second"].name])
        await takes(doc, server.origin, "1 visit lies")
        await doc.context.set_offline(True)
        await without_signal(doc)
        await opens(doc, "Pikeworth")
        began = now()
        await doc.page.get_by_role("button", name="I have arrived").click()
        await doc.reads("1 kept on this phone")
        done = now()
        await asyncio.sleep(6)  # else the moment of its coming in would pass as well
        # Then the time that came in is the server's own
        await doc.context.set_offline(False)
        await expect(doc.page.locator("#signal")).not_to_contain_text(
            "kept on this phone", timeout=45_000
        )
    [at] = [it.at for it in entry(program, "pike").did if it.step is Step.ARRIVE]
    assert began - timedelta(seconds=3) <= at <= done + timedelta(seconds=3)


async def test_a_freeze_takes_the_list_at_the_next_contact(
    server: Served, program: Program, browser: Browser, links: dict[str, str], lee: Desk
) -> None:
    send(lee, program, drives(lee, "frozen"), [("crag", "Cragworth")])
    officer = await asyncio.to_thread(server.sign_in, HOME, [], "privacy_officer")
    async with device(browser, viewport=SMALL) as doc:
        await arrive(doc, links[BY_NAME["frozen"].name])
        await takes(doc, server.origin, "1 visit lies")
        await doc.context.set_offline(True)
        await without_signal(doc)
        await opens(doc, "Cragworth")
        # When the phone is said to be lost while it is in a valley
        warden = RunningWarden(server, None)  # type: ignore[arg-type]
        whose = CheckSession(await token_of(doc))
        seen = await warden.door.ask(whose, SessionView)
        assert isinstance(seen, SessionView)
        asked = FreezeNow(officer, "account", seen.account, "phone lost near the A64")
        assert await warden.door.ask(asked, Done) == Done()
        await warden.door.close()
        # Then the first contact takes it away, from the screen too
        await doc.context.set_offline(False)
        await doc.reads("No list lies on this phone")
        assert "WORTH" not in (await doc.page.content()).upper()


async def token_of(own: Device) -> str:
    cookies = await own.context.cookies()
    return next(one["value"] for one in cookies if "wardkeep" in one["name"])


async def test_of_two_phones_the_second_keeps_its_words_until_they_are_elsewhere(
    server: Served, program: Program, browser: Browser, links: dict[str, str], lee: Desk
) -> None:
    send(lee, program, drives(lee, "twice"), [("gill", "Gillworth")])
    async with device(browser, viewport=SMALL) as doc:
        await arrive(doc, links[BY_NAME["twice"].name])
        await takes(doc, server.origin, "1 visit lies")
        await doc.context.set_offline(True)
        await without_signal(doc)
        await opens(doc, "Gillworth")
        first = doc.page.locator("#v-gill-entry")
        await first.get_by_role("button", name="I have arrived").click()
        await first.get_by_role("button", name="I have left").click()
        await notes(doc, "gill", "The key safe code is 4711.")
        await ends(first, "Worse, admitted.", "visit-6h")
        await doc.reads("2 written here still")
        # When another phone of the same crew has ended the case meanwhile
        with closing(Desk(server.port, await token_of(doc))) as other:
            for step in ("arrive", "leave", "end"):
                brings(other, "gill-entry", step)
        await doc.context.set_offline(False)
        await expect(doc.page.locator("[data-lies]")).not_to_contain_text(
            "still to be sent", timeout=45_000
        )
        # Then nothing is written twice, and the words are here until they are elsewhere
        await doc.go(f"{server.origin}/home-visits/mine")
        await doc.press("Send what is written, with my passkey")
        await doc.reads("is not in the record: Worse, admitted.")
        await doc.reads("It seems to hold a code that opens a home.")
        await clean(doc, "car-did-not-fit-phone")
        done = doc.page.get_by_role("button", name="I have written it elsewhere")
        for left in (1, 0):
            await done.first.click()
            await expect(done).to_have_count(left)
    steps = [it.step for it in entry(program, "gill").did if it.act]
    assert steps == [Step.ARRIVE, Step.LEAVE, Step.END]
    assert "Worse" not in str(program.get("Task/gill-entry").json)


def brings(desk: Desk, id_: str, step: str) -> None:
    """What another phone brings in, at once."""
    act = {"id": new_uuid(), "entry": id_, "step": step, "at": now().isoformat()}
    if step == "end":
        act |= {"words": "Better.", "code": "self-care"}
    told = posts(desk, "/home-visits/mine/acts", {"acts": [act]})
    assert told["became"] == {act["id"]: "in"}


async def ends(first: Locator, words: str, code: str) -> None:
    await first.get_by_label("What came of it").select_option(code)
    await first.get_by_label("Why, and what was agreed").fill(words)
    await first.get_by_role("button", name="Keep what came of it").click()


async def test_a_passkey_that_keeps_no_list_says_so_and_nothing_is_given(
    server: Served, program: Program, browser: Browser, links: dict[str, str], lee: Desk
) -> None:
    send(lee, program, drives(lee, "plain"), [("fell", "Fellworth")])
    async with AsyncExitStack() as stack:
        doc = await stack.enter_async_context(device(browser, viewport=SMALL))
        await doc.plug_in(hasPrf=False)
        await arrive(doc, links[BY_NAME["plain"].name])
        await doc.go(f"{server.origin}/home-visits/mine")
        await doc.press("Take this list with me")
        await doc.reads("This passkey cannot keep the list")
        await doc.reads("No list lies on this phone.")
        await clean(doc, "car-no-prf-phone")
        assert doc.complaints == []


async def test_signing_out_takes_the_list_away_and_another_account_opens_nothing(
    server: Served, program: Program, browser: Browser, links: dict[str, str], lee: Desk
) -> None:
    send(lee, program, drives(lee, "leaves"), [("beck", "Beckworth")])
    async with device(browser, viewport=SMALL) as doc:
        await arrive(doc, links[BY_NAME["leaves"].name])
        await takes(doc, server.origin, "1 visit lies")
        # A colleague's passkey on the same phone opens nothing of it
        await doc.plug_in()
        await arrive(doc, links[BY_NAME["other"].name])
        await doc.go(f"{server.origin}/home-visits/mine")
        await doc.reads("It is a colleague’s")
        await doc.context.set_offline(True)
        await without_signal(doc)
        await doc.press("Open the list with my passkey")
        await doc.reads("That passkey did not open the list")
        assert "WORTH" not in (await doc.page.content()).upper()
        await doc.context.set_offline(False)
        # Signed out, from any page, it is gone
        await doc.go(f"{server.origin}/home-visits/mine")
        await doc.sign_out()
        await doc.reads("You are signed out.")
        assert await databases(doc) == []


async def databases(own: Device) -> list[str]:
    """What still lies there until somebody signs out; a moment is given to go."""
    names: list[str] = []
    for _ in range(50):
        found: list[str] = await own.page.evaluate(
            "indexedDB.databases().then((all) => all.map(({ name }) => name))"
        )
        names = [one for one in found if "until-sign-out" in one]
        if not names:
            return []
        await asyncio.sleep(0.1)
    return names
