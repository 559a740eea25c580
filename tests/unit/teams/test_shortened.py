# SPDX-License-Identifier: Apache-2.0
"""What was made shorter and longer again stays the word of whoever told it first."""

from wardkeep.teams.shortened import KEPT_SECONDS, Shortened
from wardkeep.teams.ties import Source, Tie

PLACE = Source(1, "Task", "t-1", "p-1")
LONG = Tie("Location/queue", "queue", 1, 9, "taker")
SHORT = Tie("Location/queue", "queue", 1, 5, "taker")
OTHER = Tie("Practitioner/ann", "queue", 1, 9, "ann")


def noted(shortened: Shortened, told: list[Tie], before: list[Tie], now: float) -> None:
    shortened.note({PLACE: told}, {PLACE: before}, now=now)


def test_what_was_longer_is_known_for_as_long_as_an_end_is_taken_back() -> None:
    shortened = Shortened()
    noted(shortened, [SHORT], [LONG, OTHER], 10.0)
    assert list(shortened.of(PLACE, now=10.0 + KEPT_SECONDS - 1)) == [LONG]
    assert list(shortened.of(PLACE, now=10.0 + KEPT_SECONDS)) == []
    shortened.forget_old(now=10.0)
    assert list(shortened.of(PLACE, now=10.0)) == [LONG]
    shortened.forget_old(now=10.0 + KEPT_SECONDS)
    assert list(shortened.of(PLACE, now=10.0)) == []


def test_what_is_told_no_more_was_not_shortened() -> None:
    """Whoever writes it again has taken it on."""
    shortened = Shortened()
    noted(shortened, [SHORT], [LONG], 10.0)
    noted(shortened, [], [SHORT], 11.0)
    assert list(shortened.of(PLACE, now=12.0)) == []


def test_what_is_as_long_again_is_forgotten_and_steps_between_are_not() -> None:
    shortened = Shortened()
    noted(shortened, [SHORT], [LONG], 10.0)
    noted(shortened, [SHORT], [SHORT], 11.0)
    assert list(shortened.of(PLACE, now=12.0)) == [LONG]
    noted(shortened, [LONG], [SHORT], 12.0)
    assert list(shortened.of(PLACE, now=12.0)) == []
