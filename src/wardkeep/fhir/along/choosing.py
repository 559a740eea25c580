# SPDX-License-Identifier: Apache-2.0
"""What may go along with a referral: warnings, answers and measurements of this case.

Pure: a patient's resources go in, as `fhir/store/going_along.py` read them, and what
may go comes out, grouped as people tick it. Nothing goes because it lay beside: of
warnings those that keep the receiver or the patient safe; of answers and measurements
those of this case. A text that seems to hold a code of a door stays here, whoever
wrote it there.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.fhir.along.made import made_of
from wardkeep.fhir.bars.brought_along import sender_in
from wardkeep.fhir.bars.observed import (
    VITAL_SIGNS,
    code_words,
    observed_words,
    when_observed,
)
from wardkeep.fhir.model.primitives import span_of
from wardkeep.fhir.model.resource import Resource, from_content
from wardkeep.fhir.questionnaires.spoken import title_of
from wardkeep.fhir.triage.record import DECIDED
from wardkeep.fhir.urgent.flags import CATEGORIES, OTHER, category_of, is_past
from wardkeep.fhir.urgent.saying import id_in
from wardkeep.fhir.validation.entry_codes import entry_codes_in
from wardkeep.fhir.work.expects import Content, listed

FLAG, OBSERVATION, ANSWERS = "Flag", "Observation", "QuestionnaireResponse"
ALWAYS = frozenset({"CW", "SS", "IR"})
"""Violence, the scene, infection: who meets the patient may come to harm, so that
whoever refers does not choose."""
SAFE = ALWAYS | {"SG", "RT", "RA"}
"""And safeguarding, ReSPECT and how to speak with the person, which may stay here. What
else is known to call takers (repeat callers, special notes) is ours."""
_HL7 = "http://terminology.hl7.org/CodeSystem/flag-category"
_HL7_SAFE = {"safety": "Safety", "contact": "How to reach and speak to the person"}
MOST_WARNINGS, MOST_ANSWERS, MOST_SETS = 24, 3, 12
"""As many as a page asks about, the newest; the rest is said to be left here. Of
warnings ours come first, so that no partner's push them out."""


class Kind(StrEnum):
    """What people are asked about, in their order."""

    WARNING = "warning"
    ANSWERS = "answers"
    MEASURED = "measured"


class Going(msgspec.Struct, frozen=True, kw_only=True):
    """One line with a tick: a warning, a triage, or what was measured at one time."""

    key: str
    """Its first resource's id: by which a form names it."""
    kind: Kind
    words: str
    at: str = ""
    """When, as the resource says it."""
    is_needed: bool = False
    """Whether it goes whatever is ticked."""
    resources: tuple[Content, ...]
    """As they are stored."""
    versions: tuple[int, ...]

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """Type and id of each."""
        return tuple((one["resourceType"], one["id"]) for one in self.resources)

    @property
    def mark(self) -> str:
        """By which it is known that just this was seen."""
        pairs = zip(self.resources, self.versions, strict=True)
        return " ".join(f"{one['id']}:{version}" for one, version in pairs)


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What may go, and how much of it cannot."""

    lines: tuple[Going, ...] = ()
    with_codes: int = 0
    """Resources in which a code of a door seems to stand: they stay here."""
    more: int = 0
    """Lines beyond what a page asks about."""

    def going(self, ticked: Iterable[str] | None) -> tuple[Going, ...]:
        """What goes, by the keys that were ticked; None: nobody chose yet, all of it.

        What somebody has not seen goes only where it is needed.
        """
        kept = None if ticked is None else frozenset(ticked)
        return tuple(
            one
            for one in self.lines
            if one.is_needed or kept is None or one.key in kept
        )


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Whose answers and measurements go."""

    id: str = ""
    """Of its Encounter; empty: the record has none, and only warnings go."""
    began: datetime | None = None
    is_quiet: bool = False
    """Whether what it comes to is on the list of what is never told: then neither
    answers nor measurements go, as a surgery has none of them (record 64)."""


def choice_of(
    resources: Iterable[tuple[int, Content]], case: Case, *, now: datetime
) -> Choice:
    """Of resources with their versions, each one of the patient's."""
    fit = [one for one in resources if _is_of(one[1], case, now)]
    kept = [one for one in fit if not _holds_code(one[1])]
    sections = (
        (MOST_WARNINGS, sorted(_warnings(kept), key=_gravest)),
        (MOST_ANSWERS, _newest(_answers(kept))),
        (MOST_SETS, _newest(_measured(kept))),
    )
    return Choice(
        lines=tuple(one for most, lines in sections for one in lines[:most]),
        with_codes=len(fit) - len(kept),
        more=sum(max(0, len(lines) - most) for most, lines in sections),
    )


def _is_of(content: Content, case: Case, now: datetime) -> bool:
    type_ = content.get("resourceType")
    if type_ == FLAG:
        return bool(_safety(content)) and _holds(content, now)
    if case.is_quiet or not case.id or type_ not in (OBSERVATION, ANSWERS):
        return False
    if content.get("status") in ("entered-in-error", "cancelled", "in-progress"):
        return False
    named = id_in(content.get("encounter"), "Encounter")
    if named:
        return named == case.id and _is_asked(content)
    return _is_within(content, case, now) and _is_asked(content)


def _is_asked(content: Content) -> bool:
    """Of responses those of a triage; of observations vital signs."""
    if content.get("resourceType") == ANSWERS:
        return any(one.get("url") == DECIDED for one in listed(content, "extension"))
    return any(
        coding.get("code") == VITAL_SIGNS
        for category in listed(content, "category")
        for coding in listed(category, "coding")
    )


def _is_within(content: Content, case: Case, now: datetime) -> bool:
    """What names no case and was taken since this one began."""
    span = span_of(_when(content))
    if span is None or case.began is None:
        return False
    began, until = map(microseconds_since_epoch, (case.began, now))
    return began <= span.low <= until


def _when(content: Content) -> str:
    if content.get("resourceType") == OBSERVATION:
        return when_observed(content)
    return str(content.get("authored", ""))


def _holds(content: Content, now: datetime) -> bool:
    """Whether a warning is in force."""
    period = content.get("period")
    end = period.get("end") if isinstance(period, dict) else ""
    return content.get("status") == "active" and not is_past(str(end or ""), now)


def _safety(content: Content) -> str:
    """Why a warning goes, in words; empty: it stays."""
    code = category_of(content)
    if code:
        return CATEGORIES[code] if code in SAFE else ""
    for category in listed(content, "category"):
        for coding in listed(category, "coding"):
            if coding.get("system") == _HL7 and coding.get("code") in _HL7_SAFE:
                return _HL7_SAFE[str(coding["code"])]
    return ""


def _holds_code(content: Content) -> bool:
    made = from_content(made_of(content))
    return not isinstance(made, Resource) or bool(entry_codes_in(made))


def _warnings(kept: Sequence[tuple[int, Content]]) -> Iterator[Going]:
    for version, one in kept:
        if one["resourceType"] != FLAG:
            continue
        period = one.get("period")
        words = code_words(one) or OTHER
        yield Going(
            key=one["id"],
            kind=Kind.WARNING,
            words=f"{_safety(one)}: {words}",
            at=str(period.get("start", "")) if isinstance(period, dict) else "",
            is_needed=category_of(one) in ALWAYS,
            resources=(one,),
            versions=(version,),
        )


def _gravest(one: Going) -> tuple[bool, bool, str, str]:
    is_theirs = any(map(sender_in, one.resources))
    return not one.is_needed, is_theirs, one.words, one.key


def _answers(kept: Sequence[tuple[int, Content]]) -> Iterator[Going]:
    for version, one in kept:
        if one["resourceType"] == ANSWERS:
            yield Going(
                key=one["id"],
                kind=Kind.ANSWERS,
                words=title_of(one, otherwise="Triage"),
                at=_when(one),
                resources=(one,),
                versions=(version,),
            )


def _measured(kept: Sequence[tuple[int, Content]]) -> Iterator[Going]:
    """What was measured in the same minute is one line."""
    sets: dict[int, list[tuple[int, Content]]] = {}
    for version, one in kept:
        if one["resourceType"] == OBSERVATION:
            span = span_of(_when(one))
            minute = 0 if span is None else span.low // 60_000_000
            sets.setdefault(minute, []).append((version, one))
    for found in sets.values():
        found.sort(key=lambda pair: (observed_words(pair[1]), pair[1]["id"]))
        yield Going(
            key=found[0][1]["id"],
            kind=Kind.MEASURED,
            words="; ".join(observed_words(one) for _, one in found),
            at=_when(found[0][1]),
            resources=tuple(one for _, one in found),
            versions=tuple(version for version, _ in found),
        )


def _newest(lines: Iterable[Going]) -> list[Going]:
    def low(one: Going) -> int:
        span = span_of(one.at)
        return 0 if span is None else span.low

    return sorted(lines, key=lambda one: (-low(one), one.key))
