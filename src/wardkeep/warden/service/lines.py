# SPDX-License-Identifier: Apache-2.0
"""What an entry says in words: what was disclosed, and why something was refused."""

from typing import NamedTuple

from wardkeep.disclosure.containment import OpeningView
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.onward import sent_to
from wardkeep.warden.directory import Directory
from wardkeep.warden.rules import EXPLAINED

GRANTED = "grant"
_REFUSAL = "refusal:"


class Words(NamedTuple):
    """Why something was refused; empty where it was not."""

    rule: str = ""
    because: str = ""
    would_allow: str = ""


def why_refused(outcome: str) -> Words:
    """The rule that decided so, why, and what would have allowed it."""
    if outcome == GRANTED:
        return Words()
    code = outcome.removeprefix(_REFUSAL)
    found = EXPLAINED.get(code)
    if found is None:
        # Refused before any rule of the door was asked: a sign-in, a signed act.
        return Words("none of the door's", f"It ended with “{code}”.", "")
    rule, explained = found
    return Words(rule, explained.because, explained.would_allow)


def types_in(subjects: tuple[Subject, ...]) -> str:
    """How many resources of which types, the most first."""
    counted: dict[str, int] = {}
    for one in subjects:
        for type_, found in one.packed_resources.items():
            counted[type_] = counted.get(type_, 0) + len(found)
    most_first = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count} {type_}" for type_, count in most_first)


_NOBODY = Subject.about(patient="", tier="", relationship="", resources=())


def views_of(position: int, entry: Entry, directory: Directory) -> list[OpeningView]:
    """One line for each patient in an entry; a refusal has one in any case."""
    words = why_refused(entry.outcome)
    about = [one for one in entry.subjects if one.packed_patient]
    if not about and words.rule:
        about = [_NOBODY]
    return [
        OpeningView(
            entry=position,
            at=entry.at,
            patient=one.patient,
            action=entry.action,
            tier=one.tier,
            purpose=entry.purpose,
            reason=entry.reason,
            relationship=one.relationship,
            resources=one.resource_count,
            outcome="" if entry.outcome == GRANTED else entry.outcome,
            types=types_in((one,)),
            rule=words.rule,
            because=words.because,
            would_allow=words.would_allow,
            account=entry.account,
            who=directory.display_name(entry.account),
            role_title=directory.role_title(entry.role),
            sent_to=sent_to(entry),
        )
        for one in about
    ]
