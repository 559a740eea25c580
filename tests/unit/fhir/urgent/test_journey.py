# SPDX-License-Identifier: Apache-2.0
"""A journey as FHIR: what its cases name, and that nobody expects anybody by it."""

from datetime import UTC, datetime, timedelta

import msgspec

from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.urgent.case import Case, case_content
from wardkeep.fhir.urgent.journey import (
    journey_content,
    journey_id,
    journey_of,
    journey_over,
    of_journey,
)
from wardkeep.fhir.work.expects import Moment
from wardkeep.fhir.work.kinds.episode_of_care import ties
from wardkeep.fhir.work.urgent import is_journey

NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
CASE = Case(id="c1", patient="p1", began=NOW, taker=Person("Practitioner/tess", "Tess"))


def test_a_case_names_its_journey_and_keeps_it_when_it_is_written_anew() -> None:
    named = of_journey(case_content(CASE), journey_id("c1"))
    assert journey_of(named) == journey_id("c1") != journey_id("c2")
    ended = msgspec.structs.replace(CASE, status="finished", ended=NOW)
    assert journey_of(case_content(ended, named)) == journey_id("c1")
    assert journey_of(case_content(CASE)) == ""


def test_a_journey_is_no_caseload_and_ends_once() -> None:
    made = journey_content(CASE)
    assert isinstance(parse(msgspec.json.encode(made)), Resource)
    assert is_journey(made)
    assert not is_journey({"resourceType": "EpisodeOfCare", "status": "active"})
    over = journey_over(made, NOW + timedelta(hours=1))
    assert over["status"] == "finished"
    assert over["period"] == {
        "start": "2026-11-29T04:00:00.000+00:00",
        "end": "2026-11-29T05:00:00.000+00:00",
    }
    moment = Moment(int(NOW.timestamp()) * 1_000_000, f"EpisodeOfCare/{made['id']}")
    assert list(ties(made, moment)) == []
