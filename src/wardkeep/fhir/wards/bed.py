# SPDX-License-Identifier: Apache-2.0
"""A bed as a FHIR Location: of which ward, what it is called, whether it can be used.

https://hl7.org/fhir/R4/location.html: physical type `bd`, `partOf` its ward, and
`operationalStatus`, which the standard made for beds (HL7 table 0116). That somebody
lies in it is not written there: the stay says so.
"""

import re

import msgspec

from wardkeep.fhir.search.references import target_of
from wardkeep.fhir.wards.saying import code_in, concept
from wardkeep.fhir.wards.stay import BED, PHYSICAL
from wardkeep.fhir.work.expects import Content

TYPE = "Location"
TABLE = "http://terminology.hl7.org/CodeSystem/v2-0116"
FREE, CLEANING, CLOSED, GONE = "free", "cleaning", "closed", "gone"
STATES = {FREE: "Free", CLEANING: "Being cleaned", CLOSED: "Closed"}
LONGEST_NAME = 40
_CODES = {FREE: "U", CLEANING: "H", CLOSED: "C"}
_DISPLAY = {FREE: "Unoccupied", CLEANING: "Housekeeping", CLOSED: "Closed"}
_STATE = {"H": CLEANING, "K": CLEANING, "C": CLOSED}
"""By HL7's code; what is occupied or isolated can be used, as far as the bed goes."""
_FIGURES = re.compile(r"(\d+)")


class Bed(msgspec.Struct, frozen=True, kw_only=True):
    """What a Location says of a bed."""

    ward: str
    """The id of its ward's Location."""
    name: str
    state: str


def read_bed(content: Content) -> Bed | None:
    """What a Location says as a bed; None where it is none, or of no ward."""
    above = content.get("partOf")
    said = above.get("reference") if isinstance(above, dict) else None
    target = target_of(said) if isinstance(said, str) else None
    is_bed = code_in(content.get("physicalType"), PHYSICAL) == BED
    if not is_bed or target is None or target[0] != TYPE:
        return None
    name = content.get("name")
    return Bed(
        ward=target[1],
        name=(name if isinstance(name, str) and name else "A bed")[:LONGEST_NAME],
        state=_state(content),
    )


def _state(content: Content) -> str:
    status = content.get("status", "active")
    if status == "inactive":
        return GONE
    if status == "suspended":
        return CLOSED
    said = content.get("operationalStatus")
    code = said.get("code") if isinstance(said, dict) else ""
    return _STATE.get(str(code), FREE)


def new_bed(id_: str, *, ward: str, name: str) -> Content:
    """A bed of a ward, given as the id of its Location."""
    return {
        "resourceType": TYPE,
        "id": id_,
        "status": "active",
        "operationalStatus": _status(FREE),
        "name": name,
        "mode": "instance",
        "physicalType": concept(PHYSICAL, BED, "Bed"),
        "partOf": {"reference": f"{TYPE}/{ward}"},
    }


def become(content: Content, state: str) -> None:
    """Free, being cleaned, closed; or gone from the board."""
    if state == GONE:
        content["status"] = "inactive"
        return
    content["status"] = "active"
    content["operationalStatus"] = _status(state)


def _status(state: str) -> Content:
    return {"system": TABLE, "code": _CODES[state], "display": _DISPLAY[state]}


def in_order(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sorts Bed 2 before Bed 10."""
    return tuple(
        (0, int(part)) if part.isdecimal() else (1, part.casefold())
        for part in _FIGURES.split(name)
        if part
    )
