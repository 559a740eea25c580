# SPDX-License-Identifier: Apache-2.0
"""NEWS2 against the published chart, on both sides of every threshold."""

from decimal import Decimal

import pytest

from wardkeep.base.news2 import Measured, Risk, score_news2

WELL = {
    "respiration_rate": Decimal(16),
    "oxygen_saturation": Decimal(97),
    "is_on_oxygen": False,
    "systolic": Decimal(120),
    "pulse": Decimal(70),
    "is_alert": True,
    "temperature": Decimal("37.0"),
}
TABLE = [
    *[
        ("respiration_rate", value, score)
        for value, score in (
            ("8", 3), ("9", 1), ("11", 1), ("12", 0), ("20", 0), ("21", 2),
            ("24", 2), ("25", 3),
        )
    ],
    *[
        ("oxygen_saturation", value, score)
        for value, score in (
            ("91", 3), ("92", 2), ("93", 2), ("94", 1), ("95", 1), ("96", 0),
            ("100", 0),
        )
    ],
    *[
        ("systolic", value, score)
        for value, score in (
            ("90", 3), ("91", 2), ("100", 2), ("101", 1), ("110", 1), ("111", 0),
            ("219", 0), ("220", 3),
        )
    ],
    *[
        ("pulse", value, score)
        for value, score in (
            ("40", 3), ("41", 1), ("50", 1), ("51", 0), ("90", 0), ("91", 1),
            ("110", 1), ("111", 2), ("130", 2), ("131", 3),
        )
    ],
    *[
        ("temperature", value, score)
        for value, score in (
            ("35.0", 3), ("35.1", 1), ("36.0", 1), ("36.1", 0), ("38.0", 0),
            ("38.1", 1), ("39.0", 1), ("39.1", 2),
        )
    ],
]  # fmt: skip
SCALE_2 = [
    (False, "83", 3), (False, "84", 2), (False, "85", 2), (False, "86", 1),
    (False, "87", 1), (False, "88", 0), (False, "92", 0), (False, "93", 0),
    (False, "100", 0), (True, "83", 3), (True, "87", 1), (True, "88", 0),
    (True, "92", 0), (True, "93", 1), (True, "94", 1), (True, "95", 2),
    (True, "96", 2), (True, "97", 3),
]  # fmt: skip


def measured(**changed: object) -> Measured:
    return Measured(**{**WELL, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(("parameter", "value", "score"), TABLE)
def test_every_threshold_scores_as_published(
    parameter: str, value: str, score: int
) -> None:
    found = score_news2(measured(**{parameter: Decimal(value)}), is_scale_2=False)
    assert found.by_parameter[parameter] == score
    assert found.total == score


@pytest.mark.parametrize(("on_oxygen", "value", "score"), SCALE_2)
def test_scale_two_scores_by_whether_oxygen_is_given(
    *, on_oxygen: bool, value: str, score: int
) -> None:
    found = score_news2(
        measured(oxygen_saturation=Decimal(value), is_on_oxygen=on_oxygen),
        is_scale_2=True,
    )
    assert found.by_parameter["oxygen_saturation"] == score


def test_oxygen_scores_two_and_confusion_three() -> None:
    found = score_news2(measured(is_on_oxygen=True, is_alert=False), is_scale_2=False)
    assert (found.by_parameter["is_on_oxygen"], found.by_parameter["is_alert"]) == (
        2,
        3,
    )
    assert found.total == 5


def test_all_well_is_a_total_of_nought_and_low() -> None:
    found = score_news2(measured(), is_scale_2=False)
    assert (found.total, found.risk) == (0, Risk.LOW)


@pytest.mark.parametrize(
    ("changed", "risk"),
    [
        ({"pulse": Decimal(95)}, Risk.LOW),
        ({"systolic": Decimal(85)}, Risk.LOW_MEDIUM),
        ({"pulse": Decimal(131), "respiration_rate": Decimal(22)}, Risk.MEDIUM),
        ({"pulse": Decimal(131), "systolic": Decimal(85)}, Risk.MEDIUM),
        (
            {"pulse": Decimal(131), "systolic": Decimal(85), "is_on_oxygen": True},
            Risk.HIGH,
        ),
    ],
)
def test_the_response_follows_the_thresholds(
    changed: dict[str, object], risk: Risk
) -> None:
    assert score_news2(measured(**changed), is_scale_2=False).risk is risk


@pytest.mark.parametrize("missing", list(WELL))
def test_a_set_with_a_gap_has_no_total_and_names_it(missing: str) -> None:
    found = score_news2(measured(**{missing: None}), is_scale_2=False)
    assert found.total is None
    assert found.risk is None
    assert found.missing == (missing,)


def test_scale_two_cannot_be_scored_without_knowing_of_oxygen() -> None:
    found = score_news2(measured(is_on_oxygen=None), is_scale_2=True)
    assert found.missing == ("oxygen_saturation", "is_on_oxygen")
