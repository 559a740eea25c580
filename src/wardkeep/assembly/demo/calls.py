# SPDX-License-Identifier: Apache-2.0
"""Calls of the day on which the demo is made: two open, and two that came before.

As sections of the Act they stand beside the records and not in them. What is the matter
is invented, and nobody's advice.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from wardkeep.assembly.demo.chart.codes import Json
from wardkeep.assembly.demo.chart.sheet import entry_of
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.staff import staff_of
from wardkeep.base.clock import LONDON
from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.case import (
    CALLER,
    OVER,
    TYPE,
    Case,
    Outcome,
    caller_content,
    caller_id,
    case_content,
)
from wardkeep.fhir.urgent.flags import CATEGORIES, SYSTEM

_ADULT_AGE, _YEAR = 18, 4
_TAKER = "call-taker"


class _Before(msgspec.Struct, frozen=True, kw_only=True):
    """A call that came before."""

    hours: int
    complaint: str
    said: str


class _Note(msgspec.Struct, frozen=True, kw_only=True):
    """A flag: its category, what it says, and for how many days more."""

    category: str
    words: str
    days: int


class _Plot(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is on the telephone now."""

    minutes: int
    """Since it was answered."""
    complaint: str
    number: str
    place: str = ""
    caller: str = ""
    relation: str = ""
    before: tuple[_Before, ...] = ()
    notes: tuple[_Note, ...] = ()


_PLOTS = (
    _Plot(
        minutes=4,
        complaint="Short of breath again since the morning, worse on the stairs.",
        number="07700900151",
        before=(
            _Before(
                hours=20,
                complaint="Cough and a tight chest.",
                said="To ring the surgery in the morning.",
            ),
            _Before(
                hours=61,
                complaint="A cough that keeps me awake.",
                said="Care at home; honey and warm drinks.",
            ),
        ),
    ),
    _Plot(
        minutes=11,
        complaint="Dad has a temperature and does not make sense.",
        number="01632960274",
        place="At his daughter’s, 4 Teasel Row, Nether Thimble",
        caller="Marigold Quilley",
        relation="daughter",
        notes=(
            _Note(
                category="API",
                words="Is cared for by the heart team at home: ring them before an"
                " ambulance is sent, if he can wait.",
                days=40,
            ),
            _Note(
                category="RA",
                words="Hears badly: speak slowly, and say who you are twice.",
                days=-12,
            ),
            _Note(
                category="SS",
                words="A large dog is loose in the yard. Ring from the gate.",
                days=90,
            ),
        ),
    ),
)


def plots() -> list[_Plot]:
    """For as many people as there are plots; each is taken out when it is told."""
    return list(_PLOTS)


def calls_of(
    organisation: DemoOrganisation, bundle: Json, told: list[_Plot], now: datetime
) -> list[Json]:
    """The next plot, for an adult who lives; else nothing."""
    person = bundle["entry"][0]["resource"]
    born = person.get("birthDate", "")[:_YEAR]
    is_alive = not any(name.startswith("deceased") for name in person)
    today = now.astimezone(LONDON).date()
    is_adult = born.isdigit() and int(born) < today.year - _ADULT_AGE
    if not told or not is_alive or not is_adult or organisation.kind != "hospital":
        return []
    return list(_entries(organisation, told.pop(0), person["id"], now))


def _entries(
    organisation: DemoOrganisation, plot: _Plot, patient: str, now: datetime
) -> Iterator[Json]:
    taker = staff_of(organisation)[_TAKER]
    by = Person(f"Practitioner/{taker.practitioner_id}", taker.name)
    case = Case(
        id=derived_uuid("demo-call", organisation.slug, patient),
        patient=patient,
        began=now - timedelta(minutes=plot.minutes),
        taker=by,
        number=plot.number,
        place=plot.place,
        is_patient=not plot.caller,
        caller=plot.caller,
        relation=plot.relation,
        complaint=plot.complaint,
    )
    yield _entry(TYPE, case.id, case_content(case), patient)
    caller = caller_content(case)
    if caller is not None:
        yield _entry(CALLER, caller_id(case.id), caller, patient, "patient")
    for one in plot.before:
        began = now - timedelta(hours=one.hours)
        ended = began + timedelta(minutes=9)
        outcome = Outcome(code="self-care", at=ended, said=one.said, by=by)
        earlier = msgspec.structs.replace(
            case,
            id=derived_uuid("demo-call", organisation.slug, patient, one.hours),
            began=began,
            complaint=one.complaint,
            status=OVER,
            ended=ended,
            outcome=outcome,
        )
        yield _entry(TYPE, earlier.id, case_content(earlier), patient)
    for nth, note in enumerate(plot.notes):
        id_ = derived_uuid("demo-call-note", organisation.slug, patient, nth)
        yield _entry("Flag", id_, _flag(note, by, now), patient)


def _flag(note: _Note, by: Person, now: datetime) -> Json:
    day = now.astimezone(LONDON).date()
    coding = {
        "system": SYSTEM,
        "code": note.category,
        "display": CATEGORIES[note.category],
    }
    return {
        "resourceType": "Flag",
        "status": "active",
        "category": [{"coding": [coding], "text": CATEGORIES[note.category]}],
        "code": {"text": note.words},
        "period": {
            "start": (day - timedelta(days=80)).isoformat(),
            "end": (day + timedelta(days=note.days)).isoformat(),
        },
        "author": {"reference": by.reference, "display": by.display},
    }


def _entry(
    kind: str, id_: str, fields: Json, patient: str, of: str = "subject"
) -> Json:
    """With the patient, and whoever rang, as the bundle names them."""
    fields[of] = {"reference": f"urn:uuid:{patient}"}
    for one in fields.get("participant", ()):
        said = one["individual"].get("reference", "")
        if said.startswith(f"{CALLER}/"):
            one["individual"]["reference"] = f"urn:uuid:{said.partition('/')[2]}"
    return entry_of(kind, id_, fields)
