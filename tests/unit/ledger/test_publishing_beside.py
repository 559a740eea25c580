# SPDX-License-Identifier: Apache-2.0
"""Publishing beside a writer: in small pieces, of what was there when it began."""

from pathlib import Path

from support.ledgers import KEY, ORIGIN, entry_about, open_ledger
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.publishing import LEAVES_A_BREATH
from wardkeep.ledger.verify import verify


def is_whole(folder: Path) -> bool:
    return verify(folder, KEY.verify_key, origin=ORIGIN).is_whole


def test_publishing_breathes_and_covers_what_was_there_when_it_began(
    tmp_path: Path,
) -> None:
    ledger = open_ledger(tmp_path)
    many = 5 * LEAVES_A_BREATH + 1
    _write(ledger, many)
    breaths: list[int] = []

    def write_on() -> None:
        breaths.append(ledger.committed_size)
        _write(ledger, 1)

    ledger.publish(write_on)
    newest = ledger.checkpoint()
    assert newest is not None
    assert newest.size == many, "what came meanwhile is the next one's"
    # Six pieces of leaves; one tile and one bundle that are full
    assert len(breaths) == 6 + 2
    ledger.publish()
    newest = ledger.checkpoint()
    assert newest is not None
    assert newest.size == ledger.committed_size == many + 8
    ledger.close()
    assert is_whole(tmp_path)


def test_a_breath_that_fails_leaves_all_to_the_next_publishing(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    _write(ledger, 700)
    for at in range(1, 16):
        left = [at]

        def faint(left: list[int] = left) -> None:
            left[0] -= 1
            if not left[0]:
                raise MemoryError

        try:
            ledger.publish(faint)
        except MemoryError:
            continue
        break
    newest = ledger.checkpoint()
    assert newest is not None
    assert newest.size == 700
    ledger.close()
    assert is_whole(tmp_path)


def _write(ledger: Ledger, many: int) -> None:
    for _ in range(many):
        ledger.append(entry_about("p", number=ledger.size))
    ledger.commit()
