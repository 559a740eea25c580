# SPDX-License-Identifier: Apache-2.0
"""Which entries are about a patient, an account, a session: positions by id.

Kept in memory and rebuilt when the ledger is opened: 8 bytes an entry and key.
"""

from array import array
from collections.abc import Sequence

from wardkeep.ledger.entry import Entry, PackedId, pack_id
from wardkeep.ledger.sealed_index import SealedIndex

ERASE = "erase"
"""The action of an entry that says: this patient's record was destroyed."""
_NONE: "array[int]" = array("Q")


class EntryIndex:
    """Positions of entries, ascending."""

    def __init__(self) -> None:
        self._by_patient: dict[PackedId, array[int]] = {}
        self._by_account: dict[PackedId, array[int]] = {}
        self._by_session: dict[PackedId, array[int]] = {}
        self.sealed = SealedIndex()
        self.erased: set[tuple[int, str]] = set()
        """(organisation, patient) of every record that was destroyed."""

    def add(self, position: int, entry: Entry) -> None:
        # By organisation too: an id of ours that another one uses hides nothing here.
        for packed in {one.packed_patient for one in entry.subjects}:
            if packed:
                key = _within(entry.organisation, packed)
                _file(self._by_patient, key, position)
        self.sealed.add(entry)
        if entry.action == ERASE:
            self.erased.update((entry.organisation, one) for one in entry.patients)
        _file(self._by_account, entry.packed_account, position)
        _file(self._by_session, entry.packed_session, position)

    def about_patient(self, patient: str, *, organisation: int) -> Sequence[int]:
        key = _within(organisation, pack_id(patient))
        return self._by_patient.get(key, _NONE)

    def by_account(self, account: str) -> Sequence[int]:
        return self._by_account.get(pack_id(account), _NONE)

    def by_session(self, session: str) -> Sequence[int]:
        return self._by_session.get(pack_id(session), _NONE)


def _within(organisation: int, packed: PackedId) -> bytes:
    return b"%d|" % organisation + packed


def _file(under: "dict[PackedId, array[int]]", key: PackedId, position: int) -> None:
    if not key:
        return
    positions = under.get(key)
    if positions is None:
        under[key] = array("Q", (position,))
    else:
        positions.append(position)
