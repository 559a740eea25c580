# SPDX-License-Identifier: Apache-2.0
"""What somebody who looked again says, as a code: up, down, unchanged, done with, not.

Validation into a clinical assessment service (Booking and Referral, application 4): so
far, the responder's Encounter is in progress, or cancelled with a reason; in full, it
is finished or triaged, its CarePlan says with a disposition or a category what is to be
done, or is completed where nothing is, and a third Encounter is that of an ambulance
which was asked for meanwhile. What cannot be read means nothing, and stops no clock.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from wardkeep.fhir.bars.message import Message
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, SYSTEM, Disposition, Kind
from wardkeep.fhir.work.expects import listed

Json = dict[str, Any]
OUTCOMES = "urn:wardkeep:validation-outcome"
"""Our own codes, where both sides have them: the standard's words were found, a list of
codes for them was not."""
REASONS = "https://fhir.nhs.uk/CodeSystem/rejected-reasons-bars"
DX = "https://fhir.nhs.uk/CodeSystem/pathways-dx-codes"
_PATHWAYS = "https://fhir.nhs.uk/CodeSystem/pathways-"
LONGEST_WHY = 40
DEFAULT_CATEGORY = "C2"
"""Of an ambulance that was asked for meanwhile and of which no category is told: the
third Encounter is there for the first two alone."""
_CATEGORY = re.compile(r"c(?:at(?:egory)?)?[ -]?([1-5])", re.ASCII | re.IGNORECASE)
_WHY = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]*", re.ASCII)


class Means(StrEnum):
    """What an answer means to the case."""

    IN_PROGRESS = "in-progress"
    REJECTED = "rejected"
    """They will not: it is done as if nobody had been asked."""
    UP = "up"
    DOWN = "down"
    UNCHANGED = "unchanged"
    HEAR_AND_TREAT = "hear-and-treat"
    REFERRED_ON = "referred-on"
    LIFTED = "lifted"
    """Somebody who had fallen was helped up, and needs nobody else."""
    CLOSED = "closed"
    """Nothing more is to be done, and they do not say why."""


SO_FAR = frozenset({Means.IN_PROGRESS, Means.REJECTED})
ENDED = frozenset({Means.HEAR_AND_TREAT, Means.REFERRED_ON, Means.LIFTED, Means.CLOSED})
"""They have dealt with it: nobody here has anything more to do but to read it."""


class Validated(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, read."""

    means: Means | None = None
    """None: it cannot be read by code."""
    category: str = ""
    """Of the ambulance that is to go, C1 to C4; empty: none, or it is not told."""
    why: str = ""
    """Of one that is rejected: the reason's code."""

    @property
    def code(self) -> str:
        return "" if self.means is None else str(self.means)


def read_validation(
    message: Message, *, category: str = "", is_interim: bool
) -> Validated:
    """`category` is the one of the ambulance that was to be looked at; empty: none."""
    about = message.about
    encounter = about.content if about is not None else {}
    status = encounter.get("status")
    if is_interim or status == "cancelled":
        return _so_far(encounter, status)
    if status not in ("finished", "triaged"):
        return Validated()
    return _in_full(message, encounter, category)


def category_in(plans: list[Json]) -> str:
    """Of the ambulance that care plans ask for, the most dangerous one; or empty."""
    said = list(_concepts(plans))
    return min(_categories(said, list(_dispositions(said))), default="")


def _so_far(encounter: Json, status: object) -> Validated:
    own = next(_own(listed(encounter, "reasonCode")), None)
    if status == "cancelled" or own is Means.REJECTED:
        return Validated(means=Means.REJECTED, why=_why(encounter))
    if status in ("planned", "arrived", "triaged", "in-progress"):
        return Validated(means=Means.IN_PROGRESS)
    return Validated()


def _in_full(message: Message, encounter: Json, asked: str) -> Validated:
    plans = [one.content for one in message.all("CarePlan")]
    said = [*_concepts(plans), *listed(encounter, "reasonCode")]
    own = next((one for one in _own(said) if one not in SO_FAR), None)
    found = list(_dispositions(said))
    told = min(_categories(said, found), default="")
    if own in ENDED and told:
        own = None  # whoever is still to have an ambulance is not dealt with
    is_third = len(message.all("Encounter")) > 2  # noqa: PLR2004 - theirs and ours
    # Whatever else it says: who is in more danger than was thought is sent for.
    if own is Means.UP or is_third or (told and asked and told < asked):
        return Validated(means=Means.UP, category=told or DEFAULT_CATEGORY)
    if own is Means.UNCHANGED or (own is None and told and told == asked):
        return Validated(means=Means.UNCHANGED, category=asked)
    if own is not None:
        return Validated(means=own, category=told if own is Means.DOWN else "")
    if told:
        is_new = not asked
        means = Means.UP if is_new else Means.DOWN
        return Validated(means=means, category=told)
    if found:
        return Validated(means=Means.DOWN)
    if plans and all(one.get("status") == "completed" for one in plans):
        return Validated(means=Means.CLOSED)
    return Validated()


def _concepts(plans: Sequence[Json]) -> Iterator[Json]:
    """Of all that care plans' activities came to."""
    for plan in plans:
        for activity in listed(plan, "activity"):
            yield from listed(activity, "outcomeCodeableConcept")


def _own(concepts: Sequence[Json]) -> Iterator[Means]:
    for one in _codings(concepts):
        if one.get("system") == OUTCOMES and one.get("code") in tuple(Means):
            yield Means(one["code"])


def _dispositions(concepts: Sequence[Json]) -> Iterator[Disposition]:
    """Those that can be known again: by our codes, or by public ones."""
    for one in _codings(concepts):
        system, code = one.get("system"), one.get("code")
        if system == SYSTEM and code in DISPOSITIONS:
            yield DISPOSITIONS[str(code)]
        elif system == DX:
            yield from (it for it in DISPOSITIONS.values() if code in it.dx)


def _categories(concepts: Sequence[Json], found: list[Disposition]) -> Iterator[str]:
    """Of ambulances alone: the fifth is nobody who is sent."""
    for disposition in found:
        if disposition.kind is Kind.AMBULANCE and disposition.category:
            yield disposition.category
    for one in _codings(concepts):
        system, code = str(one.get("system", "")), one.get("code")
        if system in (SYSTEM, OUTCOMES) or system.startswith(_PATHWAYS):
            continue
        match = _CATEGORY.fullmatch(code) if isinstance(code, str) else None
        if match is not None and match[1] != "5":
            yield f"C{match[1]}"


def _why(encounter: Json) -> str:
    """The reason's code; its words where it has none, if they are a word."""
    for one in _codings(listed(encounter, "reasonCode")):
        code = one.get("code")
        if one.get("system") == REASONS and isinstance(code, str):
            return code[:LONGEST_WHY] if _WHY.fullmatch(code) else ""
    return ""


def outcome_codings(plans: Sequence[Json]) -> Iterator[Json]:
    """Every code that care plans' activities came to, in its place."""
    return _codings(_concepts(plans))


def _codings(concepts: Iterable[Json]) -> Iterator[Json]:
    for concept in concepts:
        yield from listed(concept, "coding")
