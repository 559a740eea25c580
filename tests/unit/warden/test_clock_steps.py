# SPDX-License-Identifier: Apache-2.0
"""The mark of the clock's hands: what it tells, and what it cannot tell."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from support.ledgers import entry_about, open_ledger
from wardkeep.base.clock import FrozenClock
from wardkeep.ledger.entry import Entry
from wardkeep.warden.clock_steps import (
    CLOCK_SET,
    LEAST_SECONDS,
    ClockMark,
    length,
    seconds_of,
    steps_in,
    words_of,
)
from wardkeep.warden.service.clock_watch import ClockWatch
from wardkeep.warden.service.trace import Trace

START = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(START)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "clock.json"


@pytest.mark.parametrize("hours", [-30, -1, 1, 24])
def test_what_the_wall_hand_was_moved_by_is_told_after_a_start(
    path: Path, clock: FrozenClock, hours: int
) -> None:
    ClockMark(path, clock)
    clock.move(5 * HOUR)
    clock.step_wall_time(hours * HOUR)
    clock.move(7 * HOUR)
    mark = ClockMark(path, clock)
    assert mark.ahead() == pytest.approx(hours * 3600)
    mark.put()
    assert mark.ahead() == ClockMark(path, clock).ahead() == 0


@pytest.mark.parametrize(("hours", "back"), [(24, 24), (1, 1), (0, 0), (-30, 0)])
def test_counting_goes_back_by_what_the_clock_was_moved_on(
    path: Path, clock: FrozenClock, hours: int, back: int
) -> None:
    mark = ClockMark(path, clock)
    clock.step_wall_time(hours * HOUR)
    assert mark.counted_to() == (clock.now() - back * HOUR).timestamp()


def test_many_steps_that_are_none_are_one_together(
    path: Path, clock: FrozenClock
) -> None:
    mark = ClockMark(path, clock)
    step = timedelta(seconds=1)
    for _ in range(int(LEAST_SECONDS) - 1):
        clock.step_wall_time(step)
        assert mark.ahead() == 0
    clock.step_wall_time(step)
    assert mark.ahead() == pytest.approx(LEAST_SECONDS)


def test_of_another_run_of_the_machine_it_tells_nothing(
    path: Path, clock: FrozenClock
) -> None:
    ClockMark(path, clock)
    restarted = FrozenClock(START + 9 * HOUR)
    assert ClockMark(path, restarted).ahead() == 0
    restarted.step_wall_time(HOUR)
    assert ClockMark(path, restarted).ahead() == pytest.approx(3600), "made anew"


class Named(FrozenClock):
    """A machine whose run has a name that we choose."""

    def __init__(self, run: str) -> None:
        super().__init__(START)
        self._run = run

    def boot(self) -> str:
        return self._run


def test_where_nothing_names_the_run_it_tells_nothing(path: Path) -> None:
    clock = Named("")
    ClockMark(path, clock)
    clock.step_wall_time(HOUR)
    assert ClockMark(path, clock).ahead() == 0


@pytest.mark.parametrize(("run", "another"), [("a", "b"), ("b", "a")])
def test_the_mark_of_one_run_serves_no_other(
    path: Path, run: str, another: str
) -> None:
    ClockMark(path, Named(run))
    moved = Named(another)
    moved.step_wall_time(HOUR)
    assert ClockMark(path, moved).ahead() == 0


@pytest.mark.parametrize("content", [b"", b"{", b'{"boot": 3}', b"\xff"])
def test_a_file_that_cannot_be_read_keeps_nobody_from_starting(
    path: Path, clock: FrozenClock, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(content)
    ClockMark(path, clock)
    assert "clock.json cannot be read, and is made anew" in caplog.text
    clock.step_wall_time(HOUR)
    assert ClockMark(path, clock).ahead() == pytest.approx(3600)


def test_where_it_cannot_be_written_the_running_warden_still_tells(
    tmp_path: Path, clock: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a-file").touch()
    mark = ClockMark(tmp_path / "a-file" / "clock.json", clock)
    assert "cannot be written" in caplog.text
    clock.step_wall_time(HOUR)
    assert mark.ahead() == pytest.approx(3600)


def step(ahead: float, mark: str) -> Entry:
    made = entry_about("p-1")
    return msgspec.structs.replace(made, action=CLOCK_SET, request=f"{ahead} {mark}")


def test_what_was_written_twice_counts_once() -> None:
    """Whoever is killed before the mark moves on writes it again at the next start."""
    entries = [step(3600, "a 1"), entry_about("p-1"), step(3660, "a 1"), step(-5, "b")]
    assert list(steps_in(entries)) == [0.0, 0.0, 3660.0, -5.0]


@pytest.mark.parametrize("action", ["clock", "read"])
def test_only_an_entry_of_a_step_is_one(action: str) -> None:
    made = msgspec.structs.replace(step(3600, "a"), action=action)
    assert list(steps_in([made])) == [0.0]


def test_a_minute_is_a_step_and_less_is_none(path: Path, clock: FrozenClock) -> None:
    mark = ClockMark(path, clock)
    clock.step_wall_time(timedelta(seconds=-59.5))
    assert mark.ahead() == 0
    clock.step_wall_time(timedelta(seconds=-0.5))
    assert mark.ahead() == pytest.approx(-60)


def test_an_entry_says_by_how_much_and_from_which_mark(
    path: Path, clock: FrozenClock
) -> None:
    mark = ClockMark(path, clock)
    first = mark.request(3600.4)
    assert first.startswith("+3600 ")
    assert mark.request(-90.0).startswith("-90 ")
    assert mark.request(60.0).partition(" ")[2] == first.partition(" ")[2]
    again = ClockMark(path, clock)
    assert again.request(3600.4) == first, "of the same mark"
    again.put()
    assert again.request(3600.4) != first
    made = msgspec.structs.replace(entry_about("p"), request=first)
    assert seconds_of(made) == 3600.0


def test_it_is_said_in_words() -> None:
    assert words_of(86_400) == "by 1 day on"
    assert words_of(60) == "by 1 minute on"
    assert words_of(-60) == "by 1 minute back"
    assert length(90_000 + 120) == "1 day 1 hour 2 minutes"
    assert length(3 * 86_400 - 60) == "2 days 23 hours 59 minutes"
    assert length(89) == "1 minute"
    assert length(91) == "2 minutes"
    assert words_of(-3_661) == "by 1 hour 1 minute back"
    assert length(-2 * 86_400 - 7_200) == "2 days 2 hours"


async def test_where_the_ledger_cannot_be_written_it_is_said_at_the_next_look(
    path: Path, clock: FrozenClock, tmp_path: Path
) -> None:
    """The mark stays until the entry is on the disk, and so does what is told."""
    ledger, told, answers = open_ledger(tmp_path / "ledger"), list[str](), [False, True]

    async def written() -> bool:
        return answers.pop(0)

    watch = ClockWatch(
        ClockMark(path, clock),
        trace=Trace(ledger, clock),
        tell=lambda detail, _entry: told.append(detail),
        written=written,
    )
    await watch.look()
    assert answers == [False, True]
    clock.step_wall_time(HOUR)
    await watch.look()
    assert told == []
    await watch.look()
    assert len(told) == 1
    await watch.look()
    assert answers == []
    ledger.close()
