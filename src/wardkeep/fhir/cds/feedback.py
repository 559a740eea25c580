# SPDX-License-Identifier: Apache-2.0
"""What became of cards: https://cds-hooks.hl7.org/2.0/#feedback.

Kept is which rule it was of, whether it was accepted or overridden, and why by a code.
A comment is not kept: it is free text about somebody, and no patient's key is at hand.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.base.outcome import Problem
from wardkeep.fhir.cds.cards import REASONS, REASONS_SYSTEM, RULES, Named, named_in
from wardkeep.fhir.triage.content import Content

TYPE = "Basic"
CODE = {"system": "urn:wardkeep:cds", "code": "feedback"}
_PART = "urn:wardkeep:cds:"
MOST = 50
"""In one request; send more in another."""
ACCEPTED, OVERRIDDEN = "accepted", "overridden"
OTHER_REASON = "other"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
Json = Mapping[str, Any]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did with one card."""

    card: str
    named: Named
    outcome: str
    at: str
    suggestion: str = ""
    reason: str = ""


def read_feedback(content: Json) -> tuple[Said, ...] | Problem:
    """Each of them; the first that is wrong is a Problem, and none is kept then."""
    listed = content.get("feedback")
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST:
        mend = f"Send 1 to {MOST} of them in an array."
        return Problem(place="feedback", wrong="it is missing or too long", mend=mend)
    found = []
    for number, one in enumerate(listed):
        said = _said(one if isinstance(one, Mapping) else {}, f"feedback[{number}]")
        if isinstance(said, Problem):
            return said
        found.append(said)
    return tuple(found)


def _said(one: Json, place: str) -> Said | Problem:
    card, outcome, at = (
        str(one.get(name, "")) for name in ("card", "outcome", "outcomeTimestamp")
    )
    named = named_in(card.lower())
    if named is None or named.is_suggestion:
        return _wrong(f"{place}.card", "it is no uuid of a card of this service")
    if outcome not in (ACCEPTED, OVERRIDDEN):
        return _wrong(f"{place}.outcome", "it is neither accepted nor overridden")
    if _INSTANT.fullmatch(at) is None:
        return _wrong(f"{place}.outcomeTimestamp", "it is no instant")
    suggestion = next(_accepted(one), "")
    if outcome == ACCEPTED and not suggestion:
        wrong = "no suggestion of ours was accepted"
        return _wrong(f"{place}.acceptedSuggestions", wrong)
    return Said(
        card=card.lower(),
        named=named,
        outcome=outcome,
        at=at,
        suggestion=suggestion if outcome == ACCEPTED else "",
        reason=_reason(one) if outcome == OVERRIDDEN else "",
    )


def _accepted(one: Json) -> Iterator[str]:
    listed = one.get("acceptedSuggestions")
    for it in listed if isinstance(listed, list) else ():
        id_ = str(it.get("id", "")).lower() if isinstance(it, Mapping) else ""
        named = named_in(id_)
        if named is not None and named.is_suggestion:
            yield id_


def _reason(one: Json) -> str:
    given = one.get("overrideReason")
    reason = given.get("reason") if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping) or not isinstance(reason, Mapping):
        return OTHER_REASON if given else ""
    is_ours = reason.get("system") == REASONS_SYSTEM and reason.get("code") in REASONS
    return str(reason["code"]) if is_ours else OTHER_REASON


def _wrong(place: str, wrong: str) -> Problem:
    return Problem(place=place, wrong=wrong, mend="Send what CDS Hooks 2.0 asks for.")


def feedback_resource(
    said: Said, *, service: str, sender: str, content: Content, day: str
) -> dict[str, object]:
    """It as a Basic of the organisation's, that belongs to no patient.

    Its id follows from what it says: told twice, it is there once.
    """
    number = said.named.number
    is_here = content.named.digest.startswith(said.named.content)
    is_rule = is_here and number < min(RULES, len(content.rules))
    parts = {
        "service": said.card and service,
        "card": said.card,
        "content": content.canonical if is_here else said.named.content,
        "rule": content.rules[number].id if is_rule else "",
        "outcome": said.outcome,
        "reason": said.reason,
        "suggestion": said.suggestion,
        "at": said.at,
    }
    return {
        "resourceType": TYPE,
        "id": derived_uuid("cds-feedback", sender, said.card, said.outcome, said.at),
        "code": {"coding": [dict(CODE)]},
        "created": day,
        "extension": [
            {"url": f"{_PART}{name}", "valueString": value}
            for name, value in parts.items()
            if value
        ],
    }
