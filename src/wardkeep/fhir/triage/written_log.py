# SPDX-License-Identifier: Apache-2.0
"""A log as lines that people can read: what a form carries and keeps while it is open.

One entry a line, parts between bars: time, question and answer; or time, `set aside`,
rule and reason. Whoever is signed in is who set it aside: a form cannot name another.
"""

from collections.abc import Mapping, Sequence

from wardkeep.fhir.triage.engine import Answer, Entry, SetAside

MOST_LETTERS = 40_000
_ASIDE = "set aside"
_NOTHING = "taken back"
_BAR = " | "


def lines_of(entries: Sequence[Entry]) -> str:
    return "\n".join(_line(one) for one in entries)


def _line(entry: Entry) -> str:
    if isinstance(entry, SetAside):
        why = " ".join(entry.why.split())
        return f"{entry.at}{_BAR}{_ASIDE}{_BAR}{entry.rule}{_BAR}{why}"
    return f"{entry.at}{_BAR}{entry.link}{_BAR}{entry.value or _NOTHING}"


def entries_in(text: str, *, by: str) -> tuple[Entry, ...]:
    """What cannot be read is left out: the fields of the form say it once more."""
    found: list[Entry] = []
    for line in text.splitlines():
        parts = line.rstrip().split(_BAR, len(("at", "aside", "rule")))
        if len(parts) == len(("at", "aside", "rule", "why")) and parts[1] == _ASIDE:
            at, _, rule, why = parts
            found.append(SetAside(rule=rule, by=by, why=why, at=at))
        elif len(parts) == len(("at", "link", "value")):
            at, link, value = parts
            answer = "" if value == _NOTHING else value
            found.append(Answer(link=link, value=answer, at=at))
    return tuple(found)


def changed(
    answered: Mapping[str, str], shown: Mapping[str, str], *, at: str
) -> tuple[Answer, ...]:
    """What the fields say and the log does not say yet, in the fields' order."""
    return tuple(
        Answer(link=link, value=value, at=at)
        for link, value in shown.items()
        if answered.get(link, "") != value
    )
