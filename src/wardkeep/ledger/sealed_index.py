# SPDX-License-Identifier: Apache-2.0
"""When each sealed resource was set, and which accounts were given it since.

Made of the entries that are about something sealed, in their order (index.py finds
them). It holds names and times, and nothing that was sealed.
"""

from collections.abc import Iterator

import msgspec

from wardkeep.ledger.entry import Entry, Subject

_SEALED, _GRANTED = "sealed", "grant"
_READ, _WRITE, _DELETE = "read", "write", "delete"
Named = tuple[int, str, str, str]
"""Organisation, patient, type and id."""


class SetAndSeen(msgspec.Struct):
    """One sealed resource as it is now; times are UTC microseconds since 1970."""

    set_at: int
    seen: dict[str, int] = msgspec.field(default_factory=dict)
    """Accounts that were given it as it is now, each with the last time."""


class SealedIndex:
    """Every sealed resource that the ledger speaks of."""

    def __init__(self) -> None:
        self._known: dict[Named, SetAndSeen] = {}

    def add(self, entry: Entry) -> None:
        """Take in an entry, as all before it were."""
        if entry.outcome != _GRANTED:
            return
        for subject in entry.subjects:
            if subject.tier == _SEALED:
                self._add(entry, subject)

    def _add(self, entry: Entry, subject: Subject) -> None:
        for type_, id_, _ in subject.resources():
            named = (entry.organisation, subject.patient, type_, id_)
            if entry.action == _WRITE:
                self._known[named] = SetAndSeen(entry.at)
            elif entry.action == _DELETE:
                self._known.pop(named, None)
            elif entry.action == _READ and named in self._known:
                self._known[named].seen[entry.account] = entry.at

    def of(self, organisation: int) -> Iterator[tuple[Named, SetAndSeen]]:
        """An organisation's, in the order in which they were first set."""
        for named, known in self._known.items():
            if named[0] == organisation:
                yield named, known
