# SPDX-License-Identifier: Apache-2.0
"""Where and when a case that is to be seen will be seen, as its Task says it.

A time at a treatment centre, or a place on the list of a car: the Appointment, the
place, the time and the turn are outputs of the Task
(https://hl7.org/fhir/R4/task-definitions.html#Task.output). `Location/x` is a treatment
centre, `CareTeam/x` a car.
"""

from datetime import datetime

import msgspec

from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.urgent.saying import code_in, concept, id_in, instant
from wardkeep.fhir.work.expects import Content, listed

SYSTEM = "urn:wardkeep:queue-output"
_APPOINTMENT, _WHERE, _AT, _TURN = "appointment", "where", "at", "turn"
CAR, CENTRE = "CareTeam", "Location"


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """Empty where nothing is booked."""

    appointment: str = ""
    """The id of the Appointment."""
    where: Person = Person()
    at: datetime | None = None
    """When it begins, or the car is expected there."""
    turn: int = 0
    """On a car's list, the lower goes first."""

    @property
    def is_by_car(self) -> bool:
        return self.where.reference.startswith(f"{CAR}/")


NOT_BOOKED = Booked()


def outputs(booked: Booked) -> list[Content]:
    """What a Task says of it; nothing where nothing is booked."""
    if not booked.appointment:
        return []
    said: list[tuple[str, Content]] = [
        (
            _APPOINTMENT,
            {"valueReference": {"reference": f"Appointment/{booked.appointment}"}},
        ),
        (_WHERE, {"valueReference": reference_to(booked.where)}),
    ]
    if booked.at is not None:
        said.append((_AT, {"valueInstant": instant(booked.at)}))
    if booked.turn:
        said.append((_TURN, {"valueInteger": booked.turn}))
    return [{"type": concept(SYSTEM, code), **value} for code, value in said]


def booked_in(content: Content) -> Booked:
    """Undo it; nothing booked where other software has left half of it."""
    said = {code_in(one.get("type"), SYSTEM): one for one in listed(content, "output")}
    empty: Content = {}
    appointment = id_in(
        said.get(_APPOINTMENT, empty).get("valueReference"), "Appointment"
    )
    where = person_in(said.get(_WHERE, empty).get("valueReference"))
    if not appointment or not where.reference:
        return NOT_BOOKED
    turn = said.get(_TURN, empty).get("valueInteger")
    return Booked(
        appointment=appointment,
        where=where,
        at=moment_in(said.get(_AT, empty).get("valueInstant")),
        turn=turn if isinstance(turn, int) else 0,
    )
