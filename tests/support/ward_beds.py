# SPDX-License-Identifier: Apache-2.0
"""Beds, and people in them, as programs write them."""

from datetime import datetime, timedelta
from typing import Any

from support.program import Program
from support.wards import patient
from wardkeep.base.clock import SystemClock
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.wards.bed import new_bed
from wardkeep.fhir.wards.level import GENERAL, Level, flag_content, level_content
from wardkeep.fhir.wards.stay import admission

Json = dict[str, Any]


def now() -> datetime:
    return SystemClock().now().replace(microsecond=0)


def put_beds(program: Program, ward: str, *names: str) -> None:
    """Beds whose ids are the ward's and their names'."""
    for name in names:
        program.put(new_bed(bed_id(ward, name), ward=ward, name=name))


def bed_id(ward: str, name: str) -> str:
    return f"{ward}-{name.lower().replace(' ', '-')}"


def stay_in(id_: str, ward: str, bed: str, *, days: int = 2) -> Json:
    return admission(
        f"{id_}-stay",
        patient=id_,
        ward=Person(f"Location/{ward}", ward.title()),
        bed=Person(f"Location/{bed_id(ward, bed)}", bed),
        at=now() - timedelta(days=days),
        reason="",
        expected=None,
    )


def put_in_bed(
    program: Program, id_: str, family: str, bed: str, ward: str = "heron"
) -> str:
    """A new patient who lies there; their id."""
    program.put(patient(id_, family))
    program.put(stay_in(id_, ward, bed))
    return id_


def put_level(
    program: Program, id_: str, code: str, every: int, *, minutes_ago: int
) -> None:
    """A level that somebody set so long ago, with no check since."""
    level = Level(
        id=f"{id_}-level",
        patient=id_,
        code=code,
        every=every,
        began=now() - timedelta(minutes=minutes_ago),
        by=Person("Practitioner/nia", "Nia Night"),
        reason="Unsettled at night",
        review=now() + timedelta(hours=8),
    )
    program.put(level_content(level))
    if code != GENERAL:
        program.put(flag_content(level))
