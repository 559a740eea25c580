# SPDX-License-Identifier: Apache-2.0
"""Beds of the demo's wards, and on one ward levels, checks and leave of today.

Beside the records and not in them, as referrals are: a record of nobody lies in no bed.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from wardkeep.assembly.demo.chart.codes import Json
from wardkeep.assembly.demo.chart.sheet import entry_of
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.stable_ids import stable_id
from wardkeep.assembly.demo.staff import staff_of
from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.wards import bed, checks, leave, level
from wardkeep.fhir.wards.saying import concept
from wardkeep.fhir.wards.stay import BED, PHYSICAL, expect, go_on_leave

BEDS_A_WARD = 14
_CLOSED, _CLEANING = 13, 14
"""Bed numbers that nobody is put into."""
_WARDS = ("kestrel", "heron", "wren", "otter")
_LEVELLED = "kestrel"


class _Plot(msgspec.Struct, frozen=True, kw_only=True):
    """How one of the ward's people stands today."""

    code: str
    every: int
    reason: str
    last: int
    """Minutes since the last check."""
    leave: str = ""
    leaves_in_days: int = 3


_PLOTS = (
    _Plot(
        code="eyesight",
        every=30,
        reason="Said this morning that she would not be here tomorrow.",
        last=12,
    ),
    _Plot(
        code="intermittent",
        every=15,
        reason="Unsettled at night; has left the ward without telling anybody before.",
        last=21,
    ),
    _Plot(
        code="intermittent",
        every=15,
        reason="First week on a new medicine, drowsy in the afternoon.",
        last=6,
    ),
    _Plot(code="general", every=60, reason="As on admission.", last=20, leave="out"),
    _Plot(
        code="general", every=60, reason="As on admission.", last=50, leave="planned"
    ),
    _Plot(code="general", every=60, reason="As on admission.", last=35),
)
_SEEN = ("calm", "asleep", "busy", "unsettled", "calm")
_PLACES = ("day-room", "bedroom", "corridor", "day-room", "garden")


class Beds:
    """Hands out the beds of each ward, and on one ward what is told of its people."""

    def __init__(self, organisation: DemoOrganisation, now: datetime) -> None:
        self._organisation = organisation
        self._now = now.replace(microsecond=0)
        self._free = {
            key: iter(range(1, min(_CLOSED, _CLEANING))) for key in _wards(organisation)
        }
        self._plots: Iterator[_Plot] = iter(_PLOTS)

    def entries(self) -> list[Json]:
        """The beds themselves."""
        found = []
        for key in _wards(self._organisation):
            ward = self._organisation.place_id(key)
            for number in range(1, BEDS_A_WARD + 1):
                id_ = bed_id(self._organisation, key, number)
                content = bed.new_bed(id_, ward=ward, name=f"Bed {number}")
                if number in (_CLOSED, _CLEANING):
                    state = bed.CLOSED if number == _CLOSED else bed.CLEANING
                    bed.become(content, state)
                found.append(_entry(content))
        return found

    def put(self, bundle: Json) -> list[Json]:
        """Put whoever is on a ward now into a bed; what is told of them beside it."""
        for key in _wards(self._organisation):
            stay = _stay_on(bundle, f"Location/{self._organisation.place_id(key)}")
            number = None if stay is None else next(self._free[key], None)
            if stay is None or number is None:
                continue
            self._lay(stay, key, number)
            plot = next(self._plots, None) if key == _LEVELLED else None
            if plot is None:
                return []
            patient = str(bundle["entry"][0]["resource"]["id"])
            day = (self._now + timedelta(days=plot.leaves_in_days)).date()
            expect(stay, day)
            return list(self._told(stay, plot, patient))
        return []

    def _lay(self, stay: Json, key: str, number: int) -> None:
        place = {
            "location": {
                "reference": f"Location/{bed_id(self._organisation, key, number)}",
                "display": f"Bed {number}",
            },
            "status": "active",
            "physicalType": concept(PHYSICAL, BED, "Bed"),
        }
        stay["location"] = [*stay["location"], place]

    def _told(self, stay: Json, plot: _Plot, patient: str) -> Iterator[Json]:
        now, nurse = self._now, staff_of(self._organisation)["nurse-kestrel"]
        by = Person(f"Practitioner/{nurse.practitioner_id}", nurse.name)
        set_ = level.Level(
            id=derived_uuid("demo-level", self._organisation.slug, patient),
            patient=patient,
            code=plot.code,
            every=plot.every,
            began=now - timedelta(hours=9),
            by=by,
            reason=plot.reason,
            review=now + timedelta(hours=15),
        )
        yield _entry(level.level_content(set_), patient)
        if plot.code != level.GENERAL:
            yield _entry(level.flag_content(set_), patient)
        for sheet in self._sheets(set_, plot, by):
            yield _entry(checks.sheet_content(sheet), patient)
        if plot.leave:
            yield _entry(leave.leave_content(self._leave(stay, plot, set_)), patient)

    def _sheets(
        self, set_: level.Level, plot: _Plot, by: Person
    ) -> Iterator[checks.Sheet]:
        """Checks of the last hours, on the sheets of their days."""
        times = []
        at = self._now - timedelta(minutes=plot.last)
        while at > set_.began:
            times.append(at)
            at -= timedelta(minutes=plot.every - 1)
        made: dict[str, list[checks.Check]] = {}
        for nth, at in enumerate(reversed(times)):
            day = checks.day_of(at)
            check = checks.Check(
                id=f"demo-{nth}",
                at=at,
                recorded=at,
                due=at + timedelta(minutes=1),
                by=by,
                seen=_SEEN[nth % len(_SEEN)],
                where=_PLACES[nth % len(_PLACES)],
            )
            made.setdefault(checks.sheet_id(set_.id, day), []).append(check)
        for id_, done in made.items():
            yield checks.Sheet(
                id=id_, level=set_.id, patient=set_.patient, checks=tuple(done)
            )

    def _leave(self, stay: Json, plot: _Plot, set_: level.Level) -> leave.Leave:
        now = self._now
        made = leave.Leave(
            id=derived_uuid("demo-ward-leave", self._organisation.slug, set_.patient),
            patient=set_.patient,
            begins=now + timedelta(hours=2),
            until=now + timedelta(hours=4),
            escort=leave.ACCOMPANIED,
            conditions="To the café in the park with her sister. Telephone with her.",
            by=set_.by,
            planned=now - timedelta(hours=6),
        )
        if plot.leave != "out":
            return made
        went = now - timedelta(hours=2)
        go_on_leave(stay, went)
        return msgspec.structs.replace(
            made,
            begins=went,
            until=now - timedelta(minutes=25),
            went=went,
            state=leave.State.OUT,
            escort=leave.UNESCORTED,
            conditions="To the shop and back, alone. Half past at the latest.",
        )


def bed_id(organisation: DemoOrganisation, ward: str, number: int) -> str:
    return stable_id(organisation.slug, "Location", ward, "bed", number)


def _wards(organisation: DemoOrganisation) -> tuple[str, ...]:
    return _WARDS if organisation.kind == "hospital" else ()


def _stay_on(bundle: Json, ward: str) -> Json | None:
    for one in bundle["entry"]:
        stay: Json = one["resource"]
        if stay["resourceType"] == "Encounter" and stay["status"] == "in-progress":
            places = stay.get("location", ())
            if any(it["location"]["reference"] == ward for it in places):
                return stay
    return None


def _entry(content: Json, patient: str = "") -> Json:
    fields = dict(content)
    kind, id_ = fields.pop("resourceType"), fields.pop("id")
    if patient:
        fields["subject"] = {"reference": f"urn:uuid:{patient}"}
    return entry_of(kind, id_, fields)
