# SPDX-License-Identifier: Apache-2.0
"""To whom what was disclosed went on: by a session, or by the program after it."""

import base64
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from support.ledgers import KEY, ORIGIN, open_ledger
from wardkeep.ledger.entry import Entry, Subject, decode
from wardkeep.ledger.merkle import is_included, leaf_hash
from wardkeep.ledger.onward import (
    MOST_NAMED,
    SENDING,
    Onward,
    OnwardSum,
    request_of_sending,
    sent_to,
    way_of,
)
from wardkeep.ledger.reaching import PEOPLE, SUMMARY, Job, people_in, reach, read_reach
from wardkeep.ledger.scope import PersonReached, Scope, scope_of
from wardkeep.ledger.together import together
from wardkeep.ledger.wanted import Wanted
from wardkeep.warden.service.own_incidents import _Seen

THIEF, PROGRAM = "thief", "sends-messages"
KILBY = "Kilby Surgery (ODS A82001)"
FERNHILL = "Fernhill Hospital (service 2000000111)"
Ref = tuple[str, str, int]


def did(  # noqa: PLR0913 - an entry has this many parts, each named
    action: str,
    patient: str,
    at: int,
    *,
    request: str = "",
    refs: Sequence[Ref] = (("Observation", "o", 1),),
    account: str = THIEF,
    role: str = "health_advisor",
    outcome: str = "grant",
) -> Entry:
    subject = Subject.about(
        patient=patient, tier="record", relationship="queue", resources=list(refs)
    )
    return Entry.about(
        at=at,
        organisation=1,
        account=account,
        session=f"session of {account}",
        role=role,
        purpose="direct-care",
        reason="",
        action=action,
        request=request,
        subjects=[subject],
        outcome=outcome,
        software="0",
    )


def by_program(patient: str, at: int, message: str, to: str, **more: Any) -> Entry:
    return did(
        "read",
        patient,
        at,
        request=request_of_sending(to),
        refs=[("Communication", message, 1)],
        account=PROGRAM,
        role="service",
        **more,
    )


def written(folder: Path, entries: Iterable[Entry]) -> Path:
    ledger = open_ledger(folder / "ledger")
    for one in entries:
        ledger.append(one)
    ledger.commit()
    ledger.publish()
    ledger.close()
    return folder / "ledger"


def scoped(folder: Path, *, with_proofs: bool = False, **wanted: Any) -> Scope:
    return scope_of(
        folder,
        KEY.verify_key,
        msgspec.convert(wanted, Wanted),
        origin=ORIGIN,
        with_proofs=with_proofs,
    )


def went(person: PersonReached) -> list[tuple[str, str]]:
    return [(one.way, one.to) for one in person.onward]


def test_a_scope_says_to_whom_which_resources_of_which_people_were_sent(
    tmp_path: Path,
) -> None:
    """Two were sent to a surgery; a third was looked at, and went nowhere."""
    patient, pulse = ("Patient", "p", 1), ("Observation", "pulse", 1)
    folder = written(
        tmp_path,
        [
            did("read", "anna", 10, refs=[patient, pulse, ("Condition", "c", 1)]),
            did("send", "anna", 20, request=f"to {KILBY}", refs=[patient, pulse]),
            did("send", "bert", 30, request=f"to {KILBY}", refs=[patient]),
            did("send", "bert", 40, request=f"to {FERNHILL}", refs=[patient]),
            did("read", "cleo", 50),
            did("send", "dora", 60, request=f"to {KILBY}", account="rightful"),
        ],
    )
    found = scoped(folder, account=THIEF)
    anna, bert, cleo = found.people
    assert went(anna) == [("send", KILBY)]
    assert went(bert) == [("send", KILBY), ("send", FERNHILL)]
    assert went(cleo) == []
    assert (anna.onward[0].first, anna.onward[0].entries) == (20, [1])
    assert {one.type: one.onward for one in anna.resources} == {
        "Patient": (f"send: {KILBY}",),
        "Observation": (f"send: {KILBY}",),
        "Condition": (),
    }
    assert found.onward == (
        OnwardSum(way="send", to=KILBY, people=2, records=3),
        OnwardSum(way="send", to=FERNHILL, people=1, records=1),
    )
    # It is disclosed and counted as such: nobody is taken out for it
    assert (found.opened, len(found.people)) == (3, 3)


def test_two_parts_of_a_record_in_one_entry_went_once(tmp_path: Path) -> None:
    """Who it is and what is known of them are sealed apart, and leave at once."""
    banner = Subject.about(
        patient="anna", tier="banner", relationship="", resources=[("Patient", "p", 1)]
    )
    sent = did("send", "anna", 10, request=f"to {KILBY}")
    both = msgspec.structs.replace(sent, subjects=[banner, *sent.subjects])
    (anna,) = scoped(written(tmp_path, [both]), account=THIEF).people
    assert (anna.openings, anna.entries, anna.onward[0].entries) == (1, [0], [0])
    assert [one.onward for one in anna.resources] == [(f"send: {KILBY}",)] * 2


def test_what_was_refused_went_to_nobody(tmp_path: Path) -> None:
    refused = did(
        "send", "anna", 20, request=f"to {KILBY}", outcome="refusal:sendings-spent"
    )
    folder = written(tmp_path, [did("read", "anna", 10), refused])
    found = scoped(folder, account=THIEF)
    assert (found.refusals, found.onward) == (1, ())


def test_a_message_that_a_session_wrote_is_followed_to_whoever_got_it(
    tmp_path: Path,
) -> None:
    """As a request for an ambulance goes: written by the thief, sent by the program."""
    message = [("Communication", "m-1", 1)]
    folder = written(
        tmp_path,
        [
            did("write", "anna", 10, refs=message),
            did("write", "bert", 20, refs=[("Communication", "m-2", 1)], account="x"),
            by_program("anna", 30, "m-1", "", outcome="refusal:frozen"),
            by_program("bert", 40, "m-2", FERNHILL),
            by_program("anna", 50, "m-1", KILBY),
        ],
    )
    found = scoped(folder, account=THIEF, until=20, with_proofs=True)
    (anna,) = found.people
    assert went(anna) == [("send", KILBY)]
    assert anna.onward[0].entries == [4]
    assert anna.resources[0].onward == (f"send: {KILBY}",)
    # The program's entry is none of the thief's, and is proven all the same
    assert (anna.entries, anna.last, found.entries_matching) == ([0], 10, 1)
    assert [one.entry for one in found.proofs] == [0, 4]
    raw = base64.b64decode(found.proofs[1].content)
    path = [bytes.fromhex(one) for one in found.proofs[1].path]
    root = bytes.fromhex(found.root)
    assert sent_to(decode(raw)) == KILBY
    assert is_included(leaf_hash(raw), index=4, size=5, path=path, root=root)


def test_a_message_that_was_changed_or_lies_beside_somebody_elses_is_followed(
    tmp_path: Path,
) -> None:
    """Another version of it was sent, in an entry that names a third person too."""
    sent = by_program("anna", 20, "m-1", KILBY)
    (about,) = by_program("anna", 20, "m-1", KILBY).subjects
    newer = Subject.about(
        patient="anna",
        tier="record",
        relationship="contract",
        resources=[("Communication", "m-1", 2)],
    )
    other = Subject.about(patient="zoe", tier="record", relationship="", resources=[])
    folder = written(
        tmp_path,
        [
            did("write", "anna", 10, refs=[("Communication", "m-1", 1)]),
            msgspec.structs.replace(sent, subjects=[newer, about, other]),
        ],
    )
    found = scoped(folder, account=THIEF)
    (anna,) = found.people
    assert (went(anna), anna.onward[0].entries) == ([("send", KILBY)], [1])
    assert [(one.version, one.onward) for one in anna.resources] == [
        (1, (f"send: {KILBY}",))
    ]
    assert found.onward == (OnwardSum(way="send", to=KILBY, people=1, records=1),)


def test_a_message_that_was_only_read_is_not_followed(tmp_path: Path) -> None:
    """Whoever looks at what a colleague sends did not send it."""
    message = [("Communication", "m-1", 1)]
    folder = written(
        tmp_path,
        [did("read", "anna", 10, refs=message), by_program("anna", 20, "m-1", KILBY)],
    )
    assert scoped(folder, account=THIEF).onward == ()
    assert went(scoped(folder, account=PROGRAM).people[0]) == [("send", KILBY)]


def test_what_a_session_wrote_and_a_program_sent_is_told_to_the_patient() -> None:
    seen = _Seen()
    wrote = did("write", "anna", 10, refs=[("Communication", "m-1", 1)], account=THIEF)
    seen.add(3, wrote, wrote.subjects)
    seen.add_sent(by_program("anna", 20, "m-2", "Another Surgery"))
    assert dict(seen._onward) == {}
    seen.add_sent(by_program("anna", 21, "m-1", KILBY))
    assert list(seen._onward) == [("send", KILBY)]


@pytest.mark.parametrize(
    ("entry", "to"),
    [
        # As entries before had it, by name alone: they read as they did
        (did("send", "p", 1, request="to Kilby Surgery"), "Kilby Surgery"),
        (did("send", "p", 1, request=f"to {KILBY}"), KILBY),
        (did("send", "p", 1, request="“app 1: read”"), "“app 1: read”"),
        (by_program("p", 1, "m", KILBY), KILBY),
        (by_program("p", 1, "m", ""), ""),
        (did("read", "p", 1, request=SENDING, role="service"), ""),
        # The words of a program, said by somebody's session: that sends nothing
        (did("read", "p", 1, request=f"{SENDING} to {KILBY}"), ""),
        (did("read", "p", 1, request=f"to {KILBY}"), ""),
    ],
)
def test_an_entry_says_to_whom_a_message_went(entry: Entry, to: str) -> None:
    assert sent_to(entry) == to


@pytest.mark.parametrize(
    ("action", "request_", "way"),
    [
        ("print", "", ("print", "")),
        ("copy", "", ("copy", "")),
        ("carry", "on a phone until 900", ("carry", "")),
        ("pack", "pack of 2026-11-23", ("pack", "")),
        ("letters", "", ("letters", "")),
        ("extract", "", ("extract", "")),
        ("read", "app chart-app: read Observation", ("app", "chart-app")),
        ("read", "", None),
        ("find", "", None),
        ("write", "", None),
    ],
)
def test_other_ways_out_are_told_by_what_was_done(
    action: str, request_: str, way: tuple[str, str] | None
) -> None:
    assert way_of(did(action, "p", 1, request=request_)) == way


def test_whoever_invents_names_hides_none_of_what_went(tmp_path: Path) -> None:
    """A taken-over web process says another name each time; the list stays short."""
    many = MOST_NAMED + 30
    folder = written(
        tmp_path,
        [
            did("send", "anna", n + 1, request=f"to {n}", refs=[("Flag", f"f{n}", 1)])
            for n in range(many)
        ],
    )
    (anna,) = scoped(folder, account=THIEF).people
    assert len(anna.onward) == MOST_NAMED + 1
    rest = anna.onward[-1]
    assert (rest.to, rest.entries) == ("", list(range(MOST_NAMED, many)))
    assert sum(len(one.onward) for one in anna.resources) == many


def test_two_scopes_of_one_incident_are_joined(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        [
            did("carry", "anna", 10, request="on a phone until 900"),
            did("send", "anna", 20, request=f"to {KILBY}"),
            did("send", "anna", 30, request=f"to {KILBY}", account="other"),
            did("send", "anna", 40, request=f"to {FERNHILL}", account="other"),
            did("carry", "anna", 50, request="on a phone until 70", account="other"),
            did("print", "anna", 60),
        ],
    )
    both = together([scoped(folder, account="other"), scoped(folder, account=THIEF)])
    (anna,) = both.people
    assert anna.on_phone_until == 900
    assert [(one.word, one.first, one.last, one.entries) for one in anna.onward] == [
        (f"send: {KILBY}", 20, 30, [1, 2]),
        (f"send: {FERNHILL}", 40, 40, [3]),
        ("carry", 10, 50, [0, 4]),
        ("print", 60, 60, [5]),
    ]
    (observation,) = anna.resources
    assert set(observation.onward) == {one.word for one in anna.onward}
    assert [(one.way, one.to, one.people, one.records) for one in both.onward] == [
        ("carry", "", 1, 1),
        ("print", "", 1, 1),
        ("send", FERNHILL, 1, 1),
        ("send", KILBY, 1, 1),
    ]


def test_what_a_reach_keeps_names_the_most_and_says_how_many_more(
    tmp_path: Path,
) -> None:
    twice = [
        did("send", patient, 5, request=f"to {KILBY}") for patient in ("anna", "bert")
    ]
    once = [
        did("send", f"p-{n}", 9 + n, request=f"to {n}") for n in range(MOST_NAMED + 4)
    ]
    folder = written(tmp_path, [*once, *twice])
    job = Job(
        ledger=str(folder),
        origin=ORIGIN,
        key=KEY.verify_key.public_bytes.hex(),
        organisation=1,
        selectors=(Wanted(account=THIEF),),
        at=10_000,
        canaries=(),
        folder=str(tmp_path / "reach"),
    )
    made = reach(job)
    assert made == read_reach(tmp_path / "reach")
    assert (len(made.onward), made.onward_more) == (MOST_NAMED, 5)
    assert made.onward[0] == OnwardSum(way="send", to=KILBY, people=2, records=2)
    (anna,) = [
        one
        for one in people_in(
            tmp_path / "reach", 0, most=900, bytes_at_most=1 << 20
        ).people
        if one.patient == "anna"
    ]
    assert went(anna) == [("send", KILBY)]


def test_what_was_kept_before_is_still_read(tmp_path: Path) -> None:
    """A reach and its people from before anything was told of where it went."""
    old = (
        b'{"at":1,"people":1,"opened":1,"records":1,"sealed":0,"first":1,"last":1,'
        b'"types":[["Flag",1]],"is_whole":true,"faults":[],"entries_read":1,"root":"",'
        b'"checkpoint":"","certainly_not":[],"canaries":0,"sessions":[[]]}'
    )
    (tmp_path / SUMMARY).write_bytes(old)
    found = read_reach(tmp_path)
    assert found is not None
    assert (found.people, found.onward, found.onward_more) == (1, (), 0)
    flag = b'{"type":"Flag","id":"f","version":1,"first":1,"last":1}'
    line = (
        b'{"patient":"anna","organisation":1,"first":1,"last":1,"resources":[%b]}\n'
        % flag
    )
    (tmp_path / PEOPLE).write_bytes(line)
    (anna,) = people_in(tmp_path, 0, most=10, bytes_at_most=1_000).people
    assert anna.onward == []
    assert msgspec.json.encode(anna.resources[0]) == flag


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("send", "read", "print")),
            st.integers(0, 5),
            st.sampled_from((KILBY, FERNHILL)),
            st.integers(0, 3),
        ),
        max_size=40,
    )
)
def test_it_counts_exactly_what_a_plain_count_counts(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[str, int, str, int]]
) -> None:
    entries = [
        did(action, f"p-{who}", at, request=f"to {to}", refs=[("Flag", f"f{n}", 1)])
        for at, (action, who, to, n) in enumerate(made, 1)
    ]
    found = scoped(
        written(tmp_path_factory.mktemp("onward"), entries), account=THIEF
    ).onward
    plain: dict[tuple[str, str], set[tuple[int, int]]] = {}
    for action, who, to, n in made:
        if action != "read":
            key = (action, to if action == "send" else "")
            plain.setdefault(key, set()).add((who, n))
    assert {(one.way, one.to): (one.people, one.records) for one in found} == {
        key: (len({who for who, _ in pairs}), len(pairs))
        for key, pairs in plain.items()
    }


def test_a_word_tells_ways_and_names_apart() -> None:
    one = Onward(way="send", to="x", first=1, last=1)
    assert one.word == "send: x"
    assert msgspec.structs.replace(one, way="print", to="").word == "print"
