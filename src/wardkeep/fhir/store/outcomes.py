# SPDX-License-Identifier: Apache-2.0
"""What is handed to the store, and what it answers besides the door's refusal."""

from datetime import datetime

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.base.outcome import Problem
from wardkeep.disclosure.purpose import Purpose, Tier
from wardkeep.fhir.store.limits import Limits

NO_ENTRY = -1
"""Where the ledger has no entry: nothing of any patient was opened."""

NO_GUARD = -1


class Opener(msgspec.Struct, frozen=True, kw_only=True):
    """Who opens records, and why: what every question to the store carries."""

    session: str
    """The session's secret token."""
    organisation: OrganisationId
    purpose: Purpose = Purpose.DIRECT_CARE
    reason: str = ""
    request: str = ""
    """What a program asks for, by names alone: the ledger is told."""
    limits: Limits | None = None
    """What an app's scopes leave; None: the whole of what the session reaches."""


class OpenedResource(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One resource in the clear; its JSON is parsed by whoever needs it parsed."""

    type: str
    id: str
    version: int
    patient: str
    """The patient whose key sealed it; empty for the organisation's own."""
    tier: Tier
    clinical_at: datetime | None
    last_updated: datetime
    text: bytes


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What was opened, and the entry that says so."""

    resources: tuple[OpenedResource, ...]
    entry: int = NO_ENTRY
    granted_at: int = 0
    """UTC microseconds since 1970; 0 where there is no entry."""
    relationship: str = ""
    """Why the account may expect the patient; empty: by reason, or no patient."""
    is_more: bool = False
    """Whether there are more than were asked for."""
    sealed_left: int = 0
    """Resources of tiers that were not asked for, still sealed."""


class NotFound(msgspec.Struct, frozen=True, kw_only=True):
    """There is no such thing in this organisation."""

    type: str
    id: str
    was_deleted: bool = False


class Reference(msgspec.Struct, frozen=True):
    """A resource at a version."""

    type: str
    id: str
    version: int


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What was written, in the order it was handed in."""

    references: tuple[Reference, ...]
    last_updated: datetime
    entry: int = NO_ENTRY
    created: frozenset[tuple[str, str]] = frozenset()
    """(type, id) of those that did not exist before."""
    removed: tuple[Reference, ...] = ()
    """What was deleted, each at the version that says so."""


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody else has written a newer version than the one this change builds on."""

    type: str
    id: str
    version: int
    """The version that there is now; 0 where there is none."""


class Invalid(msgspec.Struct, frozen=True, kw_only=True):
    """What was handed in cannot be stored, and why."""

    problems: tuple[Problem, ...]


class AlreadyThere(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wrote what this change was to write unless it was there."""

    guard: int
    """Which of the change's guards met it; NO_GUARD: a statement beside it did."""


class TooMany(msgspec.Struct, frozen=True, kw_only=True):
    """More people match than a list may show; nobody's data was opened."""

    at_least: int


class PatientRow(msgspec.Struct, frozen=True, kw_only=True):
    """A person of a list: the banner tier, as JSON."""

    id: str
    version: int
    text: bytes


class FoundPatients(msgspec.Struct, frozen=True, kw_only=True):
    """People who match, each named in the ledger."""

    patients: tuple[PatientRow, ...]
    entry: int = NO_ENTRY
    granted_at: int = 0
