# SPDX-License-Identifier: Apache-2.0
"""What an engine came to, as cards: https://cds-hooks.hl7.org/2.0/#cds-service-response.

A card names the rule, why it holds, its source with the clause, and what of it nobody
held against the original. Its uuid says which content and which rule it is of, so that
feedback on it can be counted without a store of cards.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from wardkeep.fhir.cds.asked import PATIENT_VIEW, Called
from wardkeep.fhir.triage.checklist import answers_in
from wardkeep.fhir.triage.content import STRICT_ORDER, Content
from wardkeep.fhir.triage.engine import NO, Fired, Question, Tally, Turn
from wardkeep.fhir.triage.held import Held
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, SYSTEM, Disposition, Kind

MOST_CARDS = 20
LONGEST_SUMMARY = 139
"""Fewer than 140 letters, as the standard says."""
REASONS_SYSTEM = "urn:wardkeep:cds:override-reason"
REASONS = {
    "not-so": "The sign is not there, or was entered by mistake",
    "known": "It is known and being acted on",
    "declined": "The patient declined it",
    "judged": "I judge it otherwise",
}
_CRITICAL, _WARNING, _INFO = "critical", "warning", "info"
_SOON_MINUTES = 360
_SUGGESTION, _OTHER = 0x8000, 0x7000
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+!|~&-])")
_CARD = re.compile(
    r"([0-9a-f]{8})-([0-9a-f]{4})-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}"
)
Json = dict[str, Any]


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What a card's uuid says."""

    content: str
    """The first eight digits of the content's digest."""
    number: int
    """Of the rule in the content, from 0; beyond `RULES` it is of no rule."""
    is_suggestion: bool


RULES = _OTHER


def card_uuid(
    content: Content, number: int, called: Called, *, is_suggestion: bool = False
) -> str:
    """A UUID (version 8, RFC 9562, 5.8): the same call has the same."""
    at = number | (_SUGGESTION if is_suggestion else 0)
    words = f"{content.named.digest}/{at}/{called.instance}/{called.patient}"
    digest = hashlib.sha256(words.encode()).hexdigest()
    return (
        f"{content.named.digest[:8]}-{at:04x}-8{digest[:3]}-a{digest[3:6]}"
        f"-{digest[6:18]}"
    )


def named_in(uuid: str) -> Named | None:
    """None where it is no uuid of a card of ours."""
    found = _CARD.fullmatch(uuid)
    if found is None:
        return None
    at = int(found[2], 16)
    return Named(
        content=found[1],
        number=at & ~_SUGGESTION,
        is_suggestion=bool(at & _SUGGESTION),
    )


def cards_for(
    content: Content, turn: Turn, marks: Mapping[str, Held], called: Called, note: str
) -> list[Json]:
    """The most pressing first; empty where nothing is to be said."""
    made = _Making(content, marks, called, note)
    if turn.result.note:
        return made.of_nobody(turn)
    found = [made.of_rule(one) for one in turn.result.fired[:MOST_CARDS]]
    if not turn.is_ended and turn.asks and content.engine == STRICT_ORDER:
        found.append(made.of_question(turn.asks[0]))
    if turn.is_ended and not turn.result.fired and turn.result.disposition:
        found.append(made.of_end(turn.result.disposition))
    scores = [one for one in turn.result.tallies if _is_begun(content, turn, one)]
    if scores and (called.hook == PATIENT_VIEW or turn.result.fired):
        found.append(made.of_scores(scores))
    return found


def _is_begun(content: Content, turn: Turn, tally: Tally) -> bool:
    """A score of which nobody answered anything says nothing of a patient."""
    answers = answers_in(turn.log).items()
    begun = {link for link, value in answers if value != NO}
    reads = [one.reads for one in content.variables if one.name == tally.name]
    return tally.value is not None and any(begun & set(one) for one in reads)


class _Making:
    def __init__(
        self, content: Content, marks: Mapping[str, Held], called: Called, note: str
    ) -> None:
        self.content, self.marks, self.called, self.note = content, marks, called, note
        self.words = {link: one.words() for link, one in content.items.items()}
        self.numbers = {one.id: at for at, one in enumerate(content.rules)}

    def of_rule(self, fired: Fired) -> Json:
        disposition = DISPOSITIONS[fired.disposition]
        number = self.numbers[fired.rule]
        before = "Red flag: " if fired.is_red_flag else ""
        card: Json = {
            "uuid": card_uuid(self.content, number, self.called),
            "summary": shortened(f"{before}{fired.words}: {disposition.words}"),
            "detail": "\n\n".join(self.detail(fired, disposition)),
            "indicator": indicator_of(disposition, is_red_flag=fired.is_red_flag),
            "source": source_of(f"{fired.citation}, {fired.clause}", fired.url),
            "overrideReasons": [
                {"code": code, "system": REASONS_SYSTEM, "display": words}
                for code, words in REASONS.items()
            ],
        }
        if fired.url.startswith("https://"):
            link = {"label": "Read the source", "url": fired.url, "type": "absolute"}
            card["links"] = [link]
        if disposition.waits or disposition.kind is Kind.AMBULANCE:
            card["suggestions"] = [self.suggestion(fired, disposition, number)]
            card["selectionBehavior"] = "at-most-one"
        return card

    def detail(self, fired: Fired, disposition: Disposition) -> Iterator[str]:
        because = [plain(self.words.get(link, link)) for link in fired.because]
        yield f"**{plain(fired.words)}**: {plain(disposition.words)}."
        if because:
            yield f"Because: {'; '.join(because)}."
        yield f"Source: {plain(fired.citation)}, {plain(fired.clause)}."
        rule = self.content.rule(fired.rule)
        held = self.marks.get(rule.digest) if rule is not None else None
        if held is not None:
            yield (
                f"Held against the original by {plain(held.name)} on {held.day}:"
                f" {plain(held.clause)}."
            )
        elif fired.unchecked:
            yield f"Not checked: {plain(fired.unchecked)}"
        if rule is not None and rule.original is not None:
            yield plain(rule.original.told)
        yield from ([plain(self.note)] if self.note else [])
        yield (
            f"Content: {plain(self.content.canonical)}. It supports a decision and"
            " makes none."
        )

    def suggestion(self, fired: Fired, disposition: Disposition, number: int) -> Json:
        called = self.called
        order: Json = {
            "resourceType": "ServiceRequest",
            "status": "draft",
            "intent": "proposal",
            "priority": disposition.priority,
            "code": {
                "coding": [
                    {
                        "system": SYSTEM,
                        "code": disposition.code,
                        "display": disposition.words,
                    }
                ]
            },
            "subject": {"reference": f"Patient/{called.patient}"},
            "reasonCode": [{"text": fired.words}],
        }
        if called.encounter:
            order["encounter"] = {"reference": f"Encounter/{called.encounter}"}
        return {
            "label": disposition.words,
            "uuid": card_uuid(self.content, number, called, is_suggestion=True),
            "actions": [
                {
                    "type": "create",
                    "description": f"Propose: {disposition.words}",
                    "resource": order,
                }
            ],
        }

    def of_nobody(self, turn: Turn) -> list[Json]:
        """It is not meant for this patient: said where somebody answers questions."""
        if self.called.hook == PATIENT_VIEW:
            return []
        code = turn.result.disposition
        indicator = (
            indicator_of(DISPOSITIONS[code], is_red_flag=False) if code else _INFO
        )
        return [self.bare(3, turn.result.note, "", indicator)]

    def of_question(self, question: Question) -> Json:
        return self.bare(0, f"Ask next: {question.words}", plain(question.help), _INFO)

    def of_end(self, code: str) -> Json:
        disposition = DISPOSITIONS[code]
        words = f"No danger sign was answered yes: {disposition.words}"
        indicator = indicator_of(disposition, is_red_flag=False)
        return self.bare(1, words, plain(self.note), indicator)

    def of_scores(self, scores: list[Tally]) -> Json:
        said = [f"{one.words}: {one.value}" for one in scores]
        lines = [
            f"- {plain(one.words)}: **{one.value}**"
            + (
                f" (without {plain('; '.join(self.words[it] for it in one.missing))})"
                if one.missing
                else ""
            )
            for one in scores
        ]
        detail = "\n".join(lines) + (f"\n\n{plain(self.note)}" if self.note else "")
        return self.bare(2, "; ".join(said), detail, _INFO)

    def bare(self, at: int, summary: str, detail: str, indicator: str) -> Json:
        """A card about no single rule."""
        card = {
            "uuid": card_uuid(self.content, _OTHER + at, self.called),
            "summary": shortened(summary),
            "detail": detail,
            "indicator": indicator,
            "source": source_of(self.content.title, ""),
        }
        return {name: value for name, value in card.items() if value}


def indicator_of(disposition: Disposition, *, is_red_flag: bool) -> str:
    if is_red_flag or disposition.kind is Kind.AMBULANCE:
        return _CRITICAL
    return _WARNING if 0 < disposition.minutes <= _SOON_MINUTES else _INFO


def source_of(label: str, url: str) -> Json:
    source = {"label": label}
    return source | {"url": url} if url.startswith("https://") else source


def shortened(words: str) -> str:
    if len(words) <= LONGEST_SUMMARY:
        return words
    return f"{words[: LONGEST_SUMMARY - 1].rstrip()}…"


def plain(words: str) -> str:
    """Words as Markdown shows them: nothing in them is a link, a tag or an emphasis."""
    return _MARKUP.sub(r"\\\1", " ".join(words.split()))
