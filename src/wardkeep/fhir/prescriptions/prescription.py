# SPDX-License-Identifier: Apache-2.0
"""A prescription as a FHIR MedicationRequest with all that was done with it, and back.

https://hl7.org/fhir/R4/medicationrequest.html (docs/formats/prescription.md). What is
prescribed never changes: whoever was wrong cancels it and writes another one, so that
what two people signed, what was printed and what stands here are the same words.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation

import msgspec

from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.prescriptions.formulary import DMD, ROUTES, SNOMED, needs_check
from wardkeep.fhir.urgent.saying import code_in, concept, id_in, instant, text_in
from wardkeep.fhir.work.expects import Content, listed

TYPE = "MedicationRequest"
SYSTEM = "urn:wardkeep:prescription"
_STEP, _SCHEDULE, _NUMBER = (f"{SYSTEM}:{it}" for it in ("step", "schedule", "number"))
_REQUEST = f"{SYSTEM}:request"
WRITTEN, SIGNED, CHECKED = "written", "signed", "checked"
PRINTED, GIVEN, CANCELLED, UNDONE = "printed", "given", "cancelled", "undone"
RETURNING = "returning"
"""A controlled drug was not given after all, as whoever gave it says: nothing is taken
back by it. A second person looks, and their `UNDONE` takes back both."""
KINDS = frozenset(
    {WRITTEN, SIGNED, CHECKED, PRINTED, GIVEN, CANCELLED, UNDONE, RETURNING}
)


class Frequency(msgspec.Struct, frozen=True):
    """How often; times in a period of hours or days."""

    words: str
    frequency: int
    period: int
    unit: str
    """`h` or `d`."""
    is_needed: bool = False
    """Only when it is needed, and then no oftener."""


FREQUENCIES = {
    "once": Frequency("Once only", 1, 0, "d"),
    "daily": Frequency("Once a day", 1, 1, "d"),
    "night": Frequency("Once a day, at night", 1, 1, "d"),
    "twice": Frequency("Twice a day", 2, 1, "d"),
    "thrice": Frequency("Three times a day", 3, 1, "d"),
    "four": Frequency("Four times a day", 4, 1, "d"),
    "weekly": Frequency("Once a week", 1, 7, "d"),
    "needed-4h": Frequency(
        "When needed, no oftener than every 4 hours", 1, 4, "h", is_needed=True
    ),
    "needed-6h": Frequency(
        "When needed, no oftener than every 6 hours", 1, 6, "h", is_needed=True
    ),
    "needed-8h": Frequency(
        "When needed, no oftener than every 8 hours", 1, 8, "h", is_needed=True
    ),
    "needed-daily": Frequency(
        "When needed, once a day at most", 1, 1, "d", is_needed=True
    ),
}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done with it."""

    kind: str
    at: datetime
    by: Person
    words: str = ""
    about: str = ""
    """Of stock that was given: the id of the MedicationDispense."""


class Prescription(msgspec.Struct, frozen=True, kw_only=True):
    """One medicine for one patient."""

    id: str
    patient: str
    medicine: str
    code: str = ""
    schedule: str = ""
    dose: Decimal
    unit: str
    route: str
    often: str
    """A code of `FREQUENCIES`."""
    days: int
    quantity: int
    supplied: str
    """In what the quantity is counted."""
    why: str
    more: str = ""
    """Further instructions, as they go onto the label."""
    pharmacy: str = ""
    number: str = ""
    """The prescriber's registration, as they typed it."""
    case: str = ""
    """The id of the Encounter; empty: of no case."""
    request: str = ""
    """The place in a queue that asked for it."""
    steps: tuple[Step, ...] = ()

    @property
    def is_controlled(self) -> bool:
        """Whether two people sign before anybody has it."""
        return needs_check(self.schedule)

    @property
    def written(self) -> Step:
        return self.steps[0]

    @property
    def standing(self) -> tuple[Step, ...]:
        """Steps that were not taken back: an undo takes the last of them."""
        kept: list[Step] = []
        for one in self.steps:
            if one.kind == UNDONE:
                was_said = bool(kept) and kept[-1].kind == RETURNING
                del kept[-2 if was_said else -1 :]
            else:
                kept.append(one)
        return tuple(kept)

    def last(self, kind: str) -> Step | None:
        """The last step of a kind that still holds."""
        found = [one for one in self.standing if one.kind == kind]
        return found[-1] if found else None

    @property
    def prints(self) -> int:
        return sum(one.kind == PRINTED for one in self.standing)

    @property
    def is_cancelled(self) -> bool:
        return self.last(CANCELLED) is not None

    @property
    def is_ready(self) -> bool:
        """Whether it may be printed or given at all."""
        if self.is_cancelled:
            return False
        return not self.is_controlled or (self.signs(SIGNED) and self.signs(CHECKED))

    def signs(self, kind: str) -> bool:
        """Whether somebody signed for just what stands here now.

        Words that other software changed since were signed for by nobody.
        """
        step = self.last(kind)
        return step is not None and step.words == self.words

    @property
    def dosage(self) -> str:
        """In one line, as it is read out and printed."""
        often = FREQUENCIES[self.often].words
        said = f"{self.dose} {self.unit}, {ROUTES[self.route].words.lower()}. {often}"
        if self.often != "once":
            said += f", for {self.days} {'day' if self.days == 1 else 'days'}"
        return f"{said}. {self.more}" if self.more else f"{said}."

    @property
    def words(self) -> str:
        """All that is signed for."""
        return f"{self.medicine}. {self.dosage} Supply {self.quantity} {self.supplied}."


def is_prescription(content: Content) -> bool:
    """Whether a MedicationRequest is one of urgent care's."""
    return any(one.get("url") == _STEP for one in listed(content, "extension"))


def status_of(one: Prescription) -> str:
    """FHIR's word: a draft until both have signed, `completed` once stock was given."""
    if one.is_cancelled:
        return "cancelled"
    if not one.is_ready:
        return "draft"
    return "active" if one.last(GIVEN) is None else "completed"


def prescription_content(one: Prescription, *, over: Content | None = None) -> Content:
    """It as a resource's content; of `over`, what is not ours stays as it was."""
    route, often = ROUTES[one.route], FREQUENCIES[one.often]
    medicine: Content = {"text": one.medicine}
    if one.code:
        medicine["coding"] = [{"system": DMD, "code": one.code}]
    content: Content = {
        **(over or {}),
        "resourceType": TYPE,
        "id": one.id,
        "extension": [
            *(it for it in listed(over or {}, "extension") if not _is_ours(it)),
            *_extensions(one),
        ],
        "status": status_of(one),
        "intent": "order",
        "category": [
            concept(
                "http://terminology.hl7.org/CodeSystem/medicationrequest-category",
                "community",
            )
        ],
        "medicationCodeableConcept": medicine,
        "subject": {"reference": f"Patient/{one.patient}"},
        "authoredOn": instant(one.written.at),
        # By name alone: an order of somebody's own explains none of their openings.
        "requester": {"display": one.written.by.words},
        "reasonCode": [{"text": one.why}],
        "dosageInstruction": [
            {
                "text": one.dosage,
                "timing": _timing(often, one.days),
                "asNeededBoolean": often.is_needed,
                "route": concept(SNOMED, route.snomed, route.words),
                "doseAndRate": [
                    {"doseQuantity": {"value": one.dose, "unit": one.unit}}
                ],
            }
        ],
        "dispenseRequest": _supply(one),
    }
    if one.case:
        content["encounter"] = {"reference": f"Encounter/{one.case}"}
    cancelled = one.last(CANCELLED)
    content.pop("statusReason", None)
    if cancelled is not None:
        content["statusReason"] = {"text": cancelled.words}
    return content


def _timing(often: Frequency, days: int) -> Content:
    repeat: Content = {
        "boundsDuration": {
            "value": days,
            "unit": "days",
            "system": "http://unitsofmeasure.org",
            "code": "d",
        }
    }
    if often.period:
        repeat |= {
            "frequency": often.frequency,
            "period": often.period,
            "periodUnit": often.unit,
        }
    else:
        repeat["count"] = 1
    return {"repeat": repeat}


def _supply(one: Prescription) -> Content:
    supply: Content = {
        "numberOfRepeatsAllowed": 0,
        "quantity": {"value": one.quantity, "unit": one.supplied},
        "expectedSupplyDuration": {
            "value": one.days,
            "unit": "days",
            "system": "http://unitsofmeasure.org",
            "code": "d",
        },
    }
    if one.pharmacy:
        supply["performer"] = {"display": one.pharmacy}
    return supply


def _is_ours(extension: Content) -> bool:
    return str(extension.get("url", "")).startswith(f"{SYSTEM}:")


def _extensions(one: Prescription) -> Iterator[Content]:
    codes = {
        _SCHEDULE: one.schedule,
        _NUMBER: one.number,
        _REQUEST: one.request,
        f"{SYSTEM}:route": one.route,
        f"{SYSTEM}:often": one.often,
        f"{SYSTEM}:more": one.more,
    }
    for url, text in codes.items():
        if text:
            yield {"url": url, "valueString": text}
    for step in one.steps:
        parts: list[Content] = [
            {"url": "kind", "valueCode": step.kind},
            {"url": "at", "valueInstant": instant(step.at)},
            {"url": "by", "valueReference": reference_to(step.by)},
        ]
        for name, text in (("words", step.words), ("about", step.about)):
            if text:
                parts.append({"url": name, "valueString": text})
        yield {"url": _STEP, "extension": parts}


def prescription_in(content: Content) -> Prescription | None:
    """Undo it; None where it is none of ours, or lacks what is printed."""
    said = _texts(content)
    steps = tuple(_steps(content))
    lines, supply = (
        listed(content, "dosageInstruction"),
        _below(content, "dispenseRequest"),
    )
    rates = listed(lines[0], "doseAndRate") if lines else []
    dose = _below(rates[0], "doseQuantity") if rates else {}
    value, quantity = _number(dose.get("value")), _below(supply, "quantity")
    days = _below(supply, "expectedSupplyDuration").get("value")
    route, often = said.get(f"{SYSTEM}:route", ""), said.get(f"{SYSTEM}:often", "")
    known = route in ROUTES and often in FREQUENCIES
    many = _number(quantity.get("value"))
    if (
        not (steps and steps[0].kind == WRITTEN and known)
        or value is None
        or many is None
    ):
        return None
    medicine = content.get("medicationCodeableConcept")
    reasons = [text_in(one) for one in listed(content, "reasonCode")]
    one = Prescription(
        id=str(content.get("id", "")),
        patient=id_in(content.get("subject"), "Patient"),
        medicine=text_in(medicine),
        code=code_in(medicine, DMD),
        schedule=said.get(_SCHEDULE, ""),
        dose=value,
        unit=str(dose.get("unit", "")),
        route=route,
        often=often,
        days=int(_number(days) or 1),
        quantity=int(many),
        supplied=str(quantity.get("unit", "")),
        why="; ".join(filter(None, reasons)),
        more=said.get(f"{SYSTEM}:more", ""),
        pharmacy=str(_below(supply, "performer").get("display", "")),
        number=said.get(_NUMBER, ""),
        case=id_in(content.get("encounter"), "Encounter"),
        request=said.get(_REQUEST, ""),
        steps=steps,
    )
    return _as_marked(one, content)


_MARKED = frozenset({"cancelled", "stopped", "entered-in-error"})


def _as_marked(one: Prescription, content: Content) -> Prescription:
    """Other software may have ended it since: then nobody has it here either."""
    if content.get("status") not in _MARKED or one.is_cancelled:
        return one
    marked = Step(
        kind=CANCELLED,
        at=one.steps[-1].at,
        by=Person("", "Other software"),
        words=f"Marked as {content.get('status')}",
    )
    return msgspec.structs.replace(one, steps=(*one.steps, marked))


def _texts(content: Content) -> dict[str, str]:
    return {
        str(one.get("url")): str(one.get("valueString", ""))
        for one in listed(content, "extension")
    }


def _steps(content: Content) -> Iterator[Step]:
    for one in listed(content, "extension"):
        if one.get("url") != _STEP:
            continue
        said: Mapping[str, Content] = {
            str(it.get("url")): it for it in listed(one, "extension")
        }
        kind = said.get("kind", {}).get("valueCode")
        at = moment_in(said.get("at", {}).get("valueInstant"))
        if kind in KINDS and at is not None:
            yield Step(
                kind=str(kind),
                at=at,
                by=person_in(said.get("by", {}).get("valueReference")),
                words=str(said.get("words", {}).get("valueString", "")),
                about=str(said.get("about", {}).get("valueString", "")),
            )


def _below(node: Content, name: str) -> Content:
    found = node.get(name)
    return found if isinstance(found, dict) else {}


def _number(said: object) -> Decimal | None:
    """A number above nothing."""
    if isinstance(said, bool) or not isinstance(said, int | float | str | Decimal):
        return None
    try:
        found = Decimal(str(said))
    except InvalidOperation:
        return None
    return found if found.is_finite() and found > 0 else None
