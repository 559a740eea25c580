# SPDX-License-Identifier: Apache-2.0
"""Scope: exact to the person and resource, and no silence about a changed ledger."""

import base64
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from support.ledgers import KEY, ORIGIN, open_ledger
from wardkeep.ledger import segment
from wardkeep.ledger.beginnings import (
    beginning_in,
    on_phone_until,
    phone_until_in,
    told_of,
)
from wardkeep.ledger.entry import Entry, Subject, decode, encode, pack_id
from wardkeep.ledger.merkle import is_included, leaf_hash
from wardkeep.ledger.reaching import PEOPLE, Job, Reach
from wardkeep.ledger.scope import Scope, scope_of
from wardkeep.ledger.wanted import Wanted, packed_session_of

THIEF = "0b0b0b0b-0000-4000-8000-00000000000a"
OTHER = "0b0b0b0b-0000-4000-8000-00000000000b"
SESSION = "5e5510f0-0000-4000-8000-000000000001"


def opening(
    account: str, patient: str, at: int, *, action: str = "read", version: int = 1
) -> Entry:
    return Entry.about(
        at=at,
        organisation=1,
        account=account,
        session=SESSION,
        role="doctor",
        purpose="direct-care",
        reason="rang about results",
        action=action,
        subjects=[
            Subject.about(
                patient=patient,
                tier="banner" if action == "find" else "record",
                relationship="",
                resources=[("Observation", f"o-{patient}", version)],
            )
        ],
        outcome="grant",
        software="0",
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


def test_whom_and_what_and_when_and_nobody_else(tmp_path: Path) -> None:
    refused = msgspec.structs.replace(
        opening(THIEF, "p-never", 40), outcome="refusal:reason-needed"
    )
    folder = written(
        tmp_path,
        [
            opening(OTHER, "p-other", 5),
            opening(THIEF, "p-1", 10),
            opening(THIEF, "p-2", 20, action="find"),
            opening(THIEF, "p-1", 30, version=2),
            opening(THIEF, "p-1", 35),
            refused,
        ],
    )
    found = scoped(folder, account=THIEF)
    assert found.is_whole
    assert [(one.patient, one.first, one.last) for one in found.people] == [
        ("p-1", 10, 35),
        ("p-2", 20, 20),
    ]
    first, second = found.people
    assert (first.openings, first.listed, first.tiers) == (3, 0, ["record"])
    assert (second.openings, second.listed, second.tiers) == (0, 1, ["banner"])
    told = [(one.type, one.id, one.version) for one in first.resources]
    assert told == [("Observation", "o-p-1", 1), ("Observation", "o-p-1", 2)]
    assert (first.resources[0].first, first.resources[0].last) == (10, 35)
    assert (found.refusals, found.opened, found.listed_only) == (1, 1, 1)
    assert found.entries_read == found.entries_covered == 6


def test_a_look_at_who_opened_a_record_opens_no_record(tmp_path: Path) -> None:
    look = msgspec.structs.replace(
        opening(THIEF, "p-1", 10, action="history"),
        purpose="audit",
        subjects=[Subject.about(patient="p-1", tier="", relationship="", resources=())],
    )
    found = scoped(written(tmp_path, [look]), account=THIEF)
    assert found.opened == 0
    assert (found.listed_only, found.looked_at_only) == (0, 1)


def test_what_lay_on_a_phone_says_until_when_at_the_longest(tmp_path: Path) -> None:
    def carried(at: int, request: str, action: str = "carry") -> Entry:
        made = opening(THIEF, "p-1", at, action=action)
        return msgspec.structs.replace(made, request=request)

    folder = written(
        tmp_path,
        [
            carried(10, on_phone_until(900)),
            carried(20, on_phone_until(500)),
            # Words of the web process, of other actions: they say nothing of a phone
            carried(30, on_phone_until(7_000), action="read"),
            carried(40, "on a phone until tomorrow"),
            opening(THIEF, "p-2", 50),
        ],
    )
    first, second = scoped(folder, account=THIEF).people
    assert (first.on_phone_until, second.on_phone_until) == (900, 0)


@given(st.integers(0, 2**62), st.text(max_size=30))
def test_until_when_something_lies_on_a_phone_comes_back(at: int, other: str) -> None:
    assert phone_until_in(on_phone_until(at)) == at
    assert phone_until_in(f"x{other}") == 0


@pytest.mark.parametrize(
    ("wanted", "patients"),
    [
        ({"since": 20}, {"p-2", "p-3"}),
        ({"until": 20}, {"p-1"}),
        ({"since": 20, "until": 30}, {"p-2"}),
        ({"session": SESSION}, {"p-1", "p-2", "p-3"}),
        ({"session": "nobody's"}, set()),
        ({"organisation": 2}, set()),
    ],
)
def test_a_window_a_session_and_an_organisation_narrow_it(
    tmp_path: Path, wanted: dict[str, Any], patients: set[str]
) -> None:
    entries = [opening(THIEF, f"p-{n}", n * 10) for n in (1, 2, 3)]
    folder = written(tmp_path, entries)
    found = scoped(folder, account=THIEF, **wanted)
    assert {one.patient for one in found.people} == patients


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from((THIEF, OTHER)), st.integers(0, 8), st.integers(1, 99)
        ),
        min_size=1,
        max_size=60,
    )
)
def test_it_names_exactly_whom_a_plain_count_names(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[str, int, int]]
) -> None:
    entries = [opening(who, f"p-{n}", at) for who, n, at in made]
    folder = written(tmp_path_factory.mktemp("scope"), entries)
    found = scoped(folder, account=THIEF, since=20, until=80)
    plain = {f"p-{n}" for who, n, at in made if who == THIEF and 20 <= at < 80}
    assert {one.patient for one in found.people} == plain
    assert found.is_whole


def test_a_proof_holds_against_the_signed_root_and_for_no_other_entry(
    tmp_path: Path,
) -> None:
    entries = [opening(THIEF if n % 97 == 0 else OTHER, "p", n) for n in range(600)]
    folder = written(tmp_path, entries)
    found = scoped(folder, with_proofs=True, account=THIEF)
    assert [one.entry for one in found.proofs] == list(range(0, 600, 97))
    root = bytes.fromhex(found.root)
    for one in found.proofs:
        raw = base64.b64decode(one.content)
        path = [bytes.fromhex(hash_) for hash_ in one.path]
        assert decode(raw).account == THIEF
        assert is_included(
            leaf_hash(raw), index=one.entry, size=600, path=path, root=root
        )
        changed = leaf_hash(raw + b"x")
        assert not is_included(changed, index=one.entry, size=600, path=path, root=root)


def test_what_came_after_the_checkpoint_is_named_and_not_proven(
    tmp_path: Path,
) -> None:
    folder = written(tmp_path, [opening(THIEF, "p-1", 10)])
    ledger = open_ledger(folder)
    ledger.append(opening(THIEF, "p-2", 20))
    ledger.commit()
    found = scoped(folder, with_proofs=True, account=THIEF)
    assert {one.patient for one in found.people} == {"p-1", "p-2"}
    assert (found.entries_read, found.entries_covered) == (2, 1)
    assert [one.entry for one in found.proofs] == [0]
    ledger.close()


def test_an_entry_that_was_changed_or_cut_off_is_no_silence(tmp_path: Path) -> None:
    folder = written(tmp_path, [opening(THIEF, f"p-{n}", n) for n in range(9)])
    [(_, path)] = segment.segments_in(folder)
    whole = path.read_bytes()
    for changed in (whole[:-40] + b"X" + whole[-39:], whole[:-40], whole[:400]):
        path.write_bytes(changed)
        found = scoped(folder, with_proofs=True, account=THIEF)
        assert not found.is_whole
        assert found.faults
        assert found.proofs == []
    path.write_bytes(whole)
    assert scoped(folder, account=THIEF).is_whole
    (folder / "checkpoint").unlink()
    assert not scoped(folder, account=THIEF).is_whole


PASSKEY, OTHER_PASSKEY = b"\x5f" * 20, b"\x6f" * 20
PROGRAM = "0b0b0b0b-0000-4000-8000-0000000000cc"


def began(session: str, at: int, request: str) -> Entry:
    entry = opening(THIEF, "p", at)
    return msgspec.structs.replace(
        entry,
        packed_session=pack_id(session),
        purpose="",
        action="sign-in",
        request=request,
        subjects=[],
    )


def within(session: str, patient: str, at: int) -> Entry:
    entry = opening(THIEF, patient, at)
    return msgspec.structs.replace(entry, packed_session=pack_id(session))


def signed_in(passkey: bytes, address: str) -> str:
    return told_of(passkey=passkey, device=f"Chrome on Windows, at {address}")


def patients(scope: Scope) -> list[str]:
    assert scope.is_whole
    return [one.patient for one in scope.people]


@pytest.fixture
def stolen_tablet(tmp_path: Path) -> Path:
    """One passkey at two addresses, another passkey, and a session that went on."""
    return written(
        tmp_path,
        [
            began("s-1", 10, signed_in(PASSKEY, "203.0.113.7")),
            began("s-2", 11, signed_in(PASSKEY, "198.51.100.9")),
            began("s-3", 12, signed_in(OTHER_PASSKEY, "203.0.113.7")),
            within("s-1", "p-1", 20),
            within("s-2", "p-2", 21),
            within("s-3", "p-3", 22),
            began("s-4", 30, "goes on from session s-1"),
            within("s-4", "p-4", 40),
            within("s-9", "p-9", 41),
        ],
    )


def test_a_passkey_is_followed_through_all_its_sessions(stolen_tablet: Path) -> None:
    found = scoped(stolen_tablet, device=PASSKEY.hex())
    assert patients(found) == ["p-1", "p-2", "p-4"]
    assert found.sessions == ["s-1", "s-2", "s-4"]
    assert patients(scoped(stolen_tablet, device=PASSKEY.hex().upper())) == [
        "p-1",
        "p-2",
        "p-4",
    ]
    assert patients(scoped(stolen_tablet, device="ab")) == []


def test_an_address_is_followed_whoever_came_from_it(stolen_tablet: Path) -> None:
    found = scoped(stolen_tablet, address="203.0.113.7")
    assert patients(found) == ["p-1", "p-3", "p-4"]
    both = scoped(stolen_tablet, address="203.0.113.7", device=OTHER_PASSKEY.hex())
    assert patients(both) == ["p-3"]
    assert patients(scoped(stolen_tablet, address="203.0.113.8")) == []


def test_a_passkey_and_something_else_lose_no_session_that_went_on(
    tmp_path: Path,
) -> None:
    """Of an account elsewhere, of one session, of an app: each by its own entries."""
    elsewhere = {"packed_account": pack_id(OTHER), "packed_session": pack_id("s-2")}
    by_app = opening(THIEF, "p-3", 40)
    folder = written(
        tmp_path,
        [
            began("s-1", 10, signed_in(PASSKEY, "203.0.113.7")),
            msgspec.structs.replace(
                began("s-2", 20, "goes on from session s-1"), **elsewhere
            ),
            msgspec.structs.replace(within("s-2", "p-2", 30), **elsewhere),
            msgspec.structs.replace(
                by_app, packed_session=pack_id("s-1"), request="app chart-app: read"
            ),
        ],
    )
    tablet = PASSKEY.hex()
    assert patients(scoped(folder, device=tablet, account=OTHER)) == ["p-2"]
    assert patients(scoped(folder, device=tablet, session="s-2")) == ["p-2"]
    assert patients(scoped(folder, device=tablet, client="chart-app")) == ["p-3"]


def test_sign_ins_before_the_window_count(stolen_tablet: Path) -> None:
    found = scoped(stolen_tablet, device=PASSKEY.hex(), since=21, until=40)
    assert patients(found) == ["p-2"]


def test_a_refused_sign_in_begins_nothing(tmp_path: Path) -> None:
    refused = msgspec.structs.replace(
        began("s-1", 10, signed_in(PASSKEY, "203.0.113.7")), outcome="refusal:frozen"
    )
    folder = written(tmp_path, [refused, within("s-1", "p-1", 20)])
    assert patients(scoped(folder, device=PASSKEY.hex())) == []


def test_an_address_has_one_spelling(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        [
            began("s-1", 10, signed_in(PASSKEY, "2001:db8::1")),
            within("s-1", "p-1", 20),
        ],
    )
    spelt = "2001:0DB8:0000:0000:0000:0000:0000:0001"
    assert patients(scoped(folder, address=spelt)) == ["p-1"]


def test_a_program_and_an_app_are_clients(tmp_path: Path) -> None:
    by_app = msgspec.structs.replace(
        opening(OTHER, "p-2", 20), request="app chart-app: read Observation"
    )
    folder = written(
        tmp_path,
        [
            opening(PROGRAM, "p-1", 10),
            by_app,
            msgspec.structs.replace(by_app, at=30, request="app chart-app-2: read"),
            opening(OTHER, "p-4", 40),
        ],
    )
    assert patients(scoped(folder, client=PROGRAM)) == ["p-1"]
    assert patients(scoped(folder, client="chart-app")) == ["p-2"]


def test_what_was_certainly_not_disclosed_is_said_of_a_whole_ledger_alone(
    stolen_tablet: Path,
) -> None:
    found = scoped(stolen_tablet, device=PASSKEY.hex())
    assert found.certainly_not[2:] == [
        "No banner part of anybody's record.",
        "No sealed part of anybody's record.",
    ]
    path = segment.segment_path(stolen_tablet, 0)
    path.write_bytes(path.read_bytes().replace(b"direct-care", b"direct-carf", 1))
    assert scoped(stolen_tablet, device=PASSKEY.hex()).certainly_not == []


@given(
    passkey=st.binary(max_size=64),
    address=st.one_of(st.just(""), st.ip_addresses().map(str)),
)
def test_how_a_session_began_comes_back(passkey: bytes, address: str) -> None:
    device = f"Chrome on Windows, at {address}" if address else "Chrome on Windows"
    found = beginning_in(told_of(passkey=passkey, device=device))
    assert (found.passkey, found.address) == (passkey.hex(), address)
    nothing = beginning_in(told_of(passkey=passkey, device=""))
    assert (nothing.passkey, nothing.address) == (passkey.hex(), "")


@given(
    organisation=st.integers(min_value=0, max_value=2**40),
    account=st.one_of(st.uuids().map(str), st.text(max_size=80)),
    session=st.one_of(st.uuids().map(str), st.text(max_size=80)),
    at=st.integers(min_value=0, max_value=2**52),
)
def test_a_session_is_found_in_an_entrys_bytes(
    organisation: int, account: str, session: str, at: int
) -> None:
    entry = msgspec.structs.replace(
        opening(THIEF, "p", at),
        organisation=organisation,
        packed_account=pack_id(account),
        packed_session=pack_id(session),
    )
    assert packed_session_of(encode(entry)) == pack_id(session)


@given(st.binary(max_size=60))
def test_any_bytes_have_some_session_or_none(raw: bytes) -> None:
    assert isinstance(packed_session_of(raw), bytes)


@pytest.mark.parametrize(
    "device",
    ["; x", "A browser; Chrome, at 203.0.113.7", "x; passkey ab, at 203.0.113.7"],
)
def test_whatever_the_web_process_says_of_a_device_hides_no_passkey(
    tmp_path: Path, device: str
) -> None:
    told = told_of(passkey=PASSKEY, device=device)
    folder = written(tmp_path, [began("s-1", 10, told), within("s-1", "p-1", 20)])
    assert patients(scoped(folder, device=PASSKEY.hex())) == ["p-1"]
    assert patients(scoped(folder, device="ab")) == []


@pytest.mark.parametrize(
    "device",
    [f"passkey {OTHER_PASSKEY.hex()}", "goes on from session s-9", "app chart-app: x"],
)
def test_a_device_cannot_be_called_what_the_warden_alone_says(device: str) -> None:
    assert told_of(passkey=b"", device=device) == ""
    told = told_of(passkey=PASSKEY, device=device)
    assert beginning_in(told).passkey == PASSKEY.hex()


def test_the_process_beside_tells_how_far_it_is_and_writes_nothing_of_canaries(
    tmp_path: Path,
) -> None:
    """Who reads a ledger of years sees that it goes on; the disk tells no canary."""
    ledger = open_ledger(tmp_path / "ledger")
    for at in range(50_001):
        ledger.append(opening(OTHER if at else THIEF, "p-1", at + 1))
    ledger.append(opening(THIEF, "p-2", 60_000))
    ledger.append(opening(THIEF, "p-canary", 60_001))
    ledger.commit()
    ledger.publish()
    ledger.close()
    job = Job(
        ledger=str(tmp_path / "ledger"),
        origin=ORIGIN,
        key=KEY.verify_key.public_bytes.hex(),
        organisation=1,
        selectors=(Wanted(account=THIEF), Wanted(account="nobody")),
        at=70_000,
        canaries=("p-canary",),
        folder=str(tmp_path / "reach"),
    )
    said = subprocess.run(
        [sys.executable, "-m", "wardkeep.ledger.reaching"],
        input=msgspec.json.encode(job),
        capture_output=True,
        check=True,
    )
    *told, last = said.stdout.splitlines()
    assert told == [b"50000", b"50000"], "once for each selector"
    found = msgspec.json.decode(last, type=Reach)
    assert (found.people, found.canaries, found.is_whole) == (2, 1, True)
    kept = {path.name: path.read_bytes() for path in (tmp_path / "reach").iterdir()}
    assert kept[PEOPLE].count(b"\n") == 2
    assert not any(b"p-canary" in content for content in kept.values())
