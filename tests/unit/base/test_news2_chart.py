# SPDX-License-Identifier: Apache-2.0
"""NEWS2 against every cell of the published chart, written out value by value.

Source: Royal College of Physicians, NEWS2, 2017: chart 1, chart 4 and the table of
clinical responses. The bands are written here as the chart prints them, and not as the
code holds them.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import product

import pytest

from wardkeep.base.news2 import Measured, Risk, Score, response_to, score_news2

Bands = tuple[tuple[str, str, int], ...]
"""From, to, both within, and the score."""
RESPIRATION: Bands = (
    ("0", "8", 3), ("9", "11", 1), ("12", "20", 0), ("21", "24", 2), ("25", "70", 3)
)  # fmt: skip
SCALE_1: Bands = (("50", "91", 3), ("92", "93", 2), ("94", "95", 1), ("96", "100", 0))
SCALE_2_AIR: Bands = (
    ("50", "83", 3), ("84", "85", 2), ("86", "87", 1), ("88", "100", 0)
)  # fmt: skip
SCALE_2_OXYGEN: Bands = (
    ("50", "83", 3), ("84", "85", 2), ("86", "87", 1), ("88", "92", 0),
    ("93", "94", 1), ("95", "96", 2), ("97", "100", 3),
)  # fmt: skip
SYSTOLIC: Bands = (
    ("40", "90", 3), ("91", "100", 2), ("101", "110", 1), ("111", "219", 0),
    ("220", "300", 3),
)  # fmt: skip
PULSE: Bands = (
    ("20", "40", 3), ("41", "50", 1), ("51", "90", 0), ("91", "110", 1),
    ("111", "130", 2), ("131", "250", 3),
)  # fmt: skip
TEMPERATURE: Bands = (
    ("30.0", "35.0", 3), ("35.1", "36.0", 1), ("36.1", "38.0", 0),
    ("38.1", "39.0", 1), ("39.1", "43.0", 2),
)  # fmt: skip


def each(bands: Bands, step: str = "1") -> Iterator[tuple[Decimal, int]]:
    """Every value of every band, and the chart has no hole between two."""
    last: Decimal | None = None
    for low, high, score in bands:
        value = Decimal(low)
        assert last is None or value == last + Decimal(step)
        while value <= Decimal(high):
            yield value, score
            last, value = value, value + Decimal(step)


def scored(changed: Mapping[str, object], *, scale_2: bool = False) -> Score:
    """Of somebody well, but for what changed."""
    well: dict[str, object] = {
        "respiration_rate": Decimal(16),
        "oxygen_saturation": Decimal(90 if scale_2 else 97),
        "is_on_oxygen": False,
        "systolic": Decimal(120),
        "pulse": Decimal(70),
        "is_alert": True,
        "temperature": Decimal("37.0"),
    }
    return score_news2(Measured(**{**well, **changed}), is_scale_2=scale_2)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "bands", "step"),
    [
        ("respiration_rate", RESPIRATION, "1"),
        ("oxygen_saturation", SCALE_1, "1"),
        ("systolic", SYSTOLIC, "1"),
        ("pulse", PULSE, "1"),
        ("temperature", TEMPERATURE, "0.1"),
    ],
)
def test_every_value_scores_as_the_chart_prints_it(
    name: str, bands: Bands, step: str
) -> None:
    for value, expected in each(bands, step):
        found = scored({name: value})
        assert found.by_parameter[name] == expected, value
        assert found.total == expected


@pytest.mark.parametrize(
    ("on_oxygen", "bands"), [(False, SCALE_2_AIR), (True, SCALE_2_OXYGEN)]
)
def test_every_saturation_scores_by_scale_two(*, on_oxygen: bool, bands: Bands) -> None:
    for value, expected in each(bands):
        found = scored(
            {"oxygen_saturation": value, "is_on_oxygen": on_oxygen}, scale_2=True
        )
        assert found.by_parameter["oxygen_saturation"] == expected, value
        assert found.total == expected + 2 * on_oxygen


@pytest.mark.parametrize("on_oxygen", [False, True])
def test_scale_one_asks_nothing_of_oxygen_but_its_own_two_points(
    *, on_oxygen: bool
) -> None:
    for value, expected in each(SCALE_1):
        found = scored({"oxygen_saturation": value, "is_on_oxygen": on_oxygen})
        assert found.by_parameter["oxygen_saturation"] == expected
        assert found.by_parameter["is_on_oxygen"] == 2 * on_oxygen


def test_whoever_is_not_alert_scores_three() -> None:
    assert scored({"is_alert": False}).by_parameter["is_alert"] == 3
    assert scored({"is_alert": True}).by_parameter["is_alert"] == 0


def test_the_total_is_the_sum_and_the_risk_follows_from_both() -> None:
    """All combinations of a value from each band of four parameters."""
    rates, pressures, pulses = (
        [Decimal(band[0]) for band in one] for one in (RESPIRATION, SYSTOLIC, PULSE)
    )
    for rate, systolic, pulse, alert in product(
        rates, pressures, pulses, (True, False)
    ):
        found = scored(
            {
                "respiration_rate": rate,
                "systolic": systolic,
                "pulse": pulse,
                "is_alert": alert,
            }
        )
        scores = found.by_parameter.values()
        assert found.total == sum(scores)
        assert found.risk is risk_of(sum(scores), max(scores))


def risk_of(total: int, highest: int) -> Risk:
    """Chart 4, row by row."""
    if total in range(5) and highest == 3:
        return Risk.LOW_MEDIUM
    if total in range(5):
        return Risk.LOW
    return Risk.MEDIUM if total in (5, 6) else Risk.HIGH


@pytest.mark.parametrize(
    ("changed", "minutes", "words"),
    [
        ({}, 720, "routine"),
        ({"pulse": Decimal(95)}, 360, "registered nurse"),
        ({"systolic": Decimal(90)}, 60, "treats the patient"),
        ({"systolic": Decimal(90), "pulse": Decimal(115)}, 60, "urgent assessment"),
        (
            {"systolic": Decimal(90), "pulse": Decimal(135), "is_on_oxygen": True},
            0,
            "emergency assessment",
        ),
    ],
)
def test_the_response_is_the_published_one(
    changed: dict[str, object], minutes: int, words: str
) -> None:
    found = response_to(scored(changed))
    assert found is not None
    assert found.repeat_minutes == minutes
    assert words in found.act


def test_a_set_with_a_gap_asks_for_no_response_of_its_own() -> None:
    assert response_to(scored({"pulse": None})) is None
