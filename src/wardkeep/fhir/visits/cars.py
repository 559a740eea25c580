# SPDX-License-Identifier: Apache-2.0
"""A car of this shift, as a FHIR CareTeam: who is in it, where it drives, until when.

https://hl7.org/fhir/R4/careteam.html. It belongs to no patient. Who is in it gives
nobody a right: a visit does, which whoever dispatches writes.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.urgent.saying import code_in, concept, instant
from wardkeep.fhir.work.expects import Content, listed, status_of

TYPE = "CareTeam"
SYSTEM, CODE = "urn:wardkeep:care-team", "visiting-car"
_AREA = "urn:wardkeep:car-area"
ACTIVE, INACTIVE = "active", "inactive"


class Car(msgspec.Struct, frozen=True, kw_only=True):
    """One car."""

    id: str
    name: str
    area: str = ""
    """Where it drives, in words: postcode districts."""
    crew: tuple[Person, ...] = ()
    """The visiting clinician first."""
    since: datetime | None = None
    until: datetime | None = None
    """When its shift is over."""
    is_active: bool = True

    @property
    def reference(self) -> str:
        return f"{TYPE}/{self.id}"

    def is_on_shift(self, now: datetime) -> bool:
        """Whether a visit can be given to it."""
        is_over = self.until is not None and self.until <= now
        return self.is_active and bool(self.crew) and not is_over

    def has(self, who: Person) -> bool:
        return bool(who.reference) and any(
            one.reference == who.reference for one in self.crew
        )


def car_content(car: Car) -> Content:
    """It as a resource's content."""
    content: Content = {
        "resourceType": TYPE,
        "id": car.id,
        "status": ACTIVE if car.is_active else INACTIVE,
        "category": [concept(SYSTEM, CODE)],
        "name": car.name,
        "participant": [{"member": reference_to(one)} for one in car.crew],
    }
    period = {
        name: instant(at)
        for name, at in (("start", car.since), ("end", car.until))
        if at is not None
    }
    if period:
        content["period"] = period
    if car.area:
        content["extension"] = [{"url": _AREA, "valueString": car.area}]
    return {name: one for name, one in content.items() if one != []}


def car_in(content: Content) -> Car | None:
    """Undo it; None where it is no car."""
    if code_in(content.get("category"), SYSTEM) != CODE:
        return None
    period = content.get("period")
    span = period if isinstance(period, dict) else {}
    areas = [
        str(one.get("valueString", ""))
        for one in listed(content, "extension")
        if one.get("url") == _AREA
    ]
    crew = (person_in(one.get("member")) for one in listed(content, "participant"))
    return Car(
        id=str(content.get("id", "")),
        name=str(content.get("name", "")),
        area=next(iter(areas), ""),
        crew=tuple(one for one in crew if one.reference),
        since=moment_in(span.get("start")),
        until=moment_in(span.get("end")),
        is_active=status_of(content) == ACTIVE,
    )


def in_order(cars: Sequence[Car]) -> list[Car]:
    return sorted(cars, key=lambda one: (one.name.casefold(), one.id))
