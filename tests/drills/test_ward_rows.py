# SPDX-License-Identifier: Apache-2.0
"""What lies beside ward resources, on a real database: loads, restricted stays."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from support.clinics import Town, clinic_town
from support.warden import Installation
from wardkeep.base.clock import FrozenClock
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.wards.bed import new_bed
from wardkeep.fhir.wards.checks import Check, Sheet, sheet_content
from wardkeep.fhir.wards.leave import Leave, State, leave_content
from wardkeep.fhir.wards.level import Level, level_content
from wardkeep.fhir.wards.rows import StayRow, WardRows
from wardkeep.fhir.wards.stay import admission, go_on_leave

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
NIA = Person("", "Nia Night")
Json = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(installation: Installation) -> AsyncIterator[Town]:
    async with clinic_town(installation, clock=FrozenClock(NOW)) as made:
        yield made


def person(id_: str) -> Json:
    return {
        "resourceType": "Patient",
        "id": id_,
        "name": [{"family": "Ward", "given": [id_]}],
        "birthDate": "1980-02-03",
    }


def stay(id_: str, ward: str, bed: str) -> Json:
    return admission(
        f"{id_}-stay",
        patient=id_,
        ward=Person(f"Location/{ward}", ward),
        bed=Person(f"Location/{bed}", bed),
        at=NOW - timedelta(days=1),
        reason="",
        expected=None,
    )


async def on(town: Town, ward: str) -> dict[str, StayRow]:
    found = await WardRows(town.database).stays(town.organisation, ward, now=NOW)
    return {one.patient: one for one in found}


async def test_a_load_with_two_in_one_bed_is_taken_and_the_first_has_it(
    town: Town,
) -> None:
    await town.load([new_bed("load-bed", ward="load", name="Bed 1")])
    await town.load([person("l1"), stay("l1", "load", "load-bed")])
    await town.load([person("l2"), stay("l2", "load", "load-bed")])
    found = await on(town, "load")
    assert {one: found[one].bed for one in found} == {"l1": "load-bed", "l2": ""}


async def test_a_stay_that_names_a_bed_alone_is_on_the_beds_ward(town: Town) -> None:
    await town.load([new_bed("alone-bed", ward="alone", name="Bed 1")])
    content = stay("a1", "alone", "alone-bed")
    del content["location"][0]
    await town.load([person("a1"), content])
    assert (await on(town, "alone"))["a1"].bed_name == "Bed 1"


async def test_a_restricted_stay_takes_its_bed_and_is_marked(town: Town) -> None:
    await town.load([new_bed("seal-bed", ward="seal", name="Bed 1")])
    label = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
        "code": "R",
    }
    content = stay("s1", "seal", "seal-bed") | {"meta": {"security": [label]}}
    await town.load([person("s1"), content])
    assert (await on(town, "seal"))["s1"].is_sealed
    free = await WardRows(town.database).free(town.organisation)
    assert "seal-bed" not in [one.bed for one in free]


async def test_a_board_has_level_check_leave_and_when_the_next_is_due(
    town: Town,
) -> None:
    await town.load([new_bed("due-bed", ward="due", name="Bed 1")])
    level = Level(
        id="d1-level",
        patient="d1",
        code="intermittent",
        every=15,
        began=NOW - timedelta(hours=1),
        by=NIA,
        reason="Unsettled",
    )
    seen = NOW - timedelta(minutes=40)
    check = Check(id="c", at=seen, recorded=seen, due=seen, by=NIA, seen="not-found")
    sheet = Sheet(id="d1-sheet", level="d1-level", patient="d1", checks=(check,))
    await town.load(
        [
            person("d1"),
            stay("d1", "due", "due-bed"),
            level_content(level),
            sheet_content(sheet),
        ]
    )
    one = (await on(town, "due"))["d1"]
    assert (one.code, one.every, one.is_alarm) == ("intermittent", 15, True)
    assert one.due_at == NOW - timedelta(minutes=25)
    assert one.level == "d1-level"


async def test_who_is_on_leave_has_no_check_due(town: Town) -> None:
    await town.load([new_bed("out-bed", ward="out", name="Bed 1")])
    level = Level(
        id="o1-level",
        patient="o1",
        code="intermittent",
        every=15,
        began=NOW - timedelta(hours=1),
        by=NIA,
        reason="Unsettled",
    )
    leave = Leave(
        id="o1-leave",
        patient="o1",
        begins=NOW - timedelta(minutes=30),
        until=NOW - timedelta(minutes=5),
        escort="unescorted",
        conditions="",
        by=NIA,
        planned=NOW - timedelta(hours=2),
        state=State.OUT,
        went=NOW - timedelta(minutes=30),
    )
    content = stay("o1", "out", "out-bed")
    await town.load([person("o1"), content, level_content(level), leave_content(leave)])
    one = (await on(town, "out"))["o1"]
    assert (one.out, one.due_at) == ("o1-leave", None)
    rows = WardRows(town.database)
    assert await rows.leaves_of(town.organisation, "o1") == ["o1-leave"]


async def test_who_is_out_by_other_software_is_out(town: Town) -> None:
    await town.load([new_bed("away-bed", ward="away", name="Bed 1")])
    content = stay("w1", "away", "away-bed")
    go_on_leave(content, NOW)
    await town.load([person("w1"), content])
    one = (await on(town, "away"))["w1"]
    assert one.is_out
    assert one.until_at is None


async def test_a_load_with_two_levels_of_one_person_has_one_open(town: Town) -> None:
    levels = [
        level_content(
            Level(
                id=f"t1-level-{nth}",
                patient="t1",
                code="general",
                every=60,
                began=NOW,
                by=NIA,
                reason="",
            )
        )
        for nth in range(2)
    ]
    await town.load([new_bed("two-bed", ward="two", name="Bed 1")])
    await town.load([person("t1"), stay("t1", "two", "two-bed"), *levels])
    assert (await on(town, "two"))["t1"].level == "t1-level-0"
