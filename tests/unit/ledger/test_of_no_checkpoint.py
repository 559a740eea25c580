# SPDX-License-Identifier: Apache-2.0
"""Where nothing is signed, nothing is proven: whoever edits has no key for that."""

from pathlib import Path

from support.ledgers import KEY, ORIGIN, entry_about, fill, open_ledger
from wardkeep.assembly.drills.by_ledger import write_anew
from wardkeep.crypto.signing import SigningKey, VerifyKey
from wardkeep.ledger.opening import CHECKPOINT_NAME, HISTORY_NAME
from wardkeep.ledger.verify import VerifyReport, verify

ENTRIES = 12


def checked(folder: Path, key: VerifyKey = KEY.verify_key) -> VerifyReport:
    return verify(folder, key, origin=ORIGIN)


def test_entries_taken_out_with_everything_that_is_signed_are_found(
    tmp_path: Path,
) -> None:
    fill(tmp_path, ENTRIES)
    write_anew(tmp_path)
    assert not checked(tmp_path).is_whole


def test_a_key_that_signed_nothing_here_proves_nothing(tmp_path: Path) -> None:
    fill(tmp_path, ENTRIES)
    write_anew(tmp_path)
    another = SigningKey.generate().verify_key
    assert not checked(tmp_path, another).is_whole


def test_a_folder_that_is_no_ledger_is_not_whole(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing of a ledger", encoding="utf-8")
    assert not checked(tmp_path).is_whole


def test_a_tail_that_nobody_signed_is_nothing_that_a_warden_leaves(
    tmp_path: Path,
) -> None:
    """Checkpoints back to some hour are taken away, to change what they covered."""
    fill(tmp_path, 3)
    kept = (tmp_path / HISTORY_NAME).read_bytes()
    ledger = open_ledger(tmp_path)
    for minute in range(ENTRIES):
        ledger.append(entry_about("p", number=minute * 60_000_000))
    ledger.commit()
    ledger.publish()
    ledger.close()
    (tmp_path / HISTORY_NAME).write_bytes(kept)
    (tmp_path / CHECKPOINT_NAME).write_bytes(kept)
    [fault] = [one for one in checked(tmp_path).faults if one.file == HISTORY_NAME]
    assert fault.wrong == "the last 12 entries have none, over 660 s"


def test_a_second_that_was_not_signed_yet_is_one(tmp_path: Path) -> None:
    """What a kill leaves."""
    fill(tmp_path, 3)
    kept = (tmp_path / HISTORY_NAME).read_bytes()
    fill(tmp_path, 2)
    (tmp_path / HISTORY_NAME).write_bytes(kept)
    (tmp_path / CHECKPOINT_NAME).write_bytes(kept)
    report = checked(tmp_path)
    assert not [one for one in report.faults if one.file == HISTORY_NAME]


def test_a_start_on_what_nobody_signed_knows_it(tmp_path: Path) -> None:
    """From then on this warden signs what it found: so it is told while it is new."""
    fill(tmp_path, ENTRIES)
    ledger = open_ledger(tmp_path)
    assert not ledger.was_unsigned
    ledger.close()
    write_anew(tmp_path)
    for was_unsigned in (True, False):
        ledger = open_ledger(tmp_path)
        assert ledger.was_unsigned is was_unsigned
        ledger.publish()
        ledger.close()
    begun = open_ledger(tmp_path / "new")
    assert not begun.was_unsigned
    begun.close()
