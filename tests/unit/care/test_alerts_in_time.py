# SPDX-License-Identifier: Apache-2.0
"""Alerts on the banner: from their first day to the end of the last one, in London."""

from datetime import UTC, datetime

import msgspec
import pytest

from wardkeep.care.chart import build_chart
from wardkeep.care.of_patient import banner_on

NOW = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
"""Half past midnight on the first of July in London."""


def alerts(**period: str) -> tuple[str, ...]:
    flag = {
        "resourceType": "Flag",
        "id": "f",
        "status": "active",
        "code": {"text": "Falls"},
        "period": {"start": "2026-01-01"} | period,
    }
    patient = {"resourceType": "Patient", "id": "p"}
    chart = build_chart(
        (str(one["resourceType"]), str(one["id"]), msgspec.json.encode(one))
        for one in (patient, flag)
    )
    return banner_on(chart, NOW).alerts


@pytest.mark.parametrize(
    "end",
    ["2026-07-01", "2026-07", "2027", "2026-06-30T23:30:01Z", "2026-07-01T00:31:00"],
)
def test_an_alert_holds_to_the_end_of_its_last_day(end: str) -> None:
    assert alerts(end=end) == ("Falls",)


def test_an_alert_without_an_end_holds() -> None:
    assert alerts() == ("Falls",)


@pytest.mark.parametrize(
    "end", ["2026-06-30", "2026-06-30T23:30:00Z", "2026-07-01T00:30:00+01:00"]
)
def test_an_alert_that_has_ended_is_on_no_banner(end: str) -> None:
    assert alerts(end=end) == ()
