# SPDX-License-Identifier: Apache-2.0
"""A device's stream: a line for each change, and none for who is let in no more."""

import asyncio

import pytest
from starlette.types import Message

from support.waiting import until
from wardkeep.base.clock import SystemClock
from wardkeep.db.changes import Changed, Topic
from wardkeep.db.errors import DatabaseUnavailableError
from wardkeep.web import watching
from wardkeep.web.hub import Hub
from wardkeep.web.watching import MOST_OF_A_DEVICE, DeviceStream, Line, Watches

pytestmark = pytest.mark.asyncio
CLINIC = (1, Topic("clinic", "a"))


class Screen:
    """A device that reads a stream; what it shows is counted up."""

    def __init__(self, watches: Watches, *, whose: str = "screen-1") -> None:
        self.lines: list[bytes] = []
        self.is_let_in = True
        self.looks = 0
        self.gone = asyncio.Event()
        self.sent: list[Message] = []
        self._answer = DeviceStream(
            watches, whose=whose, keys=[CLINIC], look=self._look
        )
        self.task = asyncio.create_task(
            self._answer({"type": "http"}, self._receive, self._send)
        )

    async def _look(self) -> Line:
        self.looks += 1
        return Line(b"%d" % self.looks, is_last=not self.is_let_in)

    async def _receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)
        if message.get("body"):
            self.lines.append(message["body"])

    async def has(self, lines: int) -> None:
        await until(lambda: len(self.lines) >= lines)

    @property
    def has_ended(self) -> bool:
        return self.sent[-1].get("more_body") is False


@pytest.fixture
def hub() -> Hub:
    hub = Hub(SystemClock())
    hub.listen(True)  # noqa: FBT003 - as the ear calls it
    return hub


@pytest.fixture(autouse=True)
def _only_by_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOKS_AGAIN_SECONDS", 60.0)


async def leaves(screen: Screen) -> None:
    screen.gone.set()
    await asyncio.wait_for(screen.task, 5)


async def test_a_line_comes_first_and_then_at_each_change_of_its_own(hub: Hub) -> None:
    screen = Screen(hub.watches)
    await screen.has(1)
    hub.hear(Changed(1, Topic("clinic", "other"), "m0"))
    hub.hear(Changed(2, Topic("clinic", "a"), "m0"))
    await asyncio.sleep(0.1)
    assert screen.lines == [b"1\n"]
    hub.hear(Changed(1, Topic("clinic", "a"), "m1"))
    await screen.has(2)
    assert screen.sent[0]["status"] == 200
    assert (b"x-accel-buffering", b"no") in screen.sent[0]["headers"]
    await leaves(screen)
    assert screen.has_ended
    assert len(hub.watches) == 0


async def test_a_change_while_a_line_is_made_makes_another(hub: Hub) -> None:
    screen = Screen(hub.watches)
    made = screen._look

    async def look_while_it_changes() -> Line:
        if screen.looks == 0:
            hub.hear(Changed(1, Topic("clinic", "a"), "m1"))
        return await made()

    screen._answer._look = look_while_it_changes
    await screen.has(2)
    await leaves(screen)


async def test_many_changes_at_once_are_few_lines(hub: Hub) -> None:
    screen = Screen(hub.watches)
    await screen.has(1)
    for number in range(100):
        hub.hear(Changed(1, Topic("clinic", "a"), f"m{number}"))
        await asyncio.sleep(0)
    await asyncio.sleep(0.2)
    assert 2 <= len(screen.lines) <= 4
    await leaves(screen)


async def test_who_is_let_in_no_more_gets_one_more_line_and_the_end(hub: Hub) -> None:
    screen = Screen(hub.watches)
    await screen.has(1)
    screen.is_let_in = False
    hub.hear(Changed(1, Topic("clinic", "a"), "m1"))
    await asyncio.wait_for(screen.task, 5)
    assert screen.lines == [b"1\n", b"2\n"]
    assert screen.has_ended


async def test_without_a_change_it_looks_again_each_second(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOKS_AGAIN_SECONDS", 0.01)
    screen = Screen(hub.watches)
    await screen.has(3)
    await leaves(screen)


async def test_when_hearing_begins_or_ends_it_looks_again(hub: Hub) -> None:
    screen = Screen(hub.watches)
    await screen.has(1)
    hub.listen(False)  # noqa: FBT003 - as the ear calls it
    await screen.has(2)
    await asyncio.sleep(0.1)
    hub.listen(True)  # noqa: FBT003 - as the ear calls it
    await screen.has(3)
    await leaves(screen)


async def test_a_stolen_secret_takes_few_places_and_the_oldest_goes(hub: Hub) -> None:
    screens = [Screen(hub.watches) for _ in range(MOST_OF_A_DEVICE + 2)]
    other = Screen(hub.watches, whose="screen-2")
    await other.has(1)
    await until(lambda: len(hub.watches) == MOST_OF_A_DEVICE + 1)
    await until(lambda: [one.has_ended for one in screens[:3]] == [True, True, False])
    hub.close_all()
    await asyncio.gather(*[one.task for one in (*screens, other)])
    assert len(hub.watches) == 0


async def test_a_look_that_breaks_ends_the_answer_and_is_forgotten(hub: Hub) -> None:
    async def breaks() -> Line:
        raise DatabaseUnavailableError

    screen = Screen(hub.watches)
    screen._answer._look = breaks
    with pytest.raises(DatabaseUnavailableError):
        await screen.task
    assert len(hub.watches) == 0
