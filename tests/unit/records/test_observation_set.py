# SPDX-License-Identifier: Apache-2.0
"""A typed set becomes FHIR resources that are read back as what was typed."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from wardkeep.apps.records.observation_set import (
    MEASURES,
    ObservationSet,
    resources_of,
    unusual,
)
from wardkeep.care.chart import build_chart
from wardkeep.care.due import due_request
from wardkeep.care.observations import news2_latest, score
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.search.compartment import patients_of
from wardkeep.fhir.validation import check
from wardkeep.web.forms import Form

AT = datetime(2026, 11, 23, 9, 41, 30, tzinfo=UTC)
AUTHOR = {"reference": "Practitioner/ash", "display": "Rowan Ash"}
WHOLE = ObservationSet(
    id="8a2a4e2e-6a34-4c2b-8f6e-1d2c3b4a5f60",
    at=AT,
    is_scale_2=True,
    is_on_oxygen=True,
    oxygen_flow=Decimal(2),
    level="C",
    respiration_rate=Decimal(22),
    oxygen_saturation=Decimal(93),
    systolic=Decimal(105),
    diastolic=Decimal(60),
    pulse=Decimal(95),
    temperature=Decimal("38.4"),
)


def made(taken: ObservationSet) -> list[Resource]:
    scored = score(taken.vital, is_scale_2=taken.is_scale_2)
    found = []
    for one in resources_of(taken, scored, patient="otto", author=AUTHOR):
        encoder = msgspec.json.Encoder(decimal_format="number")
        resource = parse(encoder.encode(one))
        assert isinstance(resource, Resource), resource
        found.append(resource)
    return found


def test_what_is_made_is_valid_and_the_patients_own() -> None:
    for resource in made(WHOLE):
        assert not check(resource), resource.type
        assert patients_of(resource) == ("otto",)
    due = due_request(
        "otto", kind="observations", at=AT, author=AUTHOR, now=AT, words=""
    )
    asked = parse(msgspec.json.encode(due))
    assert isinstance(asked, Resource)
    assert not check(asked)
    assert patients_of(asked) == ("otto",)


def test_a_set_is_read_back_with_its_scale_and_scores_the_same() -> None:
    chart = build_chart((one.type, str(one.id), one.compact) for one in made(WHOLE))
    [vital] = chart.vital_sets
    assert vital == msgspec.structs.replace(WHOLE.vital, when=vital.when)
    # The record knows of no scale 2; the set does.
    latest = news2_latest(chart)
    assert latest is not None
    assert (latest.total, latest.is_scale_2) == (11, True)


def test_the_same_set_has_the_same_ids_and_another_has_others() -> None:
    ids = [one.id for one in made(WHOLE)]
    assert ids == [one.id for one in made(WHOLE)]
    other = msgspec.structs.replace(WHOLE, id="9b2a4e2e-6a34-4c2b-8f6e-1d2c3b4a5f60")
    assert set(ids).isdisjoint(one.id for one in made(other))


def test_a_gap_leaves_no_observation_and_no_total() -> None:
    taken = msgspec.structs.replace(WHOLE, pulse=None, is_on_oxygen=None)
    resources = made(taken)
    chart = build_chart((one.type, str(one.id), one.compact) for one in resources)
    latest = news2_latest(chart)
    assert latest is not None
    assert latest.total is None
    assert "Pulse" in latest.missing
    assert "dataAbsentReason" in resources[-1].content
    assert not any(check(one) for one in resources)


@pytest.mark.parametrize(
    ("on_oxygen", "flow"), [(False, None), (True, None), (True, Decimal("0.5"))]
)
def test_air_and_oxygen_are_told_apart_whatever_the_flow(
    *, on_oxygen: bool, flow: Decimal | None
) -> None:
    taken = msgspec.structs.replace(WHOLE, is_on_oxygen=on_oxygen, oxygen_flow=flow)
    chart = build_chart((one.type, str(one.id), one.compact) for one in made(taken))
    assert chart.vital_sets[0].is_on_oxygen is on_oxygen


@pytest.mark.parametrize("measure", MEASURES, ids=lambda one: str(one.name))
def test_a_value_within_its_bounds_is_taken_and_beyond_them_is_not(
    measure: object,
) -> None:
    [one] = [one for one in MEASURES if one is measure]
    for typed, is_taken in (
        (str(one.least), True),
        (str(one.most), True),
        (str(one.most + 1), False),
        (str(one.least - 1), False),
        ("", False),
        ("NaN", False),
        ("Infinity", False),
        ("1e1", False),
        ("5.55", False),
        ("a few", False),
    ):
        form = Form({one.name: typed})
        value = one.read(form)
        assert (value is not None) is is_taken, typed
        assert bool(form.problems) is (not is_taken and typed != ""), typed


def test_unusual_values_and_pressures_the_wrong_way_round_are_asked_about() -> None:
    assert unusual(WHOLE) == ()
    odd = msgspec.structs.replace(WHOLE, pulse=Decimal(210), diastolic=Decimal(105))
    assert unusual(odd) == (
        "Pulse 210 /min",
        "Systolic 105 is not above diastolic 105",
    )
