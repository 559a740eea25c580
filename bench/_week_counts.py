# SPDX-License-Identifier: Apache-2.0
"""What a trust's week came to, and how sure one may be of it."""

import math
from collections import Counter

import msgspec

from wardkeep.warden import alarms, freezes

TOLD = (
    *(alarms.SOFT_LIMIT, alarms.SEARCHING, alarms.BREAKER, alarms.FROZEN),
    *(alarms.CANARY, alarms.PRINTS, alarms.SENDINGS, alarms.GLASS_AGAIN),
)
_CAUSES = {
    freezes.CANARY: "canary met",
    freezes.BUDGET: "budget spent",
    freezes.SCRAPING: "tried without the passkey",
}
_DOUBT = 0.05
_ASKED_NOTHING = ("health advisor", "receptionist, hall")


class Counts(msgspec.Struct):
    """What was counted; posts by their names."""

    openings: Counter[str] = msgspec.field(default_factory=Counter)
    asked: Counter[str] = msgspec.field(default_factory=Counter)
    asked_for: Counter[str] = msgspec.field(default_factory=Counter)
    """By the label of the work."""
    touches: Counter[str] = msgspec.field(default_factory=Counter)
    at_work: dict[tuple[int, str], str] = msgspec.field(default_factory=dict)
    """By day and account: the post."""
    glass: Counter[str] = msgspec.field(default_factory=Counter)
    """By post."""
    glass_waits: list[float] = msgspec.field(default_factory=list)
    """Seconds until it held, of those that had to wait."""
    glass_of: Counter[tuple[int, str]] = msgspec.field(default_factory=Counter)
    """By day and account."""
    searches: Counter[str] = msgspec.field(default_factory=Counter)
    wrong: Counter[str] = msgspec.field(default_factory=Counter)
    """Somebody else was taken: how it came, and what came of it."""
    nearest: float = 0.0
    """The largest share of its role's hard budget that anybody opened in a day."""
    put_off: int = 0
    """Openings that waited for a release."""
    refused: Counter[str] = msgspec.field(default_factory=Counter)
    """Prints and sendings, by the refusal's code."""
    left: Counter[str] = msgspec.field(default_factory=Counter)
    """Prints and sendings that were granted."""
    frozen: dict[tuple[int, str], str] = msgspec.field(default_factory=dict)
    """By day and account: the cause."""

    def figures(self, days: int) -> dict[str, float]:
        """Shares, numbers a day, and false freezes by cause."""
        openings, asked = self.openings.total(), self.asked.total()
        found = {
            "openings a day": openings / days,
            "accounts at work a day": len(self.at_work) / days,
            "asked why, % of openings": 100 * asked / openings,
            "the same without calls and receptions of clinics": self._elsewhere(),
        }
        for post, many in sorted(self.openings.items()):
            found[f"asked why, %, {post}"] = 100 * self.asked[post] / many
        for label, many in self.asked_for.most_common():
            found[f"of these, % for work: {label}"] = 100 * many / asked
        found["glass broken, % of openings"] = 100 * self.glass.total() / openings
        for post, many in self.glass.most_common(3):
            share = 100 * many / self.openings[post]
            found[f"glass broken, % of openings, {post}"] = share
        found["glass, most by one person in a day"] = max(
            self.glass_of.values(), default=0
        )
        found["glass that had to wait, of all"] = len(self.glass_waits)
        found["glass, longest wait in s"] = max(self.glass_waits, default=0.0)
        for what, many in sorted((self.left + self.refused).items()):
            found[f"left or refused a day: {what}"] = many / days
        searches = self.searches.total()
        found["searches a day"] = searches / days
        for what, many in sorted(self.wrong.items()):
            found[f"somebody else taken a day: {what}"] = many / days
        for why, many in sorted(self.touches.items()):
            found[f"passkey for {why}, per account-day"] = many / len(self.at_work)
        found["openings that waited for a release"] = self.put_off
        found["nearest to a hard budget in a day, %"] = 100 * self.nearest
        return found | self.freezes()

    def _elsewhere(self) -> float:
        """Where nobody is asked anything by the thousand, it says little of others."""
        posts = [one for one in self.openings if one not in _ASKED_NOTHING]
        asked = sum(self.asked[one] for one in posts)
        return 100 * asked / sum(self.openings[one] for one in posts)

    def freezes(self) -> dict[str, float]:
        """Per 1,000 account-days, with what it is at most with 95% confidence."""
        days = len(self.at_work)
        causes = Counter(self.frozen.values())
        found = {"account-days": float(days)}
        named = {"false freezes": len(self.frozen)} | {
            f"false freezes, {words}": causes[cause] for cause, words in _CAUSES.items()
        }
        for words, many in named.items():
            found[f"{words}, per 1,000 account-days"] = 1000 * many / days
            found[f"{words}, at most (95%)"] = 1000 * at_most(many) / days
        for post, many in self._frozen_posts().most_common():
            of_post = sum(one == post for one in self.at_work.values())
            found[f"false freezes, {post}, per 1,000"] = 1000 * many / of_post
        return found

    def _frozen_posts(self) -> Counter[str]:
        return Counter(self.at_work[one] for one in self.frozen)

    def add(self, other: "Counts", *, days: int) -> None:
        """Another week, after so many days of this one: for the freezes alone."""
        for (day, account), post in other.at_work.items():
            self.at_work[days + day, account] = post
        for (day, account), cause in other.frozen.items():
            self.frozen[days + day, account] = cause


def at_most(seen: int) -> float:
    """The mean below which so few would be seen only once in twenty times (Poisson)."""
    low, high = float(seen), 3 * seen + 10.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        few = sum(middle**n / math.factorial(n) for n in range(seen + 1))
        low, high = (
            (middle, high) if math.exp(-middle) * few > _DOUBT else (low, middle)
        )
    return high
