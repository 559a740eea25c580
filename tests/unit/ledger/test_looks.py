# SPDX-License-Identifier: Apache-2.0
"""Looks at openings: no opening, of one's own list told, of a number apart."""

from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from support.ledgers import ACCOUNT, KEY, ORIGIN, entry_about, open_ledger
from wardkeep.ledger.entry import Entry, Subject, pack_id
from wardkeep.ledger.looks import is_by_number
from wardkeep.ledger.reaching import Job, Reach, reach
from wardkeep.ledger.scope import Scope, scope_of
from wardkeep.ledger.together import together
from wardkeep.ledger.wanted import Wanted

_PAGES = ("account 0b0b0b0b", "refusals", "incident 0b9d", "app chart: refusals")


def look(*patients: str, request: str = "", events: int = 0, number: int = 0) -> Entry:
    """As the warden writes it: whom the lines were about, at no tier."""
    subjects = [
        Subject.about(
            patient=one,
            tier="",
            relationship="",
            resources=[("AuditEvent", f"ledger-{n}.0", 1) for n in range(events)],
        )
        for one in patients
    ]
    return msgspec.structs.replace(
        entry_about("", number=number),
        purpose="audit",
        action="history",
        request=request,
        subjects=subjects,
    )


def written(folder: Path, entries: Iterable[Entry]) -> Path:
    ledger = open_ledger(folder / "ledger")
    for one in entries:
        ledger.append(one)
    ledger.commit()
    ledger.publish()
    ledger.close()
    return folder / "ledger"


def scoped(folder: Path, wanted: Wanted) -> Scope:
    return scope_of(folder, KEY.verify_key, wanted, origin=ORIGIN)


def counts(scope: Scope) -> tuple[int, int, int, int]:
    return scope.opened, scope.listed_only, scope.looked_at_only, len(scope.looked_at)


@pytest.mark.parametrize("request_", _PAGES)
def test_a_page_that_shows_numbers_reaches_nobody(
    tmp_path: Path, request_: str
) -> None:
    many = [f"p-{n}" for n in range(76)]
    folder = written(tmp_path, [look(*many, request=request_), look(*many[:2])])
    found = scoped(folder, Wanted(account=ACCOUNT))
    assert counts(found) == (0, 0, 2, 76)
    assert [one.patient for one in found.people] == ["p-0", "p-1"]
    assert found.looked_at[75].looked_at == [0]
    assert found.people[0].looked_at == [1]
    assert (found.resources, found.entries_matching) == (0, 2)


def test_who_was_opened_as_well_is_opened(tmp_path: Path) -> None:
    folder = written(
        tmp_path, [look("p-1"), entry_about("p-1", number=1), look("p-1", number=2)]
    )
    [one] = scoped(folder, Wanted(account=ACCOUNT)).people
    assert (one.openings, one.looked_at, one.entries) == (1, [0, 2], [0, 1, 2])
    assert not one.is_looked_at_only


def test_audit_events_are_told_of_whatever_is_said_of_the_request(
    tmp_path: Path,
) -> None:
    """The web process chooses those words: they take nobody out of a count."""
    folder = written(tmp_path, [look("p-1", request="account x", events=2)])
    found = scoped(folder, Wanted(account=ACCOUNT))
    assert counts(found) == (0, 0, 1, 0)
    assert found.resources == 2


def test_an_opening_is_no_look_whatever_it_says() -> None:
    opened = msgspec.structs.replace(entry_about("p"), request="account x")
    assert not is_by_number(opened)


def test_two_scopes_have_each_look_once(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        [
            look("p-1"),
            entry_about("p-1", number=1),
            look("p-1", "p-2", request="refusals", number=2),
            look("p-1", number=3),
        ],
    )
    first = scoped(folder, Wanted(account=ACCOUNT, until=1_764_000_000_000_002))
    both = together([first, scoped(folder, Wanted(organisation=1))])
    [one] = both.people
    assert (one.openings, one.listed, one.looked_at) == (1, 0, [0, 3])
    assert [(who.patient, who.looked_at) for who in both.looked_at] == [
        ("p-1", [2]),
        ("p-2", [2]),
    ]


def test_who_is_known_to_another_organisation_alone_is_unknown_here(
    tmp_path: Path,
) -> None:
    """An officer's count must not tell who works elsewhere."""
    elsewhere = msgspec.structs.replace(entry_about("p-1"), organisation=2)
    here = msgspec.structs.replace(
        entry_about("p-2", number=1), packed_account=pack_id("somebody-else")
    )
    folder = written(tmp_path, [elsewhere, here])
    assert scoped(folder, Wanted(account=ACCOUNT)).unknown == []
    assert scoped(folder, Wanted(account=ACCOUNT, organisation=2)).unknown == []
    assert scoped(folder, Wanted(account=ACCOUNT, organisation=1)).unknown == [
        "account"
    ]
    nowhere = scoped(folder, Wanted(account="nobody", organisation=3))
    assert nowhere.unknown == ["account", "organisation"]


def test_a_passkey_of_elsewhere_whose_session_went_on_here_is_known(
    tmp_path: Path,
) -> None:
    began = msgspec.structs.replace(
        entry_about("", number=1),
        organisation=2,
        packed_session=pack_id("s-1"),
        action="sign-in",
        purpose="",
        request="passkey ab",
        subjects=[],
    )
    went_on = msgspec.structs.replace(
        began,
        organisation=1,
        packed_session=pack_id("s-2"),
        request="goes on from session s-1",
    )
    folder = written(tmp_path, [began, went_on])
    found = scoped(folder, Wanted(device="ab", organisation=1))
    assert (found.unknown, found.sessions) == ([], ["s-1", "s-2"])


def test_a_count_says_both_and_keeps_no_canary(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        [look("p-1"), look("p-2", "p-canary", request="refusals"), entry_about("p-3")],
    )
    made = reach(
        Job(
            ledger=str(folder),
            origin=ORIGIN,
            key=KEY.verify_key.public_bytes.hex(),
            organisation=1,
            selectors=(Wanted(account=ACCOUNT),),
            at=1_764_000_000_000_009,
            canaries=("p-canary",),
            folder=str(tmp_path / "reach"),
        )
    )
    assert (made.people, made.opened, made.looked, made.looked_only) == (2, 1, 1, 1)
    assert (made.looked_at, made.canaries, made.unknown) == (1, 0, ())
    assert msgspec.convert(msgspec.to_builtins(made), Reach) == made


def test_what_a_key_was_given_for_is_an_opening_whatever_it_calls_itself(
    tmp_path: Path,
) -> None:
    """The web process chose the action and the words, and a key left with them."""
    for request in ("refusals", "Patient/anna"):
        given = look("anna", request=request)
        [about] = given.subjects
        at_tier = msgspec.structs.replace(about, tier="record")
        given = msgspec.structs.replace(given, subjects=[at_tier])
        assert not is_by_number(given)
        found = scoped(
            written(tmp_path / request.partition("/")[0], [given]),
            Wanted(account=ACCOUNT),
        )
        assert counts(found) == (1, 0, 0, 0)
