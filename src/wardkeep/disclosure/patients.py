# SPDX-License-Identifier: Apache-2.0
"""Messages about patients who sign in: invited, looked at, ended, and what they see."""

from typing import TypeAlias

import msgspec

from wardkeep.disclosure.incident_desk import OwnIncident
from wardkeep.disclosure.message import Message


class InvitePatient(Message, frozen=True):
    """An act: a link by which the patient, who stands here, makes a passkey.

    Answered by `Links`. Where the patient has an account, the link ends its passkeys.
    """

    patient: str


PatientAct: TypeAlias = InvitePatient


class LookAtPatientAccount(Message, frozen=True):
    """Whether a patient signs in here, for those who may open the record."""

    session: str
    patient: str


class EndPatientAccount(Message, frozen=True):
    """End a patient's account and its sessions at once; the record stays."""

    session: str
    patient: str


class ReadOwnAccess(Message, frozen=True):
    """The patient's own question: who opened my record, the newest first."""

    session: str
    before: int = -1
    """Entries before this one; -1: from the newest."""


PatientQuestion: TypeAlias = LookAtPatientAccount | EndPatientAccount | ReadOwnAccess


class PatientAccount(Message, frozen=True):
    """A patient's account; times are UTC microseconds since 1970, 0: never."""

    is_there: bool
    passkeys: int = 0
    since: int = 0
    last_signed_in: int = 0
    has_link: bool = False


class OwnAccessLine(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One entry about the patient, without the name of who opened it."""

    entry: int
    at: int
    """UTC microseconds since 1970."""
    role: str
    role_title: str
    purpose: str
    reason: str
    """As typed for this opening; the page that asks for it says who can see it."""
    relationship: str
    action: str
    tier: str
    resources: int
    is_refused: bool
    is_mine: bool
    """Whether the patient did it."""
    sent_to: str = ""
    """Of a message: to whom, as whoever sent it said."""


class OwnAccess(Message, frozen=True):
    """Who opened my record, the newest first."""

    organisation_name: str
    lines: tuple[OwnAccessLine, ...]
    total: int
    """Entries that there are about the patient."""
    next: int = -1
    """Where to go on, as `before`; -1: there is no more."""
    incidents: tuple[OwnIncident, ...] = ()
    """On the first page: those that reached something of this record."""


PatientAnswer: TypeAlias = PatientAccount | OwnAccess
