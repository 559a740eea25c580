# SPDX-License-Identifier: Apache-2.0
"""One journey, from the call to its end: what the record holds of it, and who is told.

A case is a journey. It is over when it is closed and waits in no queue.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from wardkeep.base import nhs_number
from wardkeep.fhir.bars.building import ODS
from wardkeep.fhir.post.never_send import is_never_sent
from wardkeep.fhir.triage.record import DECIDED
from wardkeep.fhir.urgent import outcome, queueing
from wardkeep.fhir.urgent.caller import is_unknown
from wardkeep.fhir.urgent.case import OVER, TYPE, Case, case_in
from wardkeep.fhir.urgent.outcome import REVOKED, Outcome, outcome_in
from wardkeep.fhir.urgent.queueing import Entry, entry_in
from wardkeep.fhir.urgent.saying import id_in
from wardkeep.fhir.work.expects import Content, listed

TRIAGE = "QuestionnaireResponse"
TYPES = (TYPE, outcome.TYPE, queueing.TYPE, TRIAGE)
"""Of what a journey is read, beside the Patient."""


class Silence(StrEnum):
    """Why a surgery is told nothing."""

    GOES_ON = "goes-on"
    MISTAKE = "mistake"
    NEVER = "never-sent"
    NOBODY = "nobody-known"
    NO_SURGERY = "no-surgery"
    THEIR_OWN = "their-own"
    """Whoever took the case over sends its own message."""


WORDS = {
    Silence.GOES_ON: "Nothing goes while the journey goes on.",
    Silence.MISTAKE: "Nothing goes: this call was a mistake.",
    Silence.NEVER: (
        "Nothing goes: what it came to is one of those of which surgeries are not told"
        " (a pharmacy, a dentist, an optician, the police, information)."
    ),
    Silence.NOBODY: "Nothing goes: it is not known who the patient is.",
    Silence.NO_SURGERY: (
        "Nothing can go by itself: the record names no surgery with its ODS code."
        " Telephone or write to them, or add it to the record and send it then."
    ),
    Silence.THEIR_OWN: (
        "Nothing goes from here: the service that took the case over tells the surgery"
        " itself, and one message is enough."
    ),
}


class Surgery(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody is registered; empty where it is not known."""

    code: str = ""
    """The ODS code."""
    name: str = ""


class CameTo(msgspec.Struct, frozen=True, kw_only=True):
    """What a call came to, and the ServiceRequest that says it."""

    said: Outcome
    content: Content


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, in the order in which it happened."""

    case: Case
    encounter: Content
    patient: Content
    came_to: tuple[CameTo, ...] = ()
    entries: tuple[Entry, ...] = ()
    triages: tuple[Content, ...] = ()

    @property
    def last(self) -> CameTo | None:
        """What it came to in the end; what was taken back is followed by another."""
        return self.came_to[-1] if self.came_to else None

    @property
    def is_over(self) -> bool:
        """Whether it is closed, and nobody here waits to do anything."""
        is_waiting = any(one.is_open for one in self.entries)
        return self.case.status == OVER and not is_waiting

    @property
    def was_reached(self) -> bool:
        """False: it was closed because nobody answered."""
        return self.last is None or self.last.said.status != REVOKED

    @property
    def requests(self) -> tuple[str, ...]:
        """Ids of its ServiceRequests."""
        return tuple(one.said.id for one in self.came_to)


def journey_of(
    case: str, resources: Iterable[Content], *, changed: Iterable[Content] = ()
) -> Journey | None:
    """Of a patient's resources those of one case; None where it is not among them.

    `changed` are as they will be, in the place of those that are stored.
    """
    there = {_key(one): one for one in resources}
    there |= {_key(one): one for one in changed}
    encounter = there.get((TYPE, case))
    said = None if encounter is None else case_in(encounter)
    patient = next((one for (kind, _), one in there.items() if kind == "Patient"), None)
    if encounter is None or said is None or patient is None:
        return None
    about = [one for one in there.values() if _case_of(one) == case]
    return Journey(
        case=said,
        encounter=encounter,
        patient=patient,
        came_to=tuple(sorted(_came_to(about), key=lambda one: _when(one.said))),
        entries=tuple(
            sorted(filter(None, map(entry_in, about)), key=lambda one: one.given)
        ),
        triages=tuple(sorted(_triages(about), key=_authored)),
    )


def silence_of(journey: Journey, surgery: Surgery) -> Silence | None:
    """Why the surgery is told nothing; None: it is told."""
    if journey.case.status == "entered-in-error":
        return Silence.MISTAKE
    if not journey.is_over:
        return Silence.GOES_ON
    if is_unknown(journey.patient):
        return Silence.NOBODY
    last = journey.last
    if last is not None and is_never_sent(last.content):
        return Silence.NEVER
    return None if surgery.code else Silence.NO_SURGERY


def surgery_in(patient: Content) -> tuple[Surgery, str]:
    """What a Patient says of their surgery, and the id of the Organization it names.

    Empty id: all that is known of it is said.
    """
    for one in listed(patient, "generalPractitioner"):
        code, id_ = ods_in([one.get("identifier")]), id_in(one, "Organization")
        display = one.get("display")
        name = display if isinstance(display, str) else ""
        is_doctor = str(one.get("reference", "")).startswith("Practitioner")
        if code or id_ or (name and not is_doctor):
            return Surgery(code=code, name=name), "" if code else id_
    return Surgery(), ""


def ods_in(identifiers: object) -> str:
    """The ODS code among identifiers; empty where there is none."""
    for one in identifiers if isinstance(identifiers, list) else ():
        if isinstance(one, dict) and one.get("system") == ODS:
            return str(one.get("value", ""))
    return ""


def number_of(patient: Content) -> str:
    """The NHS number; empty where it is not known."""
    for one in listed(patient, "identifier"):
        if one.get("system") == nhs_number.SYSTEM:
            return str(one.get("value", ""))
    return ""


def _key(content: Content) -> tuple[str, str]:
    return str(content.get("resourceType", "")), str(content.get("id", ""))


def _case_of(content: Content) -> str:
    return id_in(content.get("encounter"), TYPE)


def _came_to(about: Iterable[Content]) -> Iterator[CameTo]:
    for one in about:
        said = outcome_in(one) if one.get("resourceType") == outcome.TYPE else None
        if said is not None and said.status != "entered-in-error":
            yield CameTo(said=said, content=one)


def _when(one: Outcome) -> tuple[str, bool, str]:
    """By when it was given; of two at once, what replaces the other comes after."""
    return one.given.isoformat(), bool(one.replaces), one.id


def _triages(about: Iterable[Content]) -> Iterator[Content]:
    for one in about:
        if one.get("resourceType") != TRIAGE or one.get("status") == "entered-in-error":
            continue
        if any(it.get("url") == DECIDED for it in listed(one, "extension")):
            yield one


def _authored(content: Content) -> str:
    return str(content.get("authored", ""))
