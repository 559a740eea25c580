# SPDX-License-Identifier: Apache-2.0
"""What a patient is told of incidents that reached their record, from its own entries.

The same selectors as counted them are held against the entries about this one patient,
up to when the newest version was counted: who is told is who was counted.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from wardkeep.disclosure.incident_desk import MOST_ENTRIES, OwnIncident
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.incidents import Incident
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.looks import LOOKED, is_by_number, is_look
from wardkeep.ledger.onward import MOST_NAMED, Messages, way_of
from wardkeep.ledger.reaching import bounded
from wardkeep.ledger.scope import SHOWN_IN_LIST
from wardkeep.ledger.wanted import GRANTED, Selection
from wardkeep.warden.incidents import Register
from wardkeep.warden.sessions import Session

CLOCK_MARGIN = 3_600 * 1_000_000
"""Microseconds by which the clock may have been set back between two entries."""
_SEALED = "sealed"


class OwnIncidents:
    """Says of a patient's record which incidents reached it."""

    def __init__(self, register: Register, ledger: Ledger) -> None:
        self._register = register
        self._ledger = ledger

    def of(self, session: Session, about: Sequence[int]) -> tuple[OwnIncident, ...]:
        """The newest first; `about`: the positions of all entries about the patient.

        What was withdrawn is not told, nor what is not as the ledger has it.
        """
        found = []
        for one in self._register.touching(session.organisation):
            if one.withdrawn_at or not self._register.is_written(one):
                continue
            told = self._told(one, session, about)
            if told is not None:
                found.append(told)
        return tuple(found)

    def _told(
        self, incident: Incident, session: Session, about: Sequence[int]
    ) -> OwnIncident | None:
        seen = _Seen()
        selections = _selections(incident, session.organisation)
        newest, since = incident.newest, self._since(incident, about)
        for place in range(since, len(about)):
            position = about[place]
            entry = self._ledger.read(position)
            if entry.at > newest.at + CLOCK_MARGIN:
                break
            subjects = entry.subjects_about(session.own_patient)
            is_given = _is_given(entry) and bool(subjects)
            if is_given and any(one.fits(entry) for one in selections):
                seen.add(position, entry, subjects)
            else:
                seen.add_sent(entry)
        return seen.told(incident) if seen.entries else None

    def _since(self, incident: Incident, about: Sequence[int]) -> int:
        """Where the earliest that any selector wants may be."""
        since = min(one.since for one in incident.newest.selectors) - CLOCK_MARGIN
        if since <= 0:
            return 0
        return bisect_left(about, since, key=lambda at: self._ledger.read(at).at)


def _selections(incident: Incident, organisation: int) -> list[Selection]:
    newest = incident.newest
    known = dict(enumerate(newest.sessions))
    return [
        Selection.that_followed(
            bounded(wanted, organisation=organisation, at=newest.at), known.get(n, ())
        )
        for n, wanted in enumerate(newest.selectors)
        if wanted.organisation in (0, organisation)
    ]


def _is_given(entry: Entry) -> bool:
    """Whether something of whom it names was seen, as a scope counts it."""
    is_granted = entry.outcome == GRANTED and bool(entry.purpose)
    return is_granted and not is_by_number(entry)


_OPENED = "read"


class _Seen:
    """What of one patient's was seen."""

    def __init__(self) -> None:
        self.entries: list[int] = []
        self._times: list[int] = []
        self._things: set[tuple[str, str]] = set()
        self._actions: set[str] = set()
        self._is_sealed = False
        self._messages = Messages()
        self._onward: dict[tuple[str, str], None] = {}

    def add(self, position: int, entry: Entry, subjects: Sequence[Subject]) -> None:
        self.entries.append(position)
        self._times.append(entry.at)
        is_opening = entry.action == LOOKED and not is_look(entry)
        self._actions.add(_OPENED if is_opening else entry.action)
        for one in subjects:
            self._is_sealed |= one.tier == _SEALED
            self._things.update((type_, id_) for type_, id_, _ in one.resources())
        self._messages.note(entry)
        self._went(entry)

    def add_sent(self, entry: Entry) -> None:
        """Of an entry that is none of it: a program sent what was written in it."""
        if self._messages.has(entry):
            self._went(entry)

    def _went(self, entry: Entry) -> None:
        way = way_of(entry)
        if way is not None and len(self._onward) < MOST_NAMED:
            self._onward[way] = None

    def told(self, incident: Incident) -> OwnIncident:
        types = Counter(type_ for type_, _ in self._things)
        return OwnIncident(
            found_at=incident.found_at,
            what=incident.what,
            told=incident.told,
            first=min(self._times),
            last=max(self._times),
            is_list_only=SHOWN_IN_LIST in self._actions
            and self._actions <= {SHOWN_IN_LIST, LOOKED},
            is_sealed=self._is_sealed,
            types=tuple(sorted(types.items(), key=lambda pair: (-pair[1], pair[0]))),
            is_whole=incident.newest.is_whole,
            entries=tuple(reversed(self.entries[-MOST_ENTRIES:])),
            onward=tuple(self._onward),
            is_looked_at=LOOKED in self._actions,
            is_looked_at_only=self._actions == {LOOKED},
        )
