# SPDX-License-Identifier: Apache-2.0
"""A case as a FHIR Encounter, with its caller, and back (docs/formats/call.md).

https://hl7.org/fhir/R4/encounter.html. It begins when the call is answered, before
anybody knows who it is about. What others wrote into it, a clinician among those who
take part, stays as it is.
"""

import copy
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.model.person import Person, person_in, reference_to

TYPE, CALLER = "Encounter", "RelatedPerson"
SYSTEM = "urn:wardkeep:case"
CALL = "call"
CALL_BACK = "urn:wardkeep:call-back-number"
"""The identifier by which a call that dropped is found again."""
PLACE, TRACE, READ, OUTCOME, MOVED, RANG = (
    f"{SYSTEM}:{one}"
    for one in ("place", "trace", "read", "outcome", "moved", "rang-before")
)
OPEN, OVER, MISTAKE = "in-progress", "finished", "entered-in-error"
_ACT = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    "code": "VR",
    "display": "virtual",
}
Content = dict[str, Any]


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """What a national index said of who it is."""

    status: str
    """As `fhir/urgent/tracing.py` has them."""
    at: datetime
    number: str = ""
    """The NHS number that it gave."""
    family: str = ""
    born: str = ""
    """By which it was asked: of another person it says nothing."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How the call ended."""

    code: str
    """Of a disposition."""
    at: datetime
    said: str = ""
    """What was said, and agreed."""
    advice: str = ""
    """When to ring again, as it was read out."""
    by: Person = Person()


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """Warnings that somebody read before they went on."""

    flags: tuple[str, ...]
    at: datetime
    by: Person = Person()


class RangBefore(msgspec.Struct, frozen=True, kw_only=True):
    """What the national repeat caller service said."""

    status: str
    """As `fhir/post/repeat_service.py` has them."""
    at: datetime
    who: str = ""
    """By which it was asked: of another person it says nothing."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One call, from when it was answered."""

    id: str
    patient: str
    began: datetime
    taker: Person
    number: str = ""
    """To ring back on, digits and a plus alone; empty: withheld."""
    place: str = ""
    """Where the patient is now, which may not be home."""
    postcode: str = ""
    """Of that place."""
    is_patient: bool = True
    """Whether the patient is the caller."""
    caller: str = ""
    relation: str = ""
    complaint: str = ""
    """What is the matter, in the caller's words."""
    status: str = OPEN
    ended: datetime | None = None
    trace: Trace | None = None
    rang: RangBefore | None = None
    read: Reading | None = None
    outcome: Outcome | None = None
    moved: str = ""
    """Where it went on, as `Encounter/x`, once it was known who it is about."""
    others: tuple[Person, ...] = ()
    """Who else takes part: clinicians."""

    @property
    def is_open(self) -> bool:
        """Whether whoever answered still has it."""
        return self.status == OPEN and self.outcome is None

    @property
    def is_verified(self) -> bool:
        return self.trace is not None and self.trace.status == "verified"


def number_in(typed: str) -> str:
    """A telephone number without what people write between its digits."""
    kept = "".join(one for one in typed if one in "+0123456789")
    return kept[:1] + kept[1:].replace("+", "")


def caller_id(case: str) -> str:
    """The id of a case's RelatedPerson."""
    return derived_uuid("case-caller", case)


def is_case(content: Content) -> bool:
    """Whether an Encounter is one."""
    return any(
        isinstance(coding, dict)
        and (coding.get("system"), coding.get("code")) == (SYSTEM, CALL)
        for kind in _listed(content, "type")
        for coding in _listed(kind, "coding")
    )


def case_content(case: Case, base: Content | None = None) -> Content:
    """It as an Encounter; `base` is what is stored, of which the rest is kept."""
    content: Content = copy.deepcopy(base or {})
    kept = [one for one in _listed(content, "extension") if one.get("url") not in _OURS]
    extension = [*kept, *_extensions(case)]
    content |= {
        "resourceType": TYPE,
        "id": case.id,
        "status": case.status,
        "class": _ACT,
        "type": [{"coding": [{"system": SYSTEM, "code": CALL}], "text": "Call"}],
        "subject": {"reference": f"Patient/{case.patient}"},
        "participant": list(_participants(case, content)),
        "period": {"start": _instant(case.began)}
        | ({"end": _instant(case.ended)} if case.ended else {}),
    }
    reason = [{"text": case.complaint}] if case.complaint else []
    number = [{"use": "temp", "system": CALL_BACK, "value": case.number}]
    for name, value in (
        ("extension", extension),
        ("identifier", number if case.number else []),
        ("reasonCode", reason),
    ):
        content.pop(name, None)
        if value:
            content[name] = value
    return content


def caller_content(case: Case) -> Content | None:
    """The caller as a RelatedPerson; None where the patient rang."""
    if case.is_patient:
        return None
    content: Content = {
        "resourceType": CALLER,
        "id": caller_id(case.id),
        "patient": {"reference": f"Patient/{case.patient}"},
    }
    if case.caller:
        content["name"] = [{"text": case.caller}]
    if case.relation:
        content["relationship"] = [{"text": case.relation}]
    if case.number:
        content["telecom"] = [{"system": "phone", "value": case.number}]
    return content


def case_in(content: Content) -> Case | None:
    """Undo it; None where the Encounter is no case."""
    began = _moment(_node(content, "period").get("start"))
    if not is_case(content) or began is None:
        return None
    said = {str(one.get("url")): one for one in _listed(content, "extension")}
    ring = callers_in(content)
    staff = [one for one in _taking_part(content) if one not in ring]
    caller, _, relation = (ring[0].display if ring else "").partition(" · ")
    place = place_in(content)
    reasons = [str(one.get("text", "")) for one in _listed(content, "reasonCode")]
    return Case(
        id=str(content.get("id", "")),
        patient=str(_node(content, "subject").get("reference", "")).partition("/")[2],
        began=began,
        taker=staff[0] if staff else Person(),
        number=call_back_in(content),
        place=place.get("text", ""),
        postcode=place.get("postcode", ""),
        is_patient=not ring,
        caller=caller,
        relation=relation,
        complaint=next(iter(reasons), ""),
        status=str(content.get("status", "")),
        ended=_moment(_node(content, "period").get("end")),
        trace=_trace_in(said.get(TRACE)),
        rang=_rang_in(said.get(RANG)),
        read=_reading_in(said.get(READ)),
        outcome=_outcome_in(said.get(OUTCOME)),
        moved=str(_node(said.get(MOVED) or {}, "valueReference").get("reference", "")),
        others=tuple(staff[1:]),
    )


def call_back_in(content: Content) -> str:
    """The number to ring back on, of any Encounter; empty where it has none."""
    numbers = (
        str(one.get("value", ""))
        for one in _listed(content, "identifier")
        if one.get("system") == CALL_BACK
    )
    return next(filter(None, numbers), "")


def place_in(content: Content) -> dict[str, str]:
    """Where the patient is: `text` and `postcode`, as far as it says."""
    here = (one for one in _listed(content, "extension") if one.get("url") == PLACE)
    return _parts(next(here, None))


def callers_in(content: Content) -> list[Person]:
    """Who rings for the patient; nobody where the patient does."""
    people = _taking_part(content)
    return [one for one in people if one.reference.startswith(f"{CALLER}/")]


def _taking_part(content: Content) -> list[Person]:
    people = (_node(one, "individual") for one in _listed(content, "participant"))
    return [person_in(one) for one in people]


def _participants(case: Case, base: Content) -> Iterator[Content]:
    """Whoever answered, the caller, then whoever else there is."""
    yield {"individual": reference_to(case.taker)}
    mine = {case.taker.reference, f"{CALLER}/{caller_id(case.id)}"}
    if not case.is_patient:
        words = f"{case.caller} · {case.relation}" if case.relation else case.caller
        ring = Person(f"{CALLER}/{caller_id(case.id)}", words)
        yield {"individual": reference_to(ring)}
    for one in _listed(base, "participant"):
        who = person_in(_node(one, "individual"))
        if who.reference and who.reference not in mine:
            yield one


def _extensions(case: Case) -> Iterator[Content]:
    if case.place or case.postcode:
        yield _extension(PLACE, text=case.place, postcode=case.postcode)
    if case.trace is not None:
        one = case.trace
        yield _extension(
            TRACE,
            status=one.status,
            at=_instant(one.at),
            number=one.number,
            family=one.family,
            born=one.born,
        )
    if case.rang is not None:
        rang = case.rang
        at = _instant(rang.at)
        yield _extension(RANG, status=rang.status, at=at, who=rang.who)
    if case.read is not None:
        read = case.read
        flags = " ".join(read.flags)
        yield _extension(READ, flags=flags, at=_instant(read.at), **_by(read.by))
    if case.outcome is not None:
        end = case.outcome
        yield _extension(
            OUTCOME,
            code=end.code,
            at=_instant(end.at),
            said=end.said,
            advice=end.advice,
            **_by(end.by),
        )
    if case.moved:
        yield {"url": MOVED, "valueReference": {"reference": case.moved}}


_OURS = frozenset({PLACE, TRACE, READ, OUTCOME, MOVED, RANG})


def _by(who: Person) -> dict[str, str]:
    return {"by": who.display, "by-reference": who.reference}


def _extension(url: str, **parts: str) -> Content:
    told = [{"url": name, "valueString": one} for name, one in parts.items() if one]
    return {"url": url, "extension": told}


def _parts(node: Content | None) -> dict[str, str]:
    return {
        str(one.get("url")): str(one.get("valueString", ""))
        for one in _listed(node or {}, "extension")
    }


def _trace_in(node: Content | None) -> Trace | None:
    said = _parts(node)
    at = _moment(said.get("at"))
    if at is None:
        return None
    return Trace(
        status=said.get("status", ""),
        at=at,
        number=said.get("number", ""),
        family=said.get("family", ""),
        born=said.get("born", ""),
    )


def _rang_in(node: Content | None) -> RangBefore | None:
    said = _parts(node)
    at = _moment(said.get("at"))
    if at is None:
        return None
    return RangBefore(status=said.get("status", ""), at=at, who=said.get("who", ""))


def _reading_in(node: Content | None) -> Reading | None:
    said = _parts(node)
    at = _moment(said.get("at"))
    if at is None:
        return None
    flags = tuple(said.get("flags", "").split())
    return Reading(flags=flags, at=at, by=_who(said))


def _outcome_in(node: Content | None) -> Outcome | None:
    said = _parts(node)
    at = _moment(said.get("at"))
    if at is None:
        return None
    return Outcome(
        code=said.get("code", ""),
        at=at,
        said=said.get("said", ""),
        advice=said.get("advice", ""),
        by=_who(said),
    )


def _who(said: dict[str, str]) -> Person:
    return Person(said.get("by-reference", ""), said.get("by", ""))


def _listed(content: Content, name: str) -> list[Content]:
    found = content.get(name)
    if not isinstance(found, list):
        return []
    return [one for one in found if isinstance(one, dict)]


def _node(content: Content, name: str) -> Content:
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _moment(text: object) -> datetime | None:
    """A moment with its zone; None for anything else."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
