# SPDX-License-Identifier: Apache-2.0
"""What the warden answers."""

from typing import TypeAlias

import msgspec

from wardkeep.disclosure.canaries import CanaryAnswer
from wardkeep.disclosure.car_lists import CarListAnswer
from wardkeep.disclosure.check_in import CheckInReply
from wardkeep.disclosure.confirming import ConfirmingAnswer
from wardkeep.disclosure.containment import ContainmentAnswer
from wardkeep.disclosure.copies import CopyAnswer
from wardkeep.disclosure.data_sets import DataSetAnswer
from wardkeep.disclosure.federation import FederationAnswer
from wardkeep.disclosure.handing_over import HandOverAnswer
from wardkeep.disclosure.incident_desk import IncidentDeskAnswer
from wardkeep.disclosure.incidents import IncidentAnswer
from wardkeep.disclosure.keys import KeyAnswer
from wardkeep.disclosure.kiosks import KioskAnswer
from wardkeep.disclosure.limits import LimitAnswer
from wardkeep.disclosure.medicine_signing import MedicineAnswer
from wardkeep.disclosure.message import Message
from wardkeep.disclosure.patients import PatientAnswer
from wardkeep.disclosure.people import PeopleAnswer
from wardkeep.disclosure.provisioning import ProvisioningAnswer
from wardkeep.disclosure.pulse import PulseAnswer
from wardkeep.disclosure.smart import SmartAnswer
from wardkeep.disclosure.support import SupportAnswer
from wardkeep.disclosure.telephone import TelephoneAnswer
from wardkeep.disclosure.ways_in import WayInAnswer
from wardkeep.disclosure.who_i_am import WhoIAmAnswer


class Welcome(Message, frozen=True):
    """The answer to Hello."""

    protocol: int
    software: str


class Done(Message, frozen=True):
    """It is done and there is nothing to tell."""


class GoingOn(Message, frozen=True):
    """Which sessions may go on, in the order in which they were named."""

    may: tuple[bool, ...]


class Refusal(Message, frozen=True):
    """No, why not, and what the person can do about it."""

    code: str
    why: str
    mend: str
    entry: int = -1
    """The refusal's own entry in the ledger; -1 where none was due or possible."""
    needs_reason: bool = False
    """Whether the same question with a typed reason would be answered."""


class CeremonyOptions(Message, frozen=True):
    """Options for `navigator.credentials`, as JSON."""

    options: bytes


class SignedIn(Message, frozen=True):
    """The secret of a new session, told once."""

    token: str
    expires_at: int
    """UTC microseconds since 1970."""
    scope: str = ""
    """Of a program: what it may do, as SMART scopes."""
    has_new_passkey: bool = False
    """Another passkey was added within the last days: its owner should know."""


class Invitation(Message, frozen=True):
    """Whom an invitation is for."""

    display_name: str
    organisation: str
    role_title: str


class SessionView(Message, frozen=True):
    """Who is signed in; holds nothing secret."""

    session: str
    account: str
    display_name: str
    organisation: int
    organisation_name: str
    organisation_slug: str
    role: str
    role_title: str
    factor: str
    started_at: int
    last_used_at: int
    expires_at: int
    device: str = ""
    scope: str = ""
    """Of a program: what it may do, as SMART scopes."""
    may_change_passkeys: bool = False
    """Whether one's own passkey was used for that a few minutes ago."""
    asleep_after: int = 0
    """Seconds without use after which it sleeps; 0: it does not."""
    app: str = ""
    """The id of the app that acts for the person; empty: nobody does."""
    patient: str = ""
    """Of an app: the one patient whom its `patient/` scopes are about."""
    provider: str = ""
    """The identity provider that vouched for the person; empty: none did."""
    own_patient: str = ""
    """Of a patient: the record that is theirs."""
    handle: str = ""
    """What the door takes for this request, where the token itself needs a proof."""


class Sessions(Message, frozen=True):
    """Live sessions, the newest first."""

    sessions: tuple[SessionView, ...]


class Passkey(msgspec.Struct, frozen=True, array_like=True):
    """A registered passkey, as its owner sees it."""

    credential: bytes
    label: str
    created_at: int
    last_used_at: int
    """0 where it has not been used."""
    is_synced: bool
    works_from: int = 0
    """UTC microseconds since 1970: until then it rests. 0: it works."""


class Passkeys(Message, frozen=True):
    """Registered passkeys, the oldest first."""

    passkeys: tuple[Passkey, ...]


class Grant(Message, frozen=True):
    """Yes: the keys, in the order of the items, and where it is written down."""

    entry: int
    """Index of the (first) entry in the ledger, already on disk."""
    granted_at: int
    relationships: tuple[str, ...]
    """For each item why the account may expect the patient; empty: by reason."""
    keys: tuple[bytes, ...]


class Tokens(Message, frozen=True):
    """Search tokens, in the order of the values."""

    tokens: tuple[int, ...]
    newer: tuple[int, ...] = ()
    """The same under the key that comes, while rows hold both."""
    turn: int = 0
    """What a row that holds these is marked with (docs/formats/search-facts.md)."""
    is_switched: bool = False
    """Whether a search asks for the newer ones."""


class PatientKeys(msgspec.Struct, frozen=True, array_like=True):
    """A new patient's three keys, wrapped for the row.

    Plain for the writer are those of banner and record: what is sealed has a key for
    each row (`NewSeals`), and the one above them never leaves the warden.
    """

    patient: str
    wrapped: tuple[bytes, bytes, bytes]
    plain: tuple[bytes, bytes]


class NewKeys(Message, frozen=True):
    """Keys in the order of the patients."""

    patients: tuple[PatientKeys, ...]


class Seals(Message, frozen=True):
    """A key for each resource, as it goes before the body, and plain for the writer."""

    entry: int
    seals: tuple[tuple[bytes, bytes], ...]


class SharedKey(Message, frozen=True):
    """The key of the organisation's own resources, wrapped and plain."""

    wrapped_key: bytes
    key: bytes


class AccessLine(msgspec.Struct, frozen=True, array_like=True):
    """One entry of the ledger about one patient."""

    entry: int
    at: int
    display_name: str
    role_title: str
    purpose: str
    reason: str
    relationship: str
    action: str
    tier: str
    outcome: str
    resources: int
    account: str = ""
    types: str = ""
    """What was disclosed, in words: `2 Condition, 1 Observation`."""
    rule: str = ""
    """Of a refusal: the rule that decided so, why, and what would have allowed it."""
    because: str = ""
    would_allow: str = ""
    sent_to: str = ""
    """Of a message: to whom, as whoever sent it said."""


class AccessHistory(Message, frozen=True):
    """Entries about one patient, newest first, and how many there are in all."""

    lines: tuple[AccessLine, ...]
    total: int
    entry: int
    next: int = -1
    """Ask for entries before this one; -1: there are no more."""


class LedgerLine(msgspec.Struct, frozen=True, array_like=True):
    """What one entry of the ledger says of one patient, or of nobody."""

    entry: int
    part: int
    """Which of the entry's patients, counted from 0."""
    at: int
    account: str
    display_name: str
    role: str
    role_title: str
    purpose: str
    reason: str
    relationship: str
    action: str
    request: str
    patient: str
    resources: tuple[tuple[str, str, int], ...]
    outcome: str
    software: str
    sent_to: str = ""
    """Of a message: to whom, as whoever sent it said."""


class LedgerPage(Message, frozen=True):
    """Lines, the newest first, and where to go on."""

    lines: tuple[LedgerLine, ...]
    next: int
    """Ask for entries before this one; -1: there are no more."""


class ErasureView(msgspec.Struct, frozen=True, array_like=True):
    """An erasure as those see it who decide; times are 0 where they have not come."""

    id: str
    patient: str
    ground: str
    reason: str
    asked_by: str
    asked_at: int
    approved_by: str
    approved_at: int
    withdrawn_at: int
    done_at: int
    resources: int
    versions: int
    is_mine: bool
    """Whether the session's own account asked: then another must approve."""
    rule: str = ""
    """Instead of a patient: what this rule has kept for long enough."""
    before: int = 0
    """What is older than this goes."""
    people: int = 0
    """In how many people's records something was."""


class Erasures(Message, frozen=True):
    """Erasures: those that wait first."""

    erasures: tuple[ErasureView, ...]


class TermView(msgspec.Struct, frozen=True, array_like=True):
    """How long the organisation keeps what one rule is about."""

    rule: str
    years: int
    is_held: bool
    """Nothing is due, whatever its age: an inquiry or a court may want it."""
    before: int
    """What is older has been kept for long enough."""
    asked: str
    """The id of the erasure that waits for a decision; empty where none does."""


class Terms(Message, frozen=True):
    """The terms of every rule."""

    terms: tuple[TermView, ...]


class WitnessView(msgspec.Struct, frozen=True, array_like=True):
    """One witness of the ledger."""

    name: str
    entries: int
    """In the newest checkpoint that it signed."""
    at: int
    """POSIX seconds of that; 0: it signed none."""
    fault: str
    """What is wrong with it, as the end of a sentence; empty where nothing is."""
    is_at_odds: bool
    """It signed what this ledger is no continuation of."""


class Health(Message, frozen=True):
    """Whether the warden can do its work."""

    is_ledger_writable: bool
    is_database_reachable: bool
    ledger_size: int
    live_sessions: int
    organisations: int
    verify_key: bytes
    origin: str
    witnesses: tuple[WitnessView, ...] = ()


class AccountView(msgspec.Struct, frozen=True, array_like=True):
    """An account in a list for the operator."""

    account: str
    display_name: str
    organisation: str
    role: str
    passkeys: int
    is_ended: bool


class Accounts(Message, frozen=True):
    """Accounts of an organisation."""

    accounts: tuple[AccountView, ...]


class Created(Message, frozen=True):
    """The name under which the new thing is known: an id, number, link secret."""

    id: str


Answer: TypeAlias = (
    Welcome
    | Done
    | GoingOn
    | Refusal
    | CeremonyOptions
    | SignedIn
    | Invitation
    | SessionView
    | Sessions
    | Passkeys
    | Grant
    | Tokens
    | NewKeys
    | Seals
    | SharedKey
    | AccessHistory
    | LedgerPage
    | Erasures
    | Terms
    | Health
    | Accounts
    | Created
    | PeopleAnswer
    | ConfirmingAnswer
    | SmartAnswer
    | FederationAnswer
    | SupportAnswer
    | ProvisioningAnswer
    | KioskAnswer
    | CheckInReply
    | ContainmentAnswer
    | LimitAnswer
    | PulseAnswer
    | PatientAnswer
    | KeyAnswer
    | WayInAnswer
    | WhoIAmAnswer
    | CanaryAnswer
    | IncidentAnswer
    | IncidentDeskAnswer
    | CopyAnswer
    | DataSetAnswer
    | HandOverAnswer
    | MedicineAnswer
    | TelephoneAnswer
    | CarListAnswer
)
