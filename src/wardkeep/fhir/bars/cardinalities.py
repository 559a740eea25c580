# SPDX-License-Identifier: Apache-2.0
"""How many of what a message of each kind holds, and what else it may hold."""

from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

from wardkeep.fhir.bars.codes import Event
from wardkeep.fhir.bars.errors import Fault, missing, unprocessable

MANY = 1_000
Bounds = tuple[int, int]
"""At least, at most."""
_ONE, _SOME, _ANY = (1, 1), (1, MANY), (0, MANY)


class Shape(msgspec.Struct, frozen=True):
    """Of one kind of message."""

    counted: Mapping[str, Bounds]
    """By type; what is not named here is not taken."""
    focus: str
    """What its header points to."""


_WHO = {
    "Organization": (2, MANY),
    "Practitioner": _ANY,
    "PractitionerRole": _ANY,
    "Location": _ANY,
}
_CLINICAL = dict.fromkeys(
    (
        *("Observation", "Flag", "MedicationStatement", "AllergyIntolerance"),
        *("Questionnaire", "QuestionnaireResponse", "Condition", "Task"),
        *("Communication", "Procedure", "Device", "RelatedPerson"),
    ),
    _ANY,
)
REFERRAL = Shape(
    {
        **_WHO,
        **_CLINICAL,
        **dict.fromkeys(("ServiceRequest", "Patient", "Encounter", "CarePlan"), _ONE),
        **dict.fromkeys(("Practitioner", "PractitionerRole"), _SOME),
        **dict.fromkeys(("HealthcareService", "Consent"), _SOME),
    },
    "ServiceRequest",
)
CANCELLATION = Shape(
    {**dict.fromkeys(REFERRAL.counted, _ANY), "ServiceRequest": _ONE, "Patient": _ONE},
    "ServiceRequest",
)
BOOKING = Shape(
    {
        **_WHO,
        "Organization": _ANY,
        "RelatedPerson": _ANY,
        **dict.fromkeys(("Appointment", "Slot", "Schedule", "Patient"), _ONE),
        "HealthcareService": _ONE,
    },
    "Appointment",
)
BOOKING_CANCELLATION = Shape(
    {**dict.fromkeys(BOOKING.counted, _ANY), "Appointment": _ONE, "Patient": _ONE},
    "Appointment",
)
VALIDATION_ANSWER = Shape(
    {**REFERRAL.counted, **_CLINICAL, "Encounter": (2, 3), "Consent": _ANY},
    "Encounter",
)
"""The request's Encounter, the responder's, and that of a new ambulance request where
it is more pressing now."""
REFERRAL_ANSWER = Shape(
    {
        **dict.fromkeys(REFERRAL.counted, _ANY),
        **dict.fromkeys(("ServiceRequest", "Patient"), _ONE),
        "Encounter": (1, 3),
    },
    "",
)
BOOKING_ANSWER = Shape(
    {**dict.fromkeys(BOOKING.counted, _ANY), "Appointment": _ONE}, "Appointment"
)


def shape_of(event: Event, *, is_over: bool, is_validation: bool) -> Shape:
    """`is_over`: what is asked for is withdrawn."""
    match event:
        case Event.REFERRAL:
            return CANCELLATION if is_over else REFERRAL
        case Event.REFERRAL_ANSWER:
            return VALIDATION_ANSWER if is_validation else REFERRAL_ANSWER
        case Event.BOOKING:
            return BOOKING_CANCELLATION if is_over else BOOKING
        case Event.BOOKING_ANSWER:
            return BOOKING_ANSWER


def wrong_counts(shape: Shape, found: Counter[str]) -> Iterator[Fault]:
    """What there is too little or too much of, and what is not taken at all."""
    for type_, (least, most) in shape.counted.items():
        here, place = found[type_], f"Bundle.entry.resource.ofType({type_})"
        if here < least:
            words = f"A message of this kind has {_words(least, most)} {type_}."
            yield missing(words, place)
        elif here > most:
            words = f"A message of this kind has {_words(least, most)} {type_}."
            yield unprocessable(words, place, "invariant")
    for type_ in found:
        if type_ not in shape.counted and type_ != "MessageHeader":
            words = f"{type_} is not taken in a message of this kind."
            yield unprocessable(words, f"Bundle.entry.resource.ofType({type_})")


def _words(least: int, most: int) -> str:
    if least == most:
        return "exactly one" if least == 1 else f"exactly {least}"
    return f"at least {least}" if most == MANY else f"{least} to {most}"
