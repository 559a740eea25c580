# SPDX-License-Identifier: Apache-2.0
"""Incidents as files and entries: what each says, and whether they agree."""

import hashlib
import json
from pathlib import Path

import msgspec
import pytest

from wardkeep.base.ids import new_uuid
from wardkeep.ledger.entry import Entry
from wardkeep.ledger.incidents import (
    DECLARED,
    REVISED,
    WITHDRAWN,
    Finding,
    Incident,
    Step,
    Told,
    request_of,
    step_in,
)
from wardkeep.ledger.index import EntryIndex, GrowingIndex
from wardkeep.ledger.reaching import (
    PEOPLE,
    Reach,
    bounded,
    everybody_in,
    people_in,
    read_reach,
)
from wardkeep.ledger.scope import PersonReached
from wardkeep.ledger.wanted import Selection, Wanted

NOON = 1_795_953_600_000_000


def finding(**changed: object) -> Finding:
    said: dict[str, object] = {
        "at": NOON,
        "why": "As declared.",
        "selectors": (Wanted(account="x"),),
        "is_whole": True,
        "people": ((1, 3), (2, 1)),
        **changed,
    }
    return Finding(**said)  # type: ignore[arg-type]


def incident(**changed: object) -> Incident:
    said: dict[str, object] = {
        "id": new_uuid(),
        "found_at": NOON,
        "declared_at": NOON,
        "what": "A stolen session.",
        "findings": (finding(),),
        **changed,
    }
    return Incident(**said)  # type: ignore[arg-type]


def steps_of(one: Incident, *, first: int = 0) -> list[Step]:
    version = len(one.findings)
    return [
        Step(one.id, one.step, version, one.digest, number, first + n)
        for n, number in enumerate(one.touched)
    ]


def entry(action: str, request: str, organisation: int = 1) -> Entry:
    return Entry.about(
        at=NOON,
        organisation=organisation,
        account="",
        session="",
        role="operator",
        purpose="",
        reason="3 people",
        action=action,
        request=request,
        outcome="grant",
        software="0",
        subjects=(),
    )


def test_the_digest_of_what_an_older_version_kept_is_what_it_was() -> None:
    one = incident()
    old = {
        "id": one.id,
        "found_at": NOON,
        "declared_at": NOON,
        "what": one.what,
        "findings": [
            {
                "at": NOON,
                "why": "As declared.",
                "selectors": [msgspec.to_builtins(Wanted(account="x"))],
                "is_whole": True,
                "people": [[1, 3], [2, 1]],
            }
        ],
        "names": [],
        "written": "",
        "withdrawn_at": 0,
        "withdrawn_why": "",
    }
    text = json.dumps(old, separators=(",", ":")).encode()
    assert one.digest == hashlib.sha256(text).hexdigest()


@pytest.mark.parametrize(
    "changed",
    [
        {"organisation": 1},
        {"declared_by": "somebody"},
        {"told": Told(doing="a", ask="b")},
        {"what": "Another thing."},
        {"withdrawn_at": 1},
    ],
)
def test_whatever_is_said_is_in_the_digest(changed: dict[str, object]) -> None:
    one = incident()
    assert msgspec.structs.replace(one, **changed).digest != one.digest
    same = msgspec.structs.replace(one, names=((1, "Fernhill"),), written="x")
    assert same.digest == one.digest


def test_a_file_agrees_with_the_newest_entries_of_each_organisation() -> None:
    one = incident()
    written = steps_of(one)
    assert one.is_in(written)
    assert not one.is_in(written[:1]), "one organisation has none"
    assert not one.is_in([])
    edited = msgspec.structs.replace(one, what="Nothing happened at all.")
    assert not edited.is_in(written)
    revised = msgspec.structs.replace(one, findings=(finding(), finding(why="More.")))
    later = [*written, *steps_of(revised, first=5)]
    assert revised.is_in(later)
    assert not one.is_in(later), "it was put back to what it was"
    ended = msgspec.structs.replace(
        revised, withdrawn_at=NOON, withdrawn_why="A drill."
    )
    assert not ended.is_in(later)
    assert ended.is_in([*later, *steps_of(ended, first=9)])
    assert [one.step, revised.step, ended.step] == [DECLARED, REVISED, WITHDRAWN]


def test_where_nobody_was_reached_the_entry_is_of_no_organisation() -> None:
    one = incident(findings=(finding(people=()),))
    assert one.touched == (0,)
    assert one.is_in(steps_of(one))


def test_an_entry_is_a_step_only_by_its_action_and_its_words() -> None:
    one = incident()
    found = step_in(7, entry(DECLARED, request_of(one)))
    assert found == Step(one.id, DECLARED, 1, one.digest, 1, 7)
    for action, request in (
        ("read", request_of(one)),
        (DECLARED, ""),
        (DECLARED, request_of(one) + " "),
        (DECLARED, f"incident {one.id} 0x1 {one.digest}"),
    ):
        assert step_in(7, entry(action, request)) is None


def test_the_register_is_found_by_the_index_whatever_else_there_is() -> None:
    growing, one = GrowingIndex(), incident()
    growing.add(0, entry("read", ""))
    growing.add(1, entry(DECLARED, request_of(one)))
    growing.add(2, entry("count-incident", "count x"))
    growing.add(3, entry(WITHDRAWN, request_of(one), organisation=2))
    index = EntryIndex()
    index.add_segment(10, growing)
    assert list(index.incidents()) == [11, 13]


def test_a_selector_is_bound_to_its_organisation_and_to_when_it_was_counted() -> None:
    for until, expected in ((0, NOON), (NOON - 5, NOON - 5), (NOON + 5, NOON)):
        found = bounded(Wanted(account="x", until=until), organisation=3, at=NOON)
        assert (found.organisation, found.until) == (3, expected)


def test_a_selection_that_knows_its_sessions_follows_nothing_more() -> None:
    session = new_uuid()
    made = Selection.that_followed(Wanted(address="203.0.113.7"), [session])
    mine = msgspec.structs.replace(entry("read", ""))
    assert not made.fits(mine)
    theirs = Entry.about(
        at=NOON,
        organisation=1,
        account="",
        session=session,
        role="",
        purpose="audit",
        reason="",
        action="read",
        request="",
        outcome="grant",
        software="0",
        subjects=(),
    )
    assert made.fits(theirs)


def test_people_are_read_in_portions_that_go_on_where_the_last_one_ended(
    tmp_path: Path,
) -> None:
    everybody = [
        PersonReached(patient=f"p{n}", organisation=1, first=NOON, last=NOON)
        for n in range(25)
    ]
    lines = b"".join(msgspec.json.encode(one) + b"\n" for one in everybody)
    (tmp_path / PEOPLE).write_bytes(lines)
    found, place = [], 0
    while place >= 0:
        portion = people_in(tmp_path, place, most=10, bytes_at_most=10**6)
        found += [one.patient for one in portion.people]
        place = portion.next
    assert found == [one.patient for one in everybody]
    small = people_in(tmp_path, 0, most=10, bytes_at_most=1)
    assert len(small.people) == 1, "one at least, however long it is"
    assert [one.patient for one in everybody_in(tmp_path)] == found
    with pytest.raises(msgspec.DecodeError):
        people_in(tmp_path, 3, most=10, bytes_at_most=10**6)
    assert people_in(tmp_path, len(lines) + 9, most=1, bytes_at_most=9).people == []


def test_a_reach_that_is_missing_or_damaged_is_none(tmp_path: Path) -> None:
    assert read_reach(tmp_path) is None
    (tmp_path / "reach.json").write_text("{")
    assert read_reach(tmp_path) is None
    assert Reach.__struct_fields__[0] == "at"
