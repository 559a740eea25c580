# SPDX-License-Identifier: Apache-2.0
"""A moment is read in one way: with its offset, in UTC, or not at all."""

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import wardkeep.fhir
from wardkeep.fhir.model.moments import moment_in, moment_told

FIRST = datetime(1900, 1, 2)  # noqa: DTZ001 - hypothesis takes them without
LAST = datetime(9998, 12, 30)  # noqa: DTZ001 - as above


@given(st.datetimes(FIRST, LAST), st.integers(-14 * 60, 14 * 60))
def test_what_says_its_offset_is_the_same_moment_in_utc(
    at: datetime, minutes: int
) -> None:
    sign, ahead = "-" if minutes < 0 else "+", abs(minutes)
    said = f"{at.isoformat()}{sign}{ahead // 60:02}:{ahead % 60:02}"
    found = moment_in(said)
    assert found is not None
    assert found.tzinfo is UTC
    assert found.replace(tzinfo=None) == at - timedelta(minutes=minutes)
    assert moment_told(said) == found


@pytest.mark.parametrize(
    "said",
    [
        *("2026-11-29", "2026-11-29T04:00:00", "yesterday", ""),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
        *(None, 1764388800, ["2026-11-29T04:00:00Z"]),
    ],
)
def test_what_is_no_moment_is_none_and_breaks_nobody(said: object) -> None:
    assert moment_in(said) is None
    with pytest.raises(ValueError, match="no moment"):
        moment_told(said)


def test_nobody_else_reads_one_in_a_way_of_their_own() -> None:
    """Of five ways, four broke where a moment lies beside the calendar."""
    root = Path(str(wardkeep.fhir.__file__)).parent
    found = [
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.parse(path.read_bytes()).body
        if isinstance(node, ast.FunctionDef) and node.name == "moment_in"
    ]
    assert found == ["model/moments.py"]
