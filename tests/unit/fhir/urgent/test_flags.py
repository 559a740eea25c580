# SPDX-License-Identifier: Apache-2.0
"""What is to be known before the first question, in order, while it holds."""

from datetime import UTC, datetime
from typing import Any

import pytest

from wardkeep.fhir.urgent.flags import (
    CATEGORIES,
    NOTE,
    STOPS,
    SYSTEM,
    Warned,
    is_special_note,
    stops_a_call,
    warned,
)

NOW = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
"""Half past midnight on the first of July in London."""
Json = dict[str, Any]


def flag(code: str, until: str = "", **more: object) -> Json:
    coding = {"system": SYSTEM, "code": code}
    period = {"start": "2026-01-01"} | ({"end": until} if until else {})
    return {
        "resourceType": "Flag",
        "id": code.lower(),
        "status": "active",
        "category": [{"coding": [coding]}],
        "code": {"text": code},
        "period": period,
        **more,
    }


def of(*flags: Json) -> tuple[Warned, ...]:
    return warned(((1, one) for one in flags), now=NOW)


def test_danger_stands_first_and_what_is_over_last() -> None:
    found = of(flag("API"), flag("RA", "2026-01-02"), flag("SS"), flag("CW"))
    assert [one.category for one in found] == ["CW", "SS", "API", "RA"]
    assert [one.stops for one in found] == [True, True, False, False]


@pytest.mark.parametrize("code", CATEGORIES)
def test_only_danger_stops_a_call(code: str) -> None:
    [one] = of(flag(code))
    assert one.stops is (code in STOPS)
    [over] = of(flag(code, "2026-06-29"))
    assert not over.stops


@pytest.mark.parametrize(
    ("until", "is_over"),
    [
        ("", False),
        ("2026-07-01", False),
        ("2026-06-30", True),
        ("2026-06-30T23:00:00Z", True),
        ("2026-07-01T01:00:00", False),
        ("2026-07-01T00:00:00", True),
        ("whenever", False),
    ],
)
def test_a_day_ends_at_midnight_in_london(until: str, *, is_over: bool) -> None:
    [one] = of(flag("API", until))
    assert one.is_over is is_over


def test_what_was_a_mistake_is_not_shown_and_other_alerts_are() -> None:
    wrong = flag("CW", status="entered-in-error")
    ended = flag("SS", status="inactive")
    other = flag("SS", category=[{"coding": [{"system": "urn:x", "code": "SS"}]}])
    found = of(wrong, ended, other, {"resourceType": "Flag", "status": "active"})
    assert [(one.kind, one.stops) for one in found] == [
        ("Alert", False),
        ("Alert", False),
        ("Scene safety", False),
    ]


def test_another_wording_is_another_mark() -> None:
    marks = {one.mark for nth in (1, 2) for one in warned([(nth, flag("CW"))], now=NOW)}
    assert marks == {"cw:1", "cw:2"}


def test_what_stops_a_call_and_what_is_a_special_note_is_told_apart() -> None:
    def said(code: str, *urls: str) -> Json:
        coding = {"coding": [{"system": SYSTEM, "code": code}]}
        return {"category": [coding], "extension": [{"url": one} for one in urls]}

    assert [code for code in CATEGORIES if stops_a_call(said(code))] == ["CW", "SS"]
    assert not stops_a_call({"category": [{"coding": [{"code": "SS"}]}]})
    assert not stops_a_call({})
    assert is_special_note(said("RA", f"{NOTE}:owner"))
    assert not is_special_note(said("SS", "urn:wardkeep:note"))
    assert not is_special_note({"extension": "none"})
