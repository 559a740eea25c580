# SPDX-License-Identifier: Apache-2.0
"""What the ledger remembers of sealed things: set when, seen by whom since."""

from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.sealed_index import SealedIndex, SetAndSeen

NAMED = (1, "p-1", "Basic", "way")


def entry(
    action: str,
    at: int,
    *,
    account: str = "cara",
    outcome: str = "grant",
    tier: str = "sealed",
    organisation: int = 1,
) -> Entry:
    about = Subject.about(
        patient="p-1", tier=tier, relationship="visit", resources=[("Basic", "way", 1)]
    )
    return Entry.about(
        at=at,
        organisation=organisation,
        account=account,
        session="s",
        role="carer",
        purpose="direct-care",
        reason="",
        action=action,
        outcome=outcome,
        software="0",
        subjects=[about],
    )


def told(*entries: Entry) -> dict[tuple[int, str, str, str], SetAndSeen]:
    index = SealedIndex()
    for one in entries:
        index.add(one)
    return dict(index.of(1))


def test_who_was_given_it_since_it_was_set_is_remembered_with_the_last_time() -> None:
    found = told(
        entry("write", 1), entry("read", 2), entry("read", 5), entry("read", 3)
    )
    assert found == {NAMED: SetAndSeen(1, {"cara": 3})}


def test_setting_it_anew_forgets_who_saw_the_one_before() -> None:
    found = told(entry("write", 1), entry("read", 2), entry("write", 3))
    assert found == {NAMED: SetAndSeen(3)}


def test_refusals_other_tiers_and_what_was_never_set_leave_nothing() -> None:
    assert told(entry("read", 1)) == {}
    assert told(entry("write", 1, outcome="refusal:x")) == {}
    assert told(entry("write", 1, tier="record")) == {}
    assert told(entry("write", 1, organisation=2)) == {}
    assert told(entry("write", 1), entry("search", 2)) == {NAMED: SetAndSeen(1)}


def test_what_was_deleted_is_forgotten() -> None:
    assert told(entry("write", 1), entry("delete", 2)) == {}
    elsewhere = entry("delete", 2, organisation=2)
    assert told(entry("write", 1), elsewhere) == {NAMED: SetAndSeen(1)}
