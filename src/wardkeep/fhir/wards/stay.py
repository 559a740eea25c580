# SPDX-License-Identifier: Apache-2.0
"""A stay as a FHIR Encounter: its ward and bed, its moves, its leave, its end.

https://hl7.org/fhir/R4/encounter.html. Each ward and bed is a `location` with its own
period; leave is the status `onleave`, and `statusHistory` keeps what was before. What
other software wrote into it stays as it is. Nobody is named as a participant: whoever
admits somebody would be expected with them for the whole stay (decision 53).
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import msgspec

from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person, reference_to
from wardkeep.fhir.search.references import target_of
from wardkeep.fhir.wards.saying import (
    SYSTEM,
    code_in,
    concept,
    put_extension,
    said_in,
    texts_in,
    written,
)
from wardkeep.fhir.work.expects import Content, listed, status_of

TYPE = "Encounter"
PHYSICAL = "http://terminology.hl7.org/CodeSystem/location-physical-type"
WARD, BED = "wa", "bd"
EXPECTED = f"{SYSTEM}:expected-discharge"
DESTINATION = f"{SYSTEM}:destination"
STAYS = frozenset({"IMP", "ACUTE", "NONAC", "OBSENC", "SS"})
OPEN = frozenset({"arrived", "triaged", "in-progress", "onleave"})
AWAY, HERE, OVER, MISTAKE = "onleave", "in-progress", "finished", "entered-in-error"
MOST_PLACES = 18
"""Of one stay as its newest version tells them; older moves stand in older versions.
Each explains the patient to whoever works there (`work/ties.py` takes forty)."""
DESTINATIONS = (
    ("usual-residence", "Home, or where they usually live"),
    ("temporary-residence", "Somewhere else to live for a time"),
    ("other-ward", "A ward of another hospital"),
    ("care-home", "A care home"),
    ("hospice", "A hospice"),
    ("prison", "Prison, court or police"),
    ("died", "They died"),
    ("not-known", "Not known"),
)
_ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_WORDS = {WARD: "Ward", BED: "Bed"}
_PERIOD = "period"


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """What an Encounter says of a stay."""

    status: str
    began: datetime | None
    places: tuple[str, ...]
    """Ids of Locations where the patient is now, as they are listed."""
    expected: date | None
    """The day on which they are thought to leave."""
    reason: str

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def is_away(self) -> bool:
        return self.status == AWAY


def is_stay(content: Content) -> bool:
    """Whether an Encounter is one."""
    class_ = content.get("class")
    return isinstance(class_, dict) and class_.get("code") in STAYS


def read_stay(content: Content) -> Stay | None:
    """What an Encounter says as a stay; None where it is none."""
    if not is_stay(content):
        return None
    period = content.get(_PERIOD)
    ends = moment_in(period.get("end")) if isinstance(period, dict) else None
    status = status_of(content)
    return Stay(
        status=OVER if ends is not None and status in OPEN else status,
        began=moment_in(period.get("start")) if isinstance(period, dict) else None,
        places=tuple(_here(content)),
        expected=_day(said_in(content).get(EXPECTED, {}).get("valueDate")),
        reason=texts_in(content, "reasonCode"),
    )


def _day(said: object) -> date | None:
    try:
        return date.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None


def _here(content: Content) -> Iterator[str]:
    for one in listed(content, "location"):
        place = _id_in(one)
        if place and _is_now(one):
            yield place


def _id_in(entry: Content) -> str:
    node = entry.get("location")
    said = node.get("reference") if isinstance(node, dict) else None
    target = target_of(said) if isinstance(said, str) else None
    return target[1] if target is not None and target[0] == "Location" else ""


def _is_now(entry: Content) -> bool:
    period = entry.get(_PERIOD)
    is_ended = isinstance(period, dict) and bool(period.get("end"))
    return not is_ended and entry.get("status", "active") == "active"


def admission(  # noqa: PLR0913 - what a stay begins with
    id_: str,
    *,
    patient: str,
    ward: Person,
    bed: Person,
    at: datetime,
    reason: str,
    expected: date | None,
) -> Content:
    """A new stay."""
    content: Content = {
        "resourceType": TYPE,
        "id": id_,
        "status": HERE,
        "class": {"system": _ACT, "code": "IMP", "display": "inpatient encounter"},
        "type": [{"text": "Stay on a ward"}],
        "subject": {"reference": f"Patient/{patient}"},
        _PERIOD: {"start": written(at)},
        "location": [_place(ward, WARD, at), _place(bed, BED, at)],
    }
    if reason:
        content["reasonCode"] = [{"text": reason}]
    expect(content, expected)
    return content


def _place(where: Person, kind: str, at: datetime) -> Content:
    return {
        "location": reference_to(where),
        "status": "active",
        "physicalType": concept(PHYSICAL, kind, _WORDS[kind]),
        _PERIOD: {"start": written(at)},
    }


def expect(content: Content, day: date | None) -> None:
    """Say when the patient is thought to leave; None: nobody knows."""
    if day is None:
        put_extension(content, EXPECTED)
    else:
        put_extension(content, EXPECTED, valueDate=day.isoformat())


def move(content: Content, *, ward: Person, bed: Person, at: datetime) -> None:
    """Into another bed, here or on another ward: the earlier place ends now."""
    entries = listed(content, "location")
    stays = [
        one
        for one in entries
        if _is_now(one) and _id_in(one) == ward.reference.partition("/")[2]
    ]
    _leave_places(entries, at, but=stays)
    new = [_place(bed, BED, at)]
    if not stays:
        new.insert(0, _place(ward, WARD, at))
    # What is now stands first: of many, the oldest are told no longer.
    kept = [*stays, *(one for one in entries if one not in stays)]
    content["location"] = [*new, *kept][:MOST_PLACES]


def _leave_places(
    entries: list[Content], at: datetime, *, but: list[Content] | None = None
) -> None:
    for one in entries:
        if _is_now(one) and not any(one is stays for stays in but or ()):
            period: dict[str, Any] = dict(one.get(_PERIOD) or {})
            one[_PERIOD] = {**period, "end": written(at)}
            one["status"] = "completed"


def discharge(
    content: Content, *, at: datetime, destination: str, words: str = ""
) -> None:
    """The stay ends: where to, by a code of `DESTINATIONS`."""
    _become(content, OVER, at)
    period = content.get(_PERIOD)
    began = period if isinstance(period, dict) else {}
    content[_PERIOD] = {**began, "end": written(at)}
    _leave_places(listed(content, "location"), at)
    hospital = content.get("hospitalization")
    said = dict(DESTINATIONS).get(destination, destination)
    content["hospitalization"] = {
        **(hospital if isinstance(hospital, dict) else {}),
        "dischargeDisposition": concept(
            DESTINATION, destination, f"{said}: {words}" if words else said
        ),
    }


def go_on_leave(content: Content, at: datetime) -> None:
    """Out, with the bed kept."""
    _become(content, AWAY, at)


def come_back(content: Content, at: datetime) -> None:
    _become(content, HERE, at)


def _become(content: Content, status: str, at: datetime) -> None:
    """Another status; the one before is kept with when it held."""
    was = status_of(content)
    if was == status:
        return
    history = listed(content, "statusHistory")
    period = content.get(_PERIOD)
    began = period.get("start") if isinstance(period, dict) else None
    since = history[-1].get(_PERIOD, {}).get("end") if history else began
    held = {} if since is None else {"start": since}
    entry = {"status": was, _PERIOD: {**held, "end": written(at)}}
    content["statusHistory"] = [*history, entry]
    content["status"] = status


def destination_in(content: Content) -> str:
    """Where to, by its code; empty where it is not said."""
    hospital = content.get("hospitalization")
    said = hospital.get("dischargeDisposition") if isinstance(hospital, dict) else None
    return code_in(said, DESTINATION)
