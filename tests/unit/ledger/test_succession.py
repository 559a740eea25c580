# SPDX-License-Identifier: Apache-2.0
"""A ledger's key is followed by another, and everybody who knew one knows the next."""

from pathlib import Path

import pytest

from support.ledgers import CLOCK, KEY, ORIGIN, entry_about, open_ledger
from support.template import settings_for
from wardkeep.assembly.layout import Layout
from wardkeep.assembly.proof import SigningKeyFile, signing_key, verify_key_from
from wardkeep.base.note_keys import LOG, NoteKey
from wardkeep.crypto.signing import SigningKey
from wardkeep.ledger.checkpoint import (
    Checkpoint,
    CheckpointRefusedError,
    note_signature,
    open_checkpoint,
    sign,
)
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.notes import notes_of
from wardkeep.ledger.opening import HISTORY_NAME, LedgerDamagedError
from wardkeep.ledger.succession import (
    KEYS_NAME,
    Step,
    announce,
    follow,
    steps_of,
)
from wardkeep.ledger.verify import verify
from wardkeep.ledger.witness import Witness, WitnessFolderError, request

SECOND, THIRD, STRANGER = (SigningKey(bytes([n]) * 32) for n in (1, 2, 3))


def grow(ledger: Ledger, entries: int = 3) -> None:
    for number in range(entries):
        ledger.append(entry_about("p-1", number=number))
        ledger.commit()
        ledger.publish()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A ledger that three keys signed, one after the other."""
    made = tmp_path / "ledger"
    ledger = open_ledger(made)
    grow(ledger)
    for key in (SECOND, THIRD):
        ledger.change_key(key)
        grow(ledger)
    assert ledger.verify_key.public_bytes == THIRD.verify_key.public_bytes
    ledger.close()
    return made


def name_of(key: SigningKey) -> NoteKey:
    return NoteKey(name=ORIGIN, kind=LOG, public_bytes=key.verify_key.public_bytes)


@pytest.mark.parametrize("known", [KEY, SECOND, THIRD])
def test_whoever_knows_one_of_the_keys_verifies_the_whole_ledger(
    folder: Path, known: SigningKey
) -> None:
    report = verify(folder, known.verify_key, origin=ORIGIN)
    assert report.is_whole, report.faults
    assert (report.entries, report.checkpoints) == (9, 9)


def test_who_knows_another_key_verifies_nothing(folder: Path) -> None:
    report = verify(folder, STRANGER.verify_key, origin=ORIGIN)
    assert "it is signed by another key" in str(report.faults[0])


def test_a_ledger_opens_with_its_newest_key_and_grows(folder: Path) -> None:
    ledger = Ledger.open(folder, origin=ORIGIN, signing_key=THIRD, clock=CLOCK)
    grow(ledger)
    ledger.close()
    assert verify(folder, KEY.verify_key, origin=ORIGIN).is_whole


def test_an_old_key_signs_nothing_that_came_after_it(folder: Path) -> None:
    # The old key was stolen: that is why it was replaced.
    history = (folder / HISTORY_NAME).read_bytes()
    last = open_checkpoint(
        notes_of(history)[-1].decode(),
        origin=ORIGIN,
        key=follow(folder, KEY.verify_key, origin=ORIGIN),
    )
    forged = Checkpoint(
        origin=ORIGIN, size=last.size + 1, root=bytes(32), number=last.number + 1
    )
    for key in (KEY, SECOND):
        with pytest.raises(CheckpointRefusedError, match="another key"):
            open_checkpoint(
                sign(forged, key),
                origin=ORIGIN,
                key=follow(folder, key.verify_key, origin=ORIGIN),
            )


def test_a_change_that_the_old_key_did_not_announce_is_refused_everywhere(
    folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    announce(other, ORIGIN, old=STRANGER, new=SECOND, after=8)
    forged = (other / KEYS_NAME).read_text()
    forged = forged.replace(name_of(STRANGER).text, name_of(THIRD).text)
    path = folder / KEYS_NAME
    path.write_text(path.read_text() + forged)
    [fault] = {one for one in verify_faults(folder) if KEYS_NAME in one}
    assert "is not signed by its old key and its new one" in fault
    with pytest.raises(LedgerDamagedError, match=KEYS_NAME):
        Ledger.open(folder, origin=ORIGIN, signing_key=THIRD, clock=CLOCK)


def verify_faults(folder: Path) -> list[str]:
    return [str(one) for one in verify(folder, THIRD.verify_key, origin=ORIGIN).faults]


def test_every_changed_byte_of_the_announcements_is_found(folder: Path) -> None:
    path = folder / KEYS_NAME
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(CheckpointRefusedError):
            steps_of(path.read_bytes().decode(errors="replace"), ORIGIN)
    for cut in (1, 40, len(whole) // 2 + 1):
        with pytest.raises(CheckpointRefusedError):
            steps_of(whole[:-cut].decode(), ORIGIN)


def test_changes_that_do_not_continue_each_other_are_refused(folder: Path) -> None:
    first, second = (
        "\n".join((folder / KEYS_NAME).read_text().split("\n")[start : start + 9])
        for start in (0, 9)
    )
    assert len(steps_of(f"{first}\n{second}\n", ORIGIN)) == 2
    with pytest.raises(CheckpointRefusedError, match="does not continue"):
        steps_of(f"{second}\n{first}\n", ORIGIN)


def test_a_change_signed_in_another_ledgers_name_is_refused(folder: Path) -> None:
    path = folder / KEYS_NAME
    whole = path.read_text()
    first = "\n".join(whole.split("\n")[:9])
    signatures = [one for one in first.split("\n") if one.startswith("\u2014")]
    assert len(signatures) == 2
    for one in signatures:
        changed = first.replace(one, one.replace(ORIGIN, "elsewhere"))
        with pytest.raises(CheckpointRefusedError, match="is not signed"):
            steps_of(f"{changed}\n", ORIGIN)
    public = SECOND.verify_key.public_bytes
    elsewhere = NoteKey(name="elsewhere", kind=LOG, public_bytes=public).text
    assert name_of(SECOND).text in first
    with pytest.raises(CheckpointRefusedError, match="is not signed"):
        steps_of(f"{first.replace(name_of(SECOND).text, elsewhere)}\n", ORIGIN)
    named = first.replace(ORIGIN, "elsewhere")
    with pytest.raises(CheckpointRefusedError):
        steps_of(f"{named}\n", ORIGIN)


def test_a_witness_follows_to_the_key_that_the_known_one_announced(
    folder: Path, tmp_path: Path
) -> None:
    witness = Witness.begin(tmp_path / "witness", "witness.example.net/w1", CLOCK)
    witness.watch(name_of(KEY))
    ledger = Ledger.open(folder, origin=ORIGIN, signing_key=THIRD, clock=CLOCK)
    newest = ledger.continued(0)
    ledger.close()
    assert newest is not None
    asked = request(0, newest.proof, newest.note)
    assert witness.add_checkpoint(asked).status == 403
    changes = (folder / KEYS_NAME).read_text()
    with pytest.raises(WitnessFolderError, match="wardkeep witness follow"):
        witness.watch(name_of(THIRD))
    assert witness.follow(ORIGIN, changes) == name_of(THIRD)
    assert witness.add_checkpoint(asked).status == 200
    with pytest.raises(WitnessFolderError, match="announced no other"):
        witness.follow(ORIGIN, changes)
    with pytest.raises(WitnessFolderError, match="not watched"):
        witness.follow("elsewhere", changes)
    with pytest.raises(WitnessFolderError, match="cannot be followed"):
        witness.follow(ORIGIN, changes[:-40])


def test_a_crash_at_any_step_leaves_one_key_in_use(tmp_path: Path) -> None:
    folder, path = tmp_path / "ledger", tmp_path / "ledger-signing.key"
    folder.mkdir()
    path.write_bytes(KEY.seed())
    file = SigningKeyFile(path)
    file.prepare(SECOND)
    SigningKeyFile(path).settle(folder)
    assert path.read_bytes() == KEY.seed(), "it was not announced"
    assert list(tmp_path.glob("*.next")) == []
    file.prepare(SECOND)
    announce(folder, ORIGIN, old=KEY, new=SECOND, after=4)
    SigningKeyFile(path).settle(folder)
    assert path.read_bytes() == SECOND.seed(), "it was"
    public = path.with_suffix(".pub").read_text().strip()
    assert public == SECOND.verify_key.public_bytes.hex()
    file.prepare(THIRD)
    SigningKeyFile(path).settle(folder)
    assert path.read_bytes() == SECOND.seed(), "the newest that was announced"


def test_a_disk_that_fails_behind_the_announcement_leaves_no_key_that_nobody_believes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_folder: Path) -> None:
        raise OSError(5, "Input/output error")

    folder = tmp_path / "ledger"
    ledger = open_ledger(folder)
    grow(ledger)
    with monkeypatch.context() as broken:
        broken.setattr("wardkeep.ledger.succession.sync_folder", fail)
        ledger.change_key(SECOND)
        broken.setattr("wardkeep.ledger.succession.write_file", lambda *_: fail(folder))
        with pytest.raises(OSError, match="Input/output"):
            ledger.change_key(THIRD)
    grow(ledger)
    ledger.close()
    assert ledger.verify_key.public_bytes == SECOND.verify_key.public_bytes
    assert verify(folder, KEY.verify_key, origin=ORIGIN).is_whole


def test_a_public_key_that_a_kill_left_behind_is_written_at_the_next_start(
    tmp_path: Path,
) -> None:
    layout = Layout.of(settings_for(tmp_path))
    layout.make()
    first = signing_key(layout)
    file = SigningKeyFile(layout.signing_key)
    file.prepare(SECOND)
    layout.signing_key.with_suffix(".next").replace(layout.signing_key)
    assert _public(layout) == first.verify_key.public_bytes
    assert signing_key(layout).seed() == SECOND.seed()
    assert _public(layout) == SECOND.verify_key.public_bytes


def _public(layout: Layout) -> bytes:
    key = verify_key_from(layout, None)
    assert key is not None
    return key.public_bytes


def test_a_ledger_goes_on_under_its_own_name_alone() -> None:
    """A change to a key of another ledger's name is none, though both keys sign it."""
    other = NoteKey(
        name=f"{ORIGIN}.thief",
        kind=LOG,
        public_bytes=THIRD.verify_key.public_bytes,
    )
    text = Step(old=name_of(SECOND), new=other, after=3).text()
    both = "".join(f"{note_signature(text, ORIGIN, key)}\n" for key in (SECOND, THIRD))
    with pytest.raises(CheckpointRefusedError, match="not signed by its old key"):
        steps_of(f"{text}\n{both}\n", ORIGIN)
