# SPDX-License-Identifier: Apache-2.0
"""What is typed while somebody is on the telephone, read: little must be given."""

import msgspec

from wardkeep.apps.calls.answering import read_number
from wardkeep.base import nhs_number
from wardkeep.care.typed import typed_day
from wardkeep.fhir.store.finding import Facts
from wardkeep.fhir.urgent.caller import Identity
from wardkeep.fhir.urgent.case import Case
from wardkeep.web.forms import Form

PATIENT, ANOTHER = "patient", "another"
WHO = ((PATIENT, "The patient"), (ANOTHER, "Somebody else"))
GENDERS = (
    ("", "Not asked yet"),
    ("female", "Female"),
    ("male", "Male"),
    ("other", "Other"),
    ("unknown", "Not known"),
)
LONGEST_NAME, LONGEST_PLACE, LONGEST_COMPLAINT = 60, 300, 2000
_SHORTEST = 3


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """The form, read."""

    number: str
    is_patient: bool
    caller: str
    relation: str
    place: str
    place_postcode: str
    complaint: str
    identity: Identity

    def on(self, case: Case) -> Case:
        """The case with what was typed."""
        return msgspec.structs.replace(
            case,
            number=self.number,
            is_patient=self.is_patient,
            caller=self.caller,
            relation=self.relation,
            place=self.place,
            postcode=self.place_postcode,
            complaint=self.complaint,
        )


def read_typed(form: Form) -> Typed | None:
    """What it says; None where something in it cannot be right."""
    is_patient = form.values.get("who", PATIENT) != ANOTHER
    said = Typed(
        number=read_number(form),
        is_patient=is_patient,
        caller="" if is_patient else _line(form, "caller", "the caller’s name"),
        relation="" if is_patient else _line(form, "relation", "who the caller is"),
        place=_line(form, "where", "where the patient is", LONGEST_PLACE),
        place_postcode=_line(form, "where-postcode", "that postcode", 10).upper(),
        complaint=_line(form, "complaint", "what is the matter", LONGEST_COMPLAINT),
        identity=_identity(form),
    )
    return None if form.problems else said


def _identity(form: Form) -> Identity:
    typed = _line(form, "nhs_number", "the NHS number", 20)
    number = nhs_number.parse(typed) if typed else None
    if typed and number is None:
        form.reject(
            "nhs_number",
            wrong="That is not an NHS number",
            mend="Check its ten digits, or leave it empty.",
        )
    born = typed_day(form, "born", called="date of birth")
    gender = form.values.get("gender", "")
    return Identity(
        number=number or "",
        given=_line(form, "given", "the first name"),
        family=_line(form, "family", "the surname"),
        born=born.isoformat() if born else "",
        gender=gender if gender in dict(GENDERS) else "",
        address=_line(form, "address", "the home address", LONGEST_PLACE),
        postcode=_line(form, "postcode", "the postcode", 10).upper(),
    )


def _line(form: Form, name: str, called: str, most: int = LONGEST_NAME) -> str:
    return form.optional_text(name, called=called, at_most=most)


def facts_to_find(form: Form, identity: Identity) -> Facts | None:
    """What somebody is looked for by; None, and a problem, where it is too little."""
    number = nhs_number.parse(identity.number) if identity.number else None
    day = typed_day(form, "born", called="date of birth")
    facts = Facts(
        nhs_number=number,
        family=identity.family,
        given=identity.given,
        birth_date=day,
    )
    if not facts.is_enough or (
        number is None and len(identity.family) < _SHORTEST and day is None
    ):
        form.reject(
            "family",
            wrong="Too little to look somebody up by",
            mend="Ask for the surname with the date of birth or first name, or for"
            " the NHS number.",
        )
        return None
    return facts


def values_of(case: Case) -> dict[str, str]:
    """A case as the form shows it."""
    return {
        "number": case.number,
        "who": PATIENT if case.is_patient else ANOTHER,
        "caller": case.caller,
        "relation": case.relation,
        "where": case.place,
        "where-postcode": case.postcode,
        "complaint": case.complaint,
    }
