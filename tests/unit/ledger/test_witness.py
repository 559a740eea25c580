# SPDX-License-Identifier: Apache-2.0
"""A witness signs what continues, refuses what does not, and forgets nothing."""

import base64
import hashlib
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings, strategies as st

from support.ledgers import CLOCK, KEY, ORIGIN, entry_about, open_ledger
from wardkeep.base.note_keys import COSIGNER, LOG, NoteKey
from wardkeep.crypto.signing import SigningKey
from wardkeep.ledger.checkpoint import Checkpoint, sign
from wardkeep.ledger.cosignature import (
    NoteRefusedError,
    cosign,
    cosigned_at,
    is_signed_by,
    only_by,
    read_signed_note,
)
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.merkle import HASH_BYTES, MerkleTree, Prover, leaf_hash
from wardkeep.ledger.verify import SEEN, verify
from wardkeep.ledger.witness import (
    LARGEST_REQUEST,
    SIZE_TYPE,
    Told,
    Witness,
    WitnessFolderError,
    log_id,
    request,
)

NAME = "witness.example.net/w1"
LOG_KEY = NoteKey(name=ORIGIN, kind=LOG, public_bytes=KEY.verify_key.public_bytes)


def begun(folder: Path) -> Witness:
    witness = Witness.begin(folder, NAME, CLOCK)
    witness.watch(LOG_KEY)
    return witness


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return begun(tmp_path / "witness")


class Tree:
    """A ledger's tree alone: checkpoints of any size, with proofs."""

    def __init__(self, story: str = "the truth") -> None:
        self._story = story

    def _grown(self, size: int) -> tuple[MerkleTree, dict[tuple[int, int], bytes]]:
        tiles: dict[tuple[int, int], bytes] = {}
        tree = MerkleTree(lambda level, at, raw: tiles.__setitem__((level, at), raw))
        for number in range(size):
            tree.append(leaf_hash(f"{self._story} {number}".encode()))
        return tree, tiles

    def note(self, size: int, *, key: SigningKey = KEY, origin: str = ORIGIN) -> str:
        root = self._grown(size)[0].root()
        found = Checkpoint(origin=origin, size=size, root=root, number=size)
        return sign(found, key)

    def asks(self, old: int, size: int) -> bytes:
        tree, tiles = self._grown(size)
        prover = Prover(tree, lambda level, at: tiles[level, at])
        proof = prover.consistency(old, size) if 0 < old < size else []
        return request(old, proof, self.note(size))


TRUTH = Tree()


def test_the_first_checkpoint_and_what_continues_it_are_signed(
    witness: Witness,
) -> None:
    for old, size in ((0, 3), (3, 7), (7, 7), (7, 300)):
        told = witness.add_checkpoint(TRUTH.asks(old, size))
        assert told.status == 200, told
        note = read_signed_note(TRUTH.note(size) + told.body)
        assert cosigned_at(note, witness.key) == int(CLOCK.now().timestamp())
    kept = witness.watched(log_id(ORIGIN))
    assert kept is not None
    assert kept.newest is not None
    assert kept.newest.head.size == 300


def test_the_line_is_what_the_specification_says(witness: Witness) -> None:
    # Spelled out by hand, from C2SP tlog-cosignature and signed-note.
    told = witness.add_checkpoint(TRUTH.asks(0, 3))
    dash, name, encoded = told.body.removesuffix("\n").split(" ")
    raw = base64.b64decode(encoded)
    public = witness.key.public_bytes
    text = TRUTH.note(3).split("\n\n")[0] + "\n"
    at = int.from_bytes(raw[4:12], "big")
    assert (dash, name, len(raw)) == ("\u2014", NAME, 4 + 8 + 64)
    assert raw[:4] == hashlib.sha256(NAME.encode() + b"\n\x04" + public).digest()[:4]
    Ed25519PublicKey.from_public_bytes(public).verify(
        raw[12:], f"cosignature/v1\ntime {at}\n{text}".encode()
    )


def test_lines_of_strangers_are_left_out(witness: Witness) -> None:
    told = witness.add_checkpoint(TRUTH.asks(0, 3))
    stranger = cosign(
        TRUTH.note(3).split("\n\n")[0] + "\n",
        name=NAME,
        key=SigningKey(bytes(32)),
        at=1,
    )
    note = read_signed_note(f"{TRUTH.note(3)}{stranger}\n{told.body}{told.body}")
    assert only_by(note, witness.key).whole == TRUTH.note(3) + told.body


def test_another_story_is_refused_and_kept_as_evidence(witness: Witness) -> None:
    witness.add_checkpoint(TRUTH.asks(0, 5))
    lie = Tree("a lie")
    assert witness.add_checkpoint(lie.asks(5, 9)).status == 422
    assert witness.add_checkpoint(lie.asks(5, 5)) == Told(409, "5\n", SIZE_TYPE)
    assert witness.refused(ORIGIN) == lie.note(9)
    assert witness.add_checkpoint(TRUTH.asks(5, 9)).status == 200


def test_an_older_copy_is_told_what_was_seen(witness: Witness) -> None:
    witness.add_checkpoint(TRUTH.asks(0, 9))
    assert witness.add_checkpoint(TRUTH.asks(0, 4)) == Told(409, "9\n", SIZE_TYPE)
    assert witness.add_checkpoint(TRUTH.asks(4, 4)) == Told(409, "9\n", SIZE_TYPE)


def test_a_stranger_and_a_forger_are_refused(witness: Witness) -> None:
    forged = TRUTH.note(3, key=SigningKey(bytes(32)))
    assert witness.add_checkpoint(request(0, [], forged)).status == 403
    stranger = TRUTH.note(3, origin="elsewhere.example.org/wardkeep-ledger")
    assert witness.add_checkpoint(request(0, [], stranger)).status == 404
    assert witness.watched(log_id(ORIGIN)) is not None
    assert witness.refused(ORIGIN) == ""


NOTE = TRUTH.note(3)
HASH = base64.b64encode(bytes(HASH_BYTES)).decode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\n\n" + NOTE.encode(),
        b"new 0\n\n" + NOTE.encode(),
        b"old 00\n\n" + NOTE.encode(),
        b"old -1\n\n" + NOTE.encode(),
        b"old 4\n\n" + NOTE.encode(),
        b"old 0\nAAAA\n\n" + NOTE.encode(),
        b"old 0\n" + f"{HASH}\n".encode() * 64 + b"\n" + NOTE.encode(),
        b"old 0\n\n" + NOTE.encode()[:-1],
        b"old 0\n\n" + NOTE.replace("\n3\n", "\n03\n").encode(),
        b"old 0\n\n" + NOTE.encode() + b" " * LARGEST_REQUEST,
    ],
)
def test_what_is_no_request_is_refused_and_changes_nothing(
    witness: Witness, body: bytes
) -> None:
    told = witness.add_checkpoint(body)
    assert told.status == 400
    assert told.body.endswith("\n")
    kept = witness.watched(log_id(ORIGIN))
    assert kept is not None
    assert kept.note == ""


def test_a_proof_that_nobody_needs_is_refused(witness: Witness) -> None:
    assert witness.add_checkpoint(request(0, [bytes(32)], NOTE)).status == 422
    witness.add_checkpoint(TRUTH.asks(0, 3))
    assert witness.add_checkpoint(request(3, [bytes(32)], NOTE)).status == 422


def test_a_ledger_without_entries_may_grow(witness: Witness) -> None:
    assert witness.add_checkpoint(TRUTH.asks(0, 0)).status == 200
    assert witness.add_checkpoint(TRUTH.asks(0, 6)).status == 200


@settings(max_examples=60, deadline=None)
@given(
    asked=st.lists(
        st.tuples(
            st.sampled_from(["the truth", "a lie"]),
            st.integers(0, 12),
            st.integers(0, 12),
            st.booleans(),
        ),
        max_size=14,
    )
)
def test_no_two_stories_are_ever_signed(
    tmp_path_factory: pytest.TempPathFactory,
    asked: list[tuple[str, int, int, bool]],
) -> None:
    folder = tmp_path_factory.mktemp("witness")
    witness, signed = begun(folder), [("", 0)]
    for story, old, size, is_restarted in asked:
        if is_restarted:
            witness = Witness.open(folder, CLOCK)
        told = witness.add_checkpoint(Tree(story).asks(old, size))
        if told.status == 200:
            signed.append((story if size else "", size))
    stories = {story for story, _ in signed if story}
    sizes = [size for _, size in signed]
    assert len(stories) <= 1
    assert sizes == sorted(sizes)


def test_two_at_once_never_roll_back(tmp_path: Path) -> None:
    """Each of eight asks with what it knew; one of each round is signed."""
    folder = tmp_path / "witness"
    begun(folder)
    told: list[Told] = []
    # Two witnesses on one folder, as two processes would be.
    both = (Witness.open(folder, CLOCK), Witness.open(folder, CLOCK))

    def ask(witness: Witness, old: int, size: int) -> Callable[[], None]:
        body = TRUTH.asks(old, size)
        return lambda: told.append(witness.add_checkpoint(body))

    for old in (0, 10, 20):
        told.clear()
        sizes = [old + 10 - (number % 2) * 10 for number in range(8)]
        asking = [
            threading.Thread(target=ask(both[n % 2], old, max(size, 10)))
            for n, size in enumerate(sizes)
        ]
        for one in asking:
            one.start()
        for one in asking:
            one.join()
        kept = both[0].watched(log_id(ORIGIN))
        assert kept is not None
        assert kept.newest is not None
        assert kept.newest.head.size == old + 10
        assert {one.status for one in told} <= {200, 409}


def test_a_name_keeps_its_key(witness: Witness, tmp_path: Path) -> None:
    other = NoteKey(name=ORIGIN, kind=LOG, public_bytes=bytes(32))
    with pytest.raises(WitnessFolderError, match="another key"):
        witness.watch(other)
    witness.watch(LOG_KEY)
    with pytest.raises(WitnessFolderError, match="has the witness"):
        Witness.begin(tmp_path / "witness", "somebody.else", CLOCK)
    with pytest.raises(WitnessFolderError, match="has no witness"):
        Witness.open(tmp_path / "nowhere", CLOCK)
    (tmp_path / "witness" / "witness.key").write_bytes(b"short")
    with pytest.raises(WitnessFolderError, match="damaged"):
        Witness.open(tmp_path / "witness", CLOCK)


# A whole ledger


def sees(witness: Witness, ledger: Ledger, old: int) -> str:
    """The newest checkpoint, signed by the witness."""
    found = ledger.continued(old)
    assert found is not None
    told = witness.add_checkpoint(request(old, found.proof, found.note))
    assert told.status == 200, told
    return found.note + told.body


def grow(ledger: Ledger, entries: int) -> None:
    for number in range(entries):
        ledger.append(entry_about("p-1", number=number))
    ledger.commit()
    ledger.publish()


def test_a_folder_put_back_whole_is_found_by_what_the_witness_saw(
    witness: Witness, tmp_path: Path
) -> None:
    folder, old = tmp_path / "ledger", tmp_path / "old"
    ledger = open_ledger(folder)
    grow(ledger, 600)
    ledger.keep_cosigned(sees(witness, ledger, 0))
    ledger.close()
    shutil.copytree(folder, old)
    ledger = open_ledger(folder)
    grow(ledger, 400)
    seen = sees(witness, ledger, 600)
    ledger.keep_cosigned(seen)
    ledger.close()

    def checked(where: Path, note: str = "") -> tuple[bool, str]:
        report = verify(
            where, KEY.verify_key, origin=ORIGIN, witnesses=[witness.key], seen=note
        )
        return report.is_whole, "".join(map(str, report.faults)) or report.summary

    # By its own files the old copy is whole; that is why there is a witness
    assert checked(old) == (True, checked(old)[1])
    is_whole, words = checked(old, seen)
    assert not is_whole
    assert words == (
        f"{SEEN}: it covers 1000 entries and there are 600: the end was cut off, or an"
        " older copy put back"
    )
    is_whole, words = checked(folder, seen)
    assert is_whole
    assert f"{NAME} saw the first 1,000 at 2026-11-23 09:41:00 UTC." in words


def test_a_checkpoint_that_no_named_witness_signed_is_a_fault(
    witness: Witness, tmp_path: Path
) -> None:
    ledger = open_ledger(tmp_path / "ledger")
    grow(ledger, 3)
    found = ledger.continued(0)
    assert found is not None
    ledger.close()

    def faults(seen: str) -> list[str]:
        report = verify(
            tmp_path / "ledger",
            KEY.verify_key,
            origin=ORIGIN,
            witnesses=[witness.key],
            seen=seen,
        )
        return [one.wrong for one in report.faults]

    missing = f"{NAME} signed no checkpoint here"
    assert faults("") == [missing]
    assert faults(found.note) == ["no witness that you named signed it", missing]
    assert faults("nonsense") == ["it has no signatures behind an empty line", missing]
    lie = Tree("a lie").note(3, key=SigningKey(bytes(32)))
    assert faults(lie) == ["this ledger's key did not sign it", missing]


@pytest.mark.parametrize(
    "harm",
    [
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note.removesuffix("\n"),
        lambda note: note.partition("\n\n")[0] + "\n\n",
        lambda note: note + "no signature\n",
        lambda note: note.replace(f"{ORIGIN}\n3\n", f"{ORIGIN}\n", 1),
        lambda note: note.replace("\n3\n", "\n03\n"),
        lambda note: note.replace("\n3\n", "\n3\nAAAA\n"),
        lambda note: f"{ORIGIN}\n\n{note.partition(ORIGIN)[2]}",
    ],
)
def test_what_is_no_signed_checkpoint_is_refused(harm: Callable[[str], str]) -> None:
    assert read_signed_note(TRUTH.note(3)).head.size == 3
    with pytest.raises(NoteRefusedError):
        read_signed_note(harm(TRUTH.note(3)))


def test_a_signature_counts_for_the_name_and_kind_of_its_key(witness: Witness) -> None:
    told = witness.add_checkpoint(TRUTH.asks(0, 3))
    note = read_signed_note(TRUTH.note(3) + told.body)
    public = KEY.verify_key.public_bytes
    other_name = NoteKey(name="elsewhere", kind=LOG, public_bytes=public)
    other_kind = NoteKey(name=ORIGIN, kind=COSIGNER, public_bytes=public)
    assert is_signed_by(note, LOG_KEY)
    assert not is_signed_by(note, other_name)
    assert not is_signed_by(note, other_kind)
    assert cosigned_at(note, witness.key) == int(CLOCK.now().timestamp())
    assert cosigned_at(note, LOG_KEY) is None


def test_of_several_lines_the_one_that_holds_tells_the_time(witness: Witness) -> None:
    told = witness.add_checkpoint(TRUTH.asks(0, 3))
    dash, name, encoded = told.body.removesuffix("\n").split(" ")
    raw = base64.b64decode(encoded)
    harmed = [raw[:-1], raw[:-1] + bytes([raw[-1] ^ 1])]
    lines = [f"{dash} {name} {base64.b64encode(one).decode()}\n" for one in harmed]
    at = int(CLOCK.now().timestamp())
    whole = read_signed_note(TRUTH.note(3) + "".join(lines) + told.body)
    assert cosigned_at(whole, witness.key) == at
    assert cosigned_at(read_signed_note(TRUTH.note(3) + lines[1]), witness.key) is None


def test_a_witness_lists_what_it_watches(witness: Witness) -> None:
    witness.add_checkpoint(TRUTH.asks(0, 3))
    [watched] = witness.all_watched()
    assert watched == witness.watched(log_id(ORIGIN))
    assert watched.vkey == LOG_KEY.text
