# SPDX-License-Identifier: Apache-2.0
"""Messages about support access: granted by the controller, watched, ended.

The operator's people reach nothing by themselves. An organisation grants one of them a
few named patients for minutes; the act is confirmed like any that widens rights.
"""

from typing import TypeAlias

import msgspec

from wardkeep.disclosure.message import Message

MOST_PATIENTS = 5
LONGEST_MINUTES = 60


class GrantSupport(Message, frozen=True, kw_only=True):
    """An act: let a support person open these patients' records, and no others."""

    account: str
    patients: tuple[str, ...]
    """FHIR ids."""
    minutes: int
    """From the second person's yes."""
    reason: str
    is_record: bool = False
    """Whether the record opens, or the banner alone."""


SupportAct: TypeAlias = GrantSupport


class ListSupport(Message, frozen=True):
    """The support people whom one may name, and the grants of the organisation."""

    session: str


class WatchSupport(Message, frozen=True):
    """One grant as it stands now, with everything that was opened by it."""

    session: str
    grant: str


class EndSupport(Message, frozen=True):
    """End a grant: it holds at once, everywhere."""

    session: str
    grant: str


class ListMyGrants(Message, frozen=True):
    """The grants that a support person has now, wherever they are."""

    session: str


SupportQuestion: TypeAlias = ListSupport | WatchSupport | EndSupport | ListMyGrants


class SupportOpening(msgspec.Struct, frozen=True, array_like=True):
    """One opening."""

    at: int
    patient: str
    what: str


class SupportGrantView(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A grant; times are UTC microseconds since 1970, 0 where they have not come."""

    id: str
    organisation: int
    organisation_name: str
    supporter: str
    patients: tuple[str, ...]
    is_record: bool
    reason: str
    asked_by: str
    approved_by: str
    starts_at: int
    ends_at: int
    ended_at: int
    ended_by: str
    seconds_left: int
    """0: it is over."""
    openings: int
    is_here: bool = False
    """Whether the session that asks is in that organisation."""


class Support(Message, frozen=True):
    """Support people as (account, name), and the grants, the newest first."""

    supporters: tuple[tuple[str, str], ...]
    grants: tuple[SupportGrantView, ...]


class SupportWatched(Message, frozen=True):
    """A grant, and its openings, the newest first."""

    grant: SupportGrantView
    openings: tuple[SupportOpening, ...]


class MyGrants(Message, frozen=True):
    """Those that hold, the first to end first."""

    grants: tuple[SupportGrantView, ...]


SupportAnswer: TypeAlias = Support | SupportWatched | MyGrants
