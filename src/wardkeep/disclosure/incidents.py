# SPDX-License-Identifier: Apache-2.0
"""Questions and answers about incidents: for the operator's socket alone."""

from typing import TypeAlias

from wardkeep.disclosure.message import Message

MOST_TOUCHED = 500
"""Organisations in one question."""


class WriteIncident(Message, frozen=True):
    """Write down that an incident was declared, revised or withdrawn.

    The ledger has an entry for each organisation it touches, which nobody takes back:
    each controller finds its own, and what was withdrawn stays known.
    """

    incident: str
    """A UUID."""
    step: str
    """The entry's action, one of `INCIDENT_STEPS`."""
    version: int
    """From 1."""
    digest: str
    """SHA-256 of the incident's file, in hexadecimal."""
    touched: tuple[tuple[int, int], ...]
    """Organisations by number, each with how many of its people were reached."""


class CheckIncident(Message, frozen=True):
    """Whether the newest entries of the ledger about an incident say this."""

    incident: str
    step: str
    version: int
    digest: str
    organisations: tuple[int, ...]
    """Those touched; 0: nobody's was reached."""


class IncidentChecked(Message, frozen=True):
    """What the ledger has."""

    is_newest: bool
    """Whether that is what its newest entries say, of each organisation."""
    is_there: bool
    """Whether each organisation has such an entry, newest or not."""


class IncidentWritten(Message, frozen=True):
    """It is in the ledger."""

    names: tuple[tuple[int, str], ...]
    """The touched organisations' numbers and names."""


IncidentQuestion: TypeAlias = WriteIncident | CheckIncident
IncidentAnswer: TypeAlias = IncidentWritten | IncidentChecked
