# SPDX-License-Identifier: Apache-2.0
"""Who hears what: nothing is missed, nothing piles up, and the door is not stormed."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jinja2
import pytest
from markupsafe import Markup

from support.asgi import ORIGIN
from support.scripted_warden import scripted_warden
from support.waiting import until
from wardkeep.base.clock import FrozenClock
from wardkeep.db.changes import Changed, Topic
from wardkeep.disclosure.answers import Done, GoingOn
from wardkeep.disclosure.questions import WhichMayGoOn
from wardkeep.web import hub as hub_module
from wardkeep.web.hub import MOST_OF_A_SESSION, SIGNALS_AT_ONCE, Hub, Stream
from wardkeep.web.live import Ground, Hears, Shared, Signal
from wardkeep.web.rendering import Rendering
from wardkeep.web.services import Services
from wardkeep.web.site import Site

CLOCK_AT = datetime(2026, 11, 23, 12, 20, 31, tzinfo=UTC)
CLINIC, WARD = Topic("clinic", "3"), Topic("ward", "7")
PART = "/clinics/3/live"


def ground(organisation: int = 1) -> Ground:
    rendering = Rendering(
        jinja2.Environment(autoescape=True),
        site=Site(origin=ORIGIN),
        clock=FrozenClock(CLOCK_AT),
    )
    return Ground(
        organisation=organisation,
        path_parts={"clinic": "3"},
        query={},
        services=Services(),
        rendering=rendering,
    )


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    made = Hub(FrozenClock(CLOCK_AT))
    made.listen(is_listening=True)
    yield made
    made.close_all()


def changed(
    topic: Topic = CLINIC, *, organisation: int = 1, mark: str = "m1"
) -> Changed:
    return Changed(organisation, topic, mark)


def listen(
    hub: Hub, hears: Hears, *, who: str = "t", of: str = PART, seen: str | None = None
) -> Stream:
    stream = hub.open(who)
    where = ground()
    if seen is None:
        seen = hub.seen(hub.keys(where.organisation, hears))
    hub.add(stream, of, hears, ground=where, seen=seen)
    return stream


async def told(stream: Stream) -> list[tuple[str, dict[str, object]]]:
    """The events that there are, once there is one."""
    async with asyncio.timeout(5):
        taken = await stream.take()
    found = []
    for one in taken.decode().strip().split("\n\n"):
        name, said = one.split("\n")
        found.append((name.removeprefix("event: "), json.loads(said[len("data: ") :])))
    return found


async def has_nothing(stream: Stream) -> bool:
    try:
        async with asyncio.timeout(0.05):
            await stream.take()
    except TimeoutError:
        return True
    return False


async def test_a_page_that_has_seen_everything_is_told_that_it_is_current(
    hub: Hub,
) -> None:
    stream = listen(hub, Signal((CLINIC,)))
    assert await told(stream) == [("current", {"of": PART})]


async def test_a_change_is_told_to_its_own_organisation_and_topic_alone(
    hub: Hub,
) -> None:
    stream = listen(hub, Signal((CLINIC,)))
    await told(stream)
    hub.hear(changed(organisation=2))
    hub.hear(changed(WARD))
    assert await has_nothing(stream)
    hub.hear(changed())
    assert await told(stream) == [("changed", {"of": PART})]


async def test_a_change_between_the_page_and_its_stream_is_not_missed(hub: Hub) -> None:
    keys = hub.keys(1, Signal((CLINIC,)))
    seen = hub.seen(keys)
    hub.hear(changed())
    stream = listen(hub, Signal((CLINIC,)), seen=seen)
    assert await told(stream) == [("changed", {"of": PART})]


async def test_what_another_process_knows_is_trusted_only_where_both_heard_it(
    hub: Hub,
) -> None:
    other = Hub(FrozenClock(CLOCK_AT))
    other.listen(is_listening=True)
    both = Signal((CLINIC, WARD))
    keys = hub.keys(1, both)
    assert not hub.is_current(keys, other.seen(keys))
    for one in (hub, other):
        one.hear(changed())
        one.hear(changed(WARD, mark="m2"))
    assert hub.is_current(keys, other.seen(keys))
    other.hear(changed(mark="m3"))
    assert not hub.is_current(keys, other.seen(keys))
    assert not hub.is_current(keys, "rubbish")


async def test_nothing_is_current_while_nobody_listens_and_everything_is_asked_after(
    hub: Hub,
) -> None:
    stream = listen(hub, Signal((CLINIC,)))
    await told(stream)
    before = hub.seen(hub.keys(1, Signal((CLINIC,))))
    hub.listen(is_listening=False)
    assert await told(stream) == [("late", {"of": PART})]
    assert hub.beat(stream) == b": waiting\n\n"
    late = listen(hub, Signal((CLINIC,)), seen=before)
    assert await told(late) == [("late", {"of": PART})]
    hub.listen(is_listening=True)
    assert await told(stream) == [("changed", {"of": PART})]
    assert not hub.is_current(hub.keys(1, Signal((CLINIC,))), before)


async def test_a_slow_reader_has_the_newest_news_and_no_queue(hub: Hub) -> None:
    stream = listen(hub, Signal((CLINIC,)))
    stream.put("/other", b"event: current\ndata: 0\n\n")
    for number in range(100):
        stream.put(PART, b"event: part\ndata: %d\n\n" % number)
    taken = await stream.take()
    assert taken.count(b"event:") == 2
    assert b"data: 99" in taken


async def test_a_thousand_boards_ask_the_door_at_a_pace(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "SIGNALS_EVERY_SECONDS", 0.2)
    streams = [listen(hub, Signal((CLINIC,)), who=f"t{n}") for n in range(100)]
    for one in streams:
        await told(one)
    hub.hear(changed())
    await asyncio.sleep(0.05)
    assert sum([one._wake.is_set() for one in streams]) == SIGNALS_AT_ONCE
    # What changes meanwhile gives nobody a second turn before the others' first.
    hub.hear(changed(mark="m2"))
    await until(lambda: all(one._wake.is_set() for one in streams))


async def test_signals_that_go_by_time_alone_come_with_the_beat() -> None:
    clock = FrozenClock(CLOCK_AT)
    hub = Hub(clock)
    hub.listen(is_listening=True)
    stream = listen(hub, Signal(every_seconds=5))
    await told(stream)
    assert b'"at":"12:20:31"' in hub.beat(stream)
    assert await has_nothing(stream)
    clock.move(timedelta(seconds=5))
    hub.beat(stream)
    assert await told(stream) == [("changed", {"of": PART})]
    hub.close_all()


class Kitchen:
    """Makes a shared part, and counts."""

    def __init__(self) -> None:
        self.made = 0
        self.is_broken = False
        self.before: Callable[[], None] = lambda: None

    async def show(self, where: Ground) -> Markup:
        self.before()
        self.made += 1
        if self.is_broken:
            raise RuntimeError
        return Markup("<p>{} {}</p>").format(where.path("clinic"), self.made)


def parts_of(news: list[tuple[str, dict[str, object]]]) -> object:
    [(name, said)] = news
    assert name == "part"
    return said["parts"]


async def test_a_shared_part_is_made_once_for_all(hub: Hub) -> None:
    kitchen = Kitchen()
    hears = Shared((CLINIC,), kitchen.show)
    streams = [listen(hub, hears, who=f"t{n}") for n in range(50)]
    for one in streams:
        assert await told(one) == [("current", {"of": PART})]
    hub.hear(changed())
    for one in streams:
        assert parts_of(await told(one)) == [["p", {}, "3 1"]]
    late = listen(hub, hears, who="late", seen="")
    assert parts_of(await told(late)) == [["p", {}, "3 1"]]
    assert kitchen.made == 1


async def test_what_changes_while_a_part_is_made_has_it_made_once_more(
    hub: Hub,
) -> None:
    kitchen = Kitchen()
    stream = listen(hub, Shared((CLINIC,), kitchen.show))
    await told(stream)
    marks = iter(["m2"])

    def before() -> None:
        for one in marks:
            hub.hear(changed(mark=one))

    kitchen.before = before
    hub.hear(changed())
    await until(lambda: kitchen.made == 2)
    await asyncio.sleep(0.1)
    assert parts_of(await told(stream)) == [["p", {}, "3 2"]]


async def test_a_part_that_cannot_be_made_is_said_to_be_old_and_made_again(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hub_module, "MADE_AGAIN_AFTER_SECONDS", 0.05)
    kitchen = Kitchen()
    kitchen.is_broken = True
    stream = listen(hub, Shared((CLINIC,), kitchen.show))
    await told(stream)
    hub.hear(changed())
    assert await told(stream) == [("late", {"of": PART})]
    kitchen.is_broken = False
    await until(stream._wake.is_set)
    assert parts_of(await told(stream))
    assert "could not be made" in caplog.text


async def test_a_shared_part_that_depends_on_the_time_is_made_anew_once_for_all() -> (
    None
):
    clock, kitchen = FrozenClock(CLOCK_AT), Kitchen()
    hub = Hub(clock)
    hub.listen(is_listening=True)
    hears = Shared((CLINIC,), kitchen.show, every_seconds=60)
    streams = [listen(hub, hears, who=f"t{n}") for n in range(3)]
    for one in streams:
        assert await told(one) == [("current", {"of": PART})]
    clock.move(timedelta(seconds=59))
    for one in streams:
        hub.beat(one)
    await asyncio.sleep(0.02)
    assert kitchen.made == 0
    clock.move(timedelta(seconds=2))
    for one in streams:
        hub.beat(one)
    for one in streams:
        assert parts_of(await told(one)) == [["p", {}, "3 1"]]
        hub.beat(one)
    await asyncio.sleep(0.1)
    assert kitchen.made == 1
    hub.close_all()


async def test_a_closed_stream_is_forgotten_with_all_that_it_heard_of(hub: Hub) -> None:
    kitchen = Kitchen()
    stream = listen(hub, Shared((CLINIC,), kitchen.show))
    hub.add(stream, "/other", Signal((CLINIC, WARD)), ground=ground(), seen="")
    other = listen(hub, Signal((WARD,)), who="other")
    assert hub.streams == 2
    hub.close(stream)
    hub.close(stream)
    assert await stream.take() == b""
    assert hub.streams == 1
    hub.hear(changed())
    await asyncio.sleep(0.05)
    assert kitchen.made == 0
    assert not other.is_over
    assert hub.beat(stream).startswith(b"event: beat")


async def test_a_session_has_a_few_streams_and_the_oldest_goes(hub: Hub) -> None:
    streams = [hub.open("t") for _ in range(MOST_OF_A_SESSION + 1)]
    assert [one.is_over for one in streams] == [True] + [False] * MOST_OF_A_SESSION


async def test_forgotten_marks_count_as_changes(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "MOST_MARKS", 2)
    stream = listen(hub, Signal((CLINIC,)))
    await told(stream)
    for number in range(3):
        hub.hear(changed(Topic("ward", str(number))))
    assert await told(stream) == [("changed", {"of": PART})]


async def test_streams_end_whose_session_may_not_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "SESSIONS_ASKED_EVERY_SECONDS", 0.02)
    monkeypatch.setattr(hub_module, "MAX_SESSIONS", 2)
    hub = Hub(FrozenClock(CLOCK_AT))
    async with scripted_warden(tmp_path) as (warden, client):
        ended = {"t2"}
        warden.when(
            WhichMayGoOn,
            lambda asked: GoingOn(tuple([one not in ended for one in asked.sessions])),
        )
        streams = {name: hub.open(name) for name in ("t1", "t2", "t3")}
        watching = asyncio.create_task(hub.watch_sessions(client))
        await until(lambda: streams["t2"].is_over)
        assert not streams["t1"].is_over
        assert not streams["t3"].is_over
        # Where the warden does not say, nobody may go on.
        warden.when(WhichMayGoOn, Done())
        await until(lambda: hub.streams == 0)
        watching.cancel()
        await asyncio.wait([watching])
