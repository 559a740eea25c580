# SPDX-License-Identifier: Apache-2.0
"""Fields: a key opens a version whole, in the part that it lies in; a deletion none."""

from pathlib import Path

import msgspec

from support.ledgers import ACCOUNT, KEY, ORIGIN, entry_about, open_ledger
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.fields import Fields, fields_of
from wardkeep.ledger.scope import Scope, scope_of
from wardkeep.ledger.together import together
from wardkeep.ledger.wanted import Wanted

FLAG, NOTE = ("Flag", "f-1", 1), ("Composition", "n-1", 3)


def did(action: str, tier: str, *refs: tuple[str, str, int], at: int) -> Entry:
    subject = Subject.about(
        patient="anna", tier=tier, relationship="", resources=list(refs)
    )
    return msgspec.structs.replace(
        entry_about("anna", number=at), action=action, subjects=[subject]
    )


def scoped(folder: Path, *entries: Entry) -> Scope:
    ledger = open_ledger(folder)
    for one in entries:
        ledger.append(one)
    ledger.commit()
    ledger.publish()
    ledger.close()
    return scope_of(folder, KEY.verify_key, Wanted(account=ACCOUNT), origin=ORIGIN)


def test_each_part_and_type_has_its_own_line(tmp_path: Path) -> None:
    found = scoped(
        tmp_path / "a",
        did("find", "banner", ("Patient", "anna", 1), at=1),
        did("read", "record", NOTE, ("Composition", "n-1", 4), at=2),
        did("read", "sealed", FLAG, at=3),
        did("print", "record", NOTE, at=4),
    )
    assert fields_of(found.people) == [
        Fields(tier="banner", type="Patient", elements="all", resources=1),
        Fields(tier="record", type="Composition", elements="all", resources=2),
        Fields(tier="sealed", type="Flag", elements="all", resources=1),
    ]


def test_what_was_deleted_alone_was_not_read_and_what_was_opened_too_was(
    tmp_path: Path,
) -> None:
    gone = scoped(tmp_path / "a", did("delete", "record", FLAG, at=1))
    [line] = fields_of(gone.people)
    assert line.elements == "none"
    opened = scoped(
        tmp_path / "b",
        did("delete", "record", FLAG, at=1),
        did("read", "record", FLAG, at=2),
        did("delete", "record", FLAG, at=3),
    )
    [line] = fields_of(opened.people)
    assert (line.elements, line.resources) == ("all", 1)
    for pair in ((gone, opened), (opened, gone)):
        copies = [msgspec.convert(msgspec.to_builtins(one), Scope) for one in pair]
        [joined] = fields_of(together(copies).people)
        assert joined.elements == "all"


def test_what_a_file_keeps_of_a_version_that_was_read_is_no_longer_than_before() -> (
    None
):
    """A count of a whole organisation has millions of them."""
    old = b'{"type":"Flag","id":"f","version":1,"first":1,"last":1}'
    people = b'{"patient":"anna","organisation":1,"first":1,"last":1,"resources":[%b]}'
    found = msgspec.json.decode(b'{"people":[%b]}' % (people % old), type=Scope)
    [one] = fields_of(found.people)
    assert (one.tier, one.elements) == ("", "all")
    assert msgspec.json.encode(found.people[0].resources[0]) == old
