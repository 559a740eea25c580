# SPDX-License-Identifier: Apache-2.0
"""Red flags: what raises one, and what a person must say to set one aside."""

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.triage.content import Content
from wardkeep.fhir.triage.engine import (
    SHORTEST_REASON,
    Entry,
    Log,
    Overruled,
    Result,
    SetAside,
    Turn,
)

_LONGEST_REASON = 2_000


def refused(result: Result, setting: SetAside) -> Problem | None:
    """Why it cannot be set aside; None: it can."""
    if setting.rule not in result.raised:
        return Problem(
            place=setting.rule,
            wrong="no such red flag is raised",
            mend="Set aside one that stands.",
        )
    letters = len(setting.why.strip())
    if not SHORTEST_REASON <= letters <= _LONGEST_REASON:
        return Problem(
            place=setting.rule,
            wrong="a red flag is set aside for a reason",
            mend=f"Say why in {SHORTEST_REASON} to {_LONGEST_REASON} letters.",
        )
    if not setting.by:
        return Problem(
            place=setting.rule,
            wrong="nobody is named",
            mend="Say who sets it aside.",
        )
    return None


def held(content: Content, red: frozenset[str]) -> str:
    """Red flags whose conditions hold, as a turn's state has them."""
    return " ".join(one.id for one in content.rules if one.id in red)


def latched(
    before: Turn, *, holds: frozenset[str]
) -> tuple[frozenset[str], tuple[Overruled, ...]]:
    """Red flags that stand and that are set aside, after an answer.

    `holds` are those whose conditions hold after it. One that began to hold is raised,
    though it was set aside before; none is taken down by an answer.
    """
    begun = holds - frozenset(before.state.split())
    aside = tuple(one for one in before.result.overruled if one.rule not in begun)
    return frozenset(before.result.raised) | begun, aside


def set_aside(
    content: Content, before: Result, setting: SetAside
) -> tuple[frozenset[str], tuple[Overruled, ...]]:
    """The same, after somebody overruled one; it was not refused."""
    rule = content.rule(setting.rule)
    words = rule.words if rule else ""
    one = Overruled(
        rule=setting.rule, words=words, by=setting.by, why=setting.why.strip()
    )
    others = [kept for kept in before.overruled if kept.rule != setting.rule]
    order = {kept.id: at for at, kept in enumerate(content.rules)}
    aside = sorted([*others, one], key=lambda kept: order[kept.rule])
    return frozenset(before.raised) - {setting.rule}, tuple(aside)


def kept(turn: Turn, entry: Entry) -> Log:
    """The log with one more entry."""
    return msgspec.structs.replace(turn.log, entries=(*turn.log.entries, entry))
