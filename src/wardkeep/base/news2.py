# SPDX-License-Identifier: Apache-2.0
"""NEWS2: the National Early Warning Score, as published.

Source: Royal College of Physicians, National Early Warning Score (NEWS) 2, London 2017,
chart 1 (scoring) and chart 4 (thresholds and triggers). It is not for children under 16
or in pregnancy (so does NICE MIB205 say it): for them there is no score at all.
Clinical-safety documents of this project are unsigned (docs/safety/).
"""

import enum
from collections.abc import Mapping
from decimal import Decimal

import msgspec

YOUNGEST_YEARS = 16
_SINGLE_RED = 3
_MEDIUM_FROM, _HIGH_FROM = 5, 7


class Unfit(enum.Enum):
    """Whom it is not for, as screens say it; the values are recorded all the same."""

    CHILD = "NEWS2 is not for people under 16"
    PREGNANT = "NEWS2 is not for use in pregnancy"


class Risk(enum.Enum):
    """Chart 4: what a score asks for, in the publication's own four steps."""

    LOW = "Low"
    LOW_MEDIUM = "Low–medium: 3 in one parameter"
    MEDIUM = "Medium: urgent response"
    HIGH = "High: emergency response"


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What chart 4 and its table of responses ask for, in our own words."""

    repeat: str
    repeat_minutes: int
    """The longest until the next set; 0: observed without a break."""
    act: str


RESPONSES = {
    "0": Response(
        repeat="At least every 12 hours",
        repeat_minutes=12 * 60,
        act="Go on with routine observations.",
    ),
    Risk.LOW: Response(
        repeat="At least every 4 to 6 hours",
        repeat_minutes=6 * 60,
        act="Tell the registered nurse, who assesses the patient and decides whether"
        " to observe more often or to call for more help.",
    ),
    Risk.LOW_MEDIUM: Response(
        repeat="At least every hour",
        repeat_minutes=60,
        act="The registered nurse tells the team that treats the patient, who review"
        " and decide whether more help is needed.",
    ),
    Risk.MEDIUM: Response(
        repeat="At least every hour",
        repeat_minutes=60,
        act="The registered nurse tells the treating team at once, and asks for an"
        " urgent assessment by somebody competent in acute illness. Care is given"
        " where the patient can be monitored.",
    ),
    Risk.HIGH: Response(
        repeat="Without a break",
        repeat_minutes=0,
        act="The registered nurse tells the treating team at once, specialist"
        " registrar or above. An emergency assessment by a team with critical-care"
        " skills, airways included; think of moving the patient to high dependency"
        " or intensive care.",
    ),
}


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One set of observations; what was not measured is None."""

    respiration_rate: Decimal | None = None
    oxygen_saturation: Decimal | None = None
    is_on_oxygen: bool | None = None
    systolic: Decimal | None = None
    pulse: Decimal | None = None
    is_alert: bool | None = None
    """A of ACVPU; new confusion, voice, pain and unresponsive are not alert."""
    temperature: Decimal | None = None


def response_to(score: "Score") -> Response | None:
    """What the score asks for; None where it has no total."""
    if score.risk is None:
        return None
    return RESPONSES["0" if score.total == 0 else score.risk]


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The score of each parameter; a total only where all seven were measured."""

    by_parameter: Mapping[str, int]
    missing: tuple[str, ...]
    total: int | None
    risk: Risk | None
    unfit: Unfit | None = None
    """Why nothing is scored."""


def unscored(unfit: Unfit) -> Score:
    """No score for somebody whom it is not for: half of one would be read as one."""
    return Score(by_parameter={}, missing=(), total=None, risk=None, unfit=unfit)


_Steps = tuple[tuple[Decimal | None, int], ...]


def _steps(*steps: tuple[str | None, int]) -> _Steps:
    """(up to and including, score), the last without a limit."""
    return tuple((None if top is None else Decimal(top), score) for top, score in steps)


_RESPIRATION = _steps(("8", 3), ("11", 1), ("20", 0), ("24", 2), (None, 3))
_SATURATION_1 = _steps(("91", 3), ("93", 2), ("95", 1), (None, 0))
_SATURATION_2_ON_AIR = _steps(("83", 3), ("85", 2), ("87", 1), (None, 0))
_SATURATION_2_ON_OXYGEN = _steps(
    ("83", 3), ("85", 2), ("87", 1), ("92", 0), ("94", 1), ("96", 2), (None, 3)
)
_SYSTOLIC = _steps(("90", 3), ("100", 2), ("110", 1), ("219", 0), (None, 3))
_PULSE = _steps(("40", 3), ("50", 1), ("90", 0), ("110", 1), ("130", 2), (None, 3))
_TEMPERATURE = _steps(("35.0", 3), ("36.0", 1), ("38.0", 0), ("39.0", 1), (None, 2))


def _score(value: Decimal, steps: _Steps) -> int:
    return next(score for top, score in steps if top is None or value <= top)


def score_news2(measured: Measured, *, is_scale_2: bool) -> Score:
    """Score one set. Scale 2 is for prescribed hypercapnic respiratory failure only."""
    scored = {
        "respiration_rate": _maybe(measured.respiration_rate, _RESPIRATION),
        "oxygen_saturation": _saturation(measured, is_scale_2=is_scale_2),
        "is_on_oxygen": _flag(measured.is_on_oxygen, 2),
        "systolic": _maybe(measured.systolic, _SYSTOLIC),
        "pulse": _maybe(measured.pulse, _PULSE),
        "is_alert": _flag(
            None if measured.is_alert is None else not measured.is_alert, _SINGLE_RED
        ),
        "temperature": _maybe(measured.temperature, _TEMPERATURE),
    }
    known = {name: score for name, score in scored.items() if score is not None}
    missing = tuple(name for name, score in scored.items() if score is None)
    total = None if missing else sum(known.values())
    return Score(
        by_parameter=known,
        missing=missing,
        total=total,
        risk=None if total is None else _risk(total, max(known.values())),
    )


def _maybe(value: Decimal | None, steps: _Steps) -> int | None:
    return None if value is None else _score(value, steps)


def _flag(claim: bool | None, score: int) -> int | None:  # noqa: FBT001 - a measurement
    return None if claim is None else score * claim


def _saturation(measured: Measured, *, is_scale_2: bool) -> int | None:
    value = measured.oxygen_saturation
    if value is None:
        return None
    if not is_scale_2:
        return _score(value, _SATURATION_1)
    if measured.is_on_oxygen is None:
        # Scale 2 scores 93% and more by whether the patient breathes oxygen.
        return None
    on_oxygen = measured.is_on_oxygen
    return _score(value, _SATURATION_2_ON_OXYGEN if on_oxygen else _SATURATION_2_ON_AIR)


def _risk(total: int, highest: int) -> Risk:
    if total >= _HIGH_FROM:
        return Risk.HIGH
    if total >= _MEDIUM_FROM:
        return Risk.MEDIUM
    return Risk.LOW_MEDIUM if highest == _SINGLE_RED else Risk.LOW
