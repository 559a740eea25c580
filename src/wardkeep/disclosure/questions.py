# SPDX-License-Identifier: Apache-2.0
"""What may be asked of the warden, on the door's socket and on the operator's."""

from typing import TypeAlias

import msgspec

from wardkeep.disclosure.canaries import CanaryQuestion
from wardkeep.disclosure.car_lists import CarListQuestion
from wardkeep.disclosure.check_in import CheckInQuestion
from wardkeep.disclosure.confirming import ConfirmingQuestion
from wardkeep.disclosure.containment import ContainmentQuestion
from wardkeep.disclosure.copies import CopyQuestion
from wardkeep.disclosure.data_sets import DataSetOperatorQuestion, DataSetQuestion
from wardkeep.disclosure.federation import (
    FederationOperatorQuestion,
    FederationQuestion,
)
from wardkeep.disclosure.handing_over import HandOverQuestion
from wardkeep.disclosure.incident_desk import IncidentDeskQuestion
from wardkeep.disclosure.incidents import IncidentQuestion
from wardkeep.disclosure.keys import KeyQuestion
from wardkeep.disclosure.kiosks import KioskQuestion
from wardkeep.disclosure.limits import LimitQuestion
from wardkeep.disclosure.medicine_signing import MedicineQuestion
from wardkeep.disclosure.message import Message
from wardkeep.disclosure.not_written import NotWrittenQuestion
from wardkeep.disclosure.patients import PatientQuestion
from wardkeep.disclosure.people import PeopleQuestion
from wardkeep.disclosure.provisioning import ProvisioningQuestion
from wardkeep.disclosure.pulse import PulseQuestion
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.smart import (
    KeyProof,
    SmartOperatorQuestion,
    SmartQuestion,
)
from wardkeep.disclosure.support import SupportQuestion
from wardkeep.disclosure.telephone import TelephoneQuestion
from wardkeep.disclosure.waking import WakingQuestion
from wardkeep.disclosure.ways_in import WayInQuestion
from wardkeep.disclosure.who_i_am import WhoIAmQuestion

ResourceRef: TypeAlias = tuple[str, str, int]
"""A resource at a version: (FHIR type, id, version)."""


class Item(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One key asked for, and exactly what it will open."""

    patient: str
    """FHIR id of the patient."""
    tier: Tier
    wrapped_key: bytes
    resources: tuple[ResourceRef, ...]
    row_key: bytes = b""
    """Of a sealed resource that is read: its own key, as it lies before its body."""


# Questions anyone on the door's socket may ask -------------------------------


class Hello(Message, frozen=True):
    """The first frame of a connection."""

    protocol: int
    asker: str


class BeginSignIn(Message, frozen=True):
    """Ask for the options of a passkey assertion (WebAuthn Level 3, 7.2)."""


class FinishSignIn(Message, frozen=True):
    """Hand in the authenticator's answer, as JSON."""

    response: bytes
    device: str


class ClientSignIn(Message, frozen=True):
    """A service client's signed assertion (RFC 7523)."""

    assertion: str
    scope: str = ""
    """The scopes it wants of those it is registered with; empty: all of them."""
    proof: KeyProof | None = None
    """Of the key that the token is to be bound to (RFC 9449)."""


class LookAtInvitation(Message, frozen=True):
    """Whom an invitation is for, without using it."""

    secret: str


class BeginEnrolment(Message, frozen=True):
    """Ask for the options of a passkey registration, by invitation."""

    secret: str


class FinishEnrolment(Message, frozen=True):
    """Hand in the new passkey; the invitation is used up by it."""

    secret: str
    response: bytes
    label: str
    device: str


class CheckSession(Message, frozen=True):
    """Whose session this is; answered afresh for every request."""

    session: str
    is_glance: bool = False
    """Whether a page's script asks by itself: that is no use of the session."""


class MayGoOn(Message, frozen=True):
    """Whether what was opened for a session may still be sent: `Done`, or a refusal.

    Asked while a long answer is under way; that is no use of the session.
    """

    session: str


class WhichMayGoOn(Message, frozen=True):
    """The same for many sessions at once, at most `MAX_SESSIONS`: `GoingOn`."""

    sessions: tuple[str, ...]


class EndSession(Message, frozen=True):
    """Sign out, everywhere at once; `which` names another of one's own sessions."""

    session: str
    which: str = ""


class ListSessions(Message, frozen=True):
    """One's own live sessions."""

    session: str


class BeginAddPasskey(Message, frozen=True):
    """Options for registering a further passkey, while signed in."""

    session: str


class FinishAddPasskey(Message, frozen=True):
    """Hand in the further passkey."""

    session: str
    response: bytes
    label: str


class ListPasskeys(Message, frozen=True):
    """One's own passkeys."""

    session: str


class RevokePasskey(Message, frozen=True):
    """End a passkey at once; the sessions that used it end with it."""

    session: str
    credential: bytes


class Disclose(Message, frozen=True):
    """Ask for the keys to some patients' data. The one door."""

    session: str
    purpose: Purpose
    reason: str
    action: Action
    items: tuple[Item, ...]
    request: str = ""
    """What a program asked for, by names alone; goes into the entry as it is."""


class ComputeTokens(Message, frozen=True):
    """Ask for the search tokens of some values, under the session's organisation."""

    session: str
    values: tuple[bytes, ...]


class NewPatientKeys(Message, frozen=True):
    """Keys for patients who are not in the store yet."""

    session: str
    patients: tuple[str, ...]
    resources: tuple[tuple[ResourceRef, ...], ...] = ()
    """For each patient what is written with the keys; empty: it is not known yet."""


class SaidTie(msgspec.Struct, frozen=True, array_like=True):
    """Who may expect the patient of a written resource, why, and from when until when.

    Which patient that is, the question around it says: the one whose keys it asks for.
    """

    type: str
    id: str
    """The resource that says so."""
    who: str
    """A reference, as in `Practitioner/x`, `Location/y`."""
    kind: str
    since: int
    until: int
    """UTC microseconds since 1970."""


class ForWork(Message, frozen=True):
    """A question for keys to write with, and what the work explains once it is written.

    Answered as the question itself. What a named resource told before is over.
    """

    question: Disclose | NewPatientKeys
    ties: tuple[SaidTie, ...]
    change: str = ""
    """Its random name, by which it is taken back (`NotWritten`); empty: it never is."""


class NewSeals(Message, frozen=True):
    """Keys to seal new versions of one patient's resources; they open nothing else."""

    session: str
    purpose: Purpose
    reason: str
    patient: str
    wrapped_key: bytes
    """The patient's wrapped key of the sealed tier."""
    resources: tuple[ResourceRef, ...]
    request: str = ""


class OpenSharedKey(Message, frozen=True):
    """The key of the organisation's own resources; empty `wrapped_key` makes one."""

    session: str
    wrapped_key: bytes


class ReadAccessHistory(Message, frozen=True):
    """Who opened this patient's record, newest first."""

    session: str
    patient: str
    at_most: int
    before: int = -1
    """Entries before this one; -1: from the newest on."""


class ReadLedger(Message, frozen=True):
    """What entries of the session's organisation say, the newest first."""

    session: str
    patient: str = ""
    """Only lines about this patient; empty: about anyone."""
    before: int = -1
    """Entries before this one; -1: from the newest on."""
    first: int = 0
    """The oldest entry that is wanted."""
    since: int = 0
    """UTC microseconds since 1970; about an hour older ones may come besides."""
    until: int = 0
    """The same; 0: no end."""
    is_one: bool = False
    """Whether one entry is read by its number: another scope covers that."""
    request: str = ""
    account: str = ""
    """Only what this account did; empty: anyone."""


class AskErasure(Message, frozen=True):
    """Ask that a record be destroyed, or what a rule has kept for long enough.

    Either `patient` or `rule` is empty. Gives the question's id.
    """

    session: str
    patient: str
    ground: str
    reason: str
    rule: str = ""


class ListRetention(Message, frozen=True):
    """How long the organisation keeps what."""

    session: str


class SetRetention(Message, frozen=True):
    """Keep longer than the least, or hold everything until further notice."""

    session: str
    rule: str
    years: int
    is_held: bool


class ListErasures(Message, frozen=True):
    """The organisation's erasures: those that wait, then the newest."""

    session: str


class WithdrawErasure(Message, frozen=True):
    """Take the question back, or say no."""

    session: str
    erasure: str


class AskHealth(Message, frozen=True):
    """Whether the warden can do its work. Tells nothing of any patient."""


# Questions for the operator's socket only (its folder lets no other user in) --


class CreateOrganisation(Message, frozen=True):
    """A new tenant with a key of its own. Gives its number."""

    slug: str
    name: str


class CreateAccount(Message, frozen=True):
    """A person, in an organisation, in a role. Gives the account's id."""

    organisation: str
    """The organisation's slug."""
    display_name: str
    role: str


class Invite(Message, frozen=True):
    """A one-time enrolment link for an account."""

    account: str
    valid_hours: float


class EndAccount(Message, frozen=True):
    """End an account, its memberships, passkeys and sessions at once."""

    account: str


class ListAccounts(Message, frozen=True):
    """Who may sign in to an organisation."""

    organisation: str


class RegisterClient(Message, frozen=True):
    """A service client with its public keys (RFC 7517). Gives its account id."""

    organisation: str
    name: str
    jwks: bytes
    scope: str
    patients_per_hour: int


class AddRelationships(Message, frozen=True):
    """Say why accounts may expect patients: (account, patient, kind)."""

    organisation: str
    pairs: tuple[tuple[str, str, str], ...]
    times: tuple[tuple[int, int], ...] = ()
    """For each when it begins and ends, in UTC microseconds since 1970; of a visit its
    own times. Empty: all of them hold from now on."""


class SetWork(Message, frozen=True):
    """Say who is who: which account a practitioner is, and who works in which places.

    What an account or a team stood for before is over; nobody leaves a team by it.
    """

    organisation: str
    """Its short name."""
    practitioners: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(account, references), as in `Practitioner/x`."""
    teams: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = ()
    """(name, references, accounts); a team that is not there is made."""


class BeginImport(Message, frozen=True):
    """A session that can make keys and tokens for one organisation and open nothing."""

    organisation: str
    """Its short name; empty where there is one organisation only."""


class TakeForDataSet(Message, frozen=True):
    """Keys for what goes into a data set that was agreed on; its action is EXTRACT."""

    question: Disclose


DoorQuestion: TypeAlias = (
    Hello
    | BeginSignIn
    | FinishSignIn
    | ClientSignIn
    | LookAtInvitation
    | BeginEnrolment
    | FinishEnrolment
    | CheckSession
    | MayGoOn
    | WhichMayGoOn
    | EndSession
    | ListSessions
    | BeginAddPasskey
    | FinishAddPasskey
    | ListPasskeys
    | RevokePasskey
    | Disclose
    | ComputeTokens
    | NewPatientKeys
    | ForWork
    | NotWrittenQuestion
    | NewSeals
    | OpenSharedKey
    | ReadAccessHistory
    | ReadLedger
    | AskErasure
    | ListRetention
    | SetRetention
    | ListErasures
    | WithdrawErasure
    | AskHealth
    | PeopleQuestion
    | ConfirmingQuestion
    | SmartQuestion
    | WakingQuestion
    | FederationQuestion
    | SupportQuestion
    | ProvisioningQuestion
    | KioskQuestion
    | CheckInQuestion
    | ContainmentQuestion
    | IncidentDeskQuestion
    | LimitQuestion
    | PulseQuestion
    | PatientQuestion
    | WayInQuestion
    | WhoIAmQuestion
    | CopyQuestion
    | HandOverQuestion
    | MedicineQuestion
    | DataSetQuestion
    | TelephoneQuestion
    | CarListQuestion
)
OperatorQuestion: TypeAlias = (
    Hello
    | CreateOrganisation
    | CreateAccount
    | Invite
    | EndAccount
    | ListAccounts
    | RegisterClient
    | AddRelationships
    | SetWork
    | BeginImport
    | CheckSession
    | EndSession
    | ComputeTokens
    | NewPatientKeys
    | ForWork
    | NotWrittenQuestion
    | NewSeals
    | OpenSharedKey
    | AskHealth
    | SmartOperatorQuestion
    | FederationOperatorQuestion
    | KeyQuestion
    | CanaryQuestion
    | IncidentQuestion
    | DataSetOperatorQuestion
    | TakeForDataSet
)
Question: TypeAlias = DoorQuestion | OperatorQuestion
