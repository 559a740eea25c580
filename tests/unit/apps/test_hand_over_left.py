# SPDX-License-Identifier: Apache-2.0
"""Whom the door refused keeps nobody else of a hand-over waiting."""

from datetime import UTC, datetime

from wardkeep.apps.referrals.handing_over import left_of
from wardkeep.fhir.referrals.hand_overs import (
    CHANGED,
    MOVED,
    PLANNED,
    REFUSED,
    HandOverPlan,
    Item,
)


def test_whom_the_door_refused_comes_after_whoever_was_not_asked_for_yet() -> None:
    outcomes = (REFUSED, MOVED, PLANNED, CHANGED, PLANNED)
    items = tuple(
        Item(
            episode=f"e{n}",
            patient=f"p{n}",
            was_team="mind",
            was_worker="nell",
            to_team="mind",
            to_worker="vera",
            outcome=outcome,
        )
        for n, outcome in enumerate(outcomes)
    )
    plan = HandOverPlan(
        id="x",
        from_team="mind",
        made_by="a",
        made_at=datetime(2026, 11, 29, tzinfo=UTC),
        undoes="",
        undone_by="",
        items=items,
    )
    assert [one.episode for one in left_of(plan)] == ["e2", "e4", "e0"]
