# SPDX-License-Identifier: Apache-2.0
"""Messages of an organisation's own incidents: counted, declared, drafted, told.

Everything here is about the session's own organisation; what was declared is a signed
act. Times are UTC microseconds since 1970; 0: it did not happen.
"""

from typing import TypeAlias

import msgspec

from wardkeep.disclosure.message import Message
from wardkeep.ledger.incidents import Told
from wardkeep.ledger.reaching import Reach
from wardkeep.ledger.scope import PersonReached
from wardkeep.ledger.wanted import Wanted

FEWEST_CHARACTERS, MOST_CHARACTERS = 10, 2000
MOST_SELECTORS = 20
PEOPLE_A_PORTION = 100
LETTERS_HOLD_SECONDS = 30 * 60.0
"""For how long the session of who approved them opens names and addresses."""
HOLDS_SECONDS = 15 * 60.0
"""For how long one signature lets a session read who was reached."""

# Questions


class BeginCount(Message, frozen=True, kw_only=True):
    """Have the ledger read for whom these openings reached; answered by `CountBegun`.

    Nothing is declared by it. With an incident's id: what is new of it, or, without
    selectors and words, its newest version read for its drafts.
    """

    session: str
    incident: str = ""
    selectors: tuple[Wanted, ...] = ()
    """Whose openings; whatever one of them names. The organisation is the own."""
    found_at: int = 0
    """When it was found out."""
    what: str = ""
    """What happened; of an incident that there is, what is new."""
    told: Told | None = None


class LookAtCount(Message, frozen=True):
    """How far a count of one's own is."""

    session: str
    count: str


class ListIncidents(Message, frozen=True):
    """All that touch the organisation, the newest first."""

    session: str


class ReadReached(Message, frozen=True):
    """Who was reached: a portion, once the session's passkey signed for it."""

    session: str
    incident: str
    place: int = 0
    """Where to go on, as the portion before says."""


IncidentDeskQuestion: TypeAlias = BeginCount | LookAtCount | ListIncidents | ReadReached

# Acts


class DeclareIncident(Message, frozen=True):
    """An act: what a count found is an incident, or its new version."""

    count: str


class WithdrawIncident(Message, frozen=True):
    """An act: it was declared by mistake. It stays in the list and in the ledger."""

    incident: str
    why: str


class TakeDrafts(Message, frozen=True):
    """An act: this session may read who was reached, for a quarter of an hour."""

    incident: str


class AskLetters(Message, frozen=True):
    """An act: a colleague is asked to approve letters with names and addresses."""

    incident: str


class ApproveLetters(Message, frozen=True):
    """An act of a second person: this session opens the names and addresses now.

    For half an hour, of the people of that version alone.
    """

    incident: str


IncidentAct: TypeAlias = (
    DeclareIncident | WithdrawIncident | TakeDrafts | AskLetters | ApproveLetters
)

# Answers


class CountBegun(Message, frozen=True):
    """The count's id, to look at."""

    count: str


class CountView(Message, frozen=True, kw_only=True):
    """A count: what was asked, and what was found once it is done."""

    count: str
    incident: str
    selectors: tuple[Wanted, ...]
    found_at: int
    what: str
    told: Told | None
    read: int
    """Entries read so far, of all selectors together."""
    total: int
    is_waiting: bool
    """Whether another count is read first."""
    has_failed: bool
    reach: Reach | None
    """Once it is done."""


class VersionView(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One version of what is known."""

    at: int
    why: str
    selectors: tuple[Wanted, ...]
    """Empty where the operator declared it: they may name other organisations."""
    people: int
    """Of the own organisation."""
    is_whole: bool


class LettersView(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """Letters with names and addresses: asked for, and approved by a second person."""

    version: int
    asked_by: str
    """A name."""
    asked_at: int
    is_mine: bool
    """Whether the one who looks asked for them, and so cannot approve them."""
    approved_by: str
    approved_at: int
    may_open_until: int
    """Until when this session opens names and addresses."""


class IncidentView(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One incident, as the organisation knows it."""

    id: str
    is_there: bool
    """Whether its file is; the ledger has an entry in any case."""
    is_written: bool
    """Whether the file says what the ledger's newest entry says."""
    is_own: bool
    """Whether the organisation declared it, and may revise and withdraw it."""
    found_at: int
    declared_at: int
    declared_by: str
    """A name."""
    what: str
    told: Told | None
    versions: tuple[VersionView, ...]
    report_due_at: int
    withdrawn_at: int
    withdrawn_why: str
    reach: Reach | None
    """Of the newest version; None until the ledger was read for its drafts."""
    may_read_until: int
    """Until when this session may read who was reached."""
    letters: LettersView | None = None
    """Whether somebody asked for letters, of which version."""


class IncidentList(Message, frozen=True):
    """Incidents that touch the organisation."""

    organisation_name: str
    incidents: tuple[IncidentView, ...]


class Reached(Message, frozen=True):
    """A portion of the people, as the ledger names them; no name, no address."""

    people: tuple[PersonReached, ...]
    next: int = -1
    """Where to go on; -1: there are no more."""


IncidentDeskAnswer: TypeAlias = CountBegun | CountView | IncidentList | Reached


class OwnIncident(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """An incident that touched a patient, as they are told of it themselves."""

    found_at: int
    what: str
    told: Told | None
    first: int
    last: int
    is_list_only: bool
    """Shown in a list of people, and nothing else opened."""
    is_sealed: bool
    """Whether something that is kept apart was among it."""
    types: tuple[tuple[str, int], ...]
    """FHIR types, each with how many things of it."""
    is_whole: bool
    """Whether it is certain that nothing else was seen."""
    entries: tuple[int, ...]
    """The newest first, `MOST_ENTRIES` at most."""
    onward: tuple[tuple[str, str], ...] = ()
    """Where it went on to: ways, each with to whom; `MOST_NAMED` at most."""
    is_looked_at: bool = False
    """Whether the list of who opened the record was read."""
    is_looked_at_only: bool = False
    """Whether nothing else was seen."""


MOST_ENTRIES = 200
