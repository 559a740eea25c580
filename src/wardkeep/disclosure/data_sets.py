# SPDX-License-Identifier: Apache-2.0
"""Messages about national data sets: agreed on by two people, taken by the operator.

An extract is the greatest release that there is. Two people sign for one data set, one
organisation and one reporting period; the operator's command then takes it, through an
action of the door of its own that no session of a person or program has.
"""

import calendar
import re
from datetime import date
from typing import TypeAlias

import msgspec

from wardkeep.disclosure.message import Message

AGREED_DAYS = 21
"""For so long after the second signature it may be taken: a month's figures are sent,
mended and sent again."""
MOST_TAKEN = 20
"""Times, checks among them."""
_MONTH = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])")


class DataSet(msgspec.Struct, frozen=True):
    """A national data set, and the FHIR types that it is made from."""

    title: str
    version: str
    types: frozenset[str]


DATA_SETS = {
    "mhsds": DataSet(
        "Mental Health Services Data Set",
        "6.0",
        frozenset(
            {
                *("Patient", "ServiceRequest", "EpisodeOfCare", "Encounter"),
                "Observation",
            }
        ),
    ),
    "iuc": DataSet(
        "Integrated Urgent Care figures, from the records",
        "2026",
        frozenset({"Encounter", "ServiceRequest", "Task", "Appointment"}),
    ),
}
AS_FILES = ("mhsds",)
"""Those that leave as files. Of the others only numbers are made here again."""


class Period(msgspec.Struct, frozen=True):
    """A reporting period: one calendar month."""

    begins: date
    ends: date
    """Its last day, within."""

    @property
    def name(self) -> str:
        """As in 2026-11."""
        return f"{self.begins:%Y-%m}"


def period_named(text: str) -> Period | None:
    """The month written as 2026-11; None where it is none."""
    if _MONTH.fullmatch(text) is None:
        return None
    begins = date.fromisoformat(f"{text}-01")
    last = calendar.monthrange(begins.year, begins.month)[1]
    return Period(begins, begins.replace(day=last))


class AskDataSet(Message, frozen=True, kw_only=True):
    """An act, the first person's: have this period of this data set put together."""

    id: str
    data_set: str
    """One of `DATA_SETS`."""
    period: str
    """As in 2026-11."""
    reason: str


class AgreeDataSet(Message, frozen=True):
    """An act, the second person's: the operator may take it."""

    release: str


DataSetAct: TypeAlias = AskDataSet | AgreeDataSet


class ListDataSets(Message, frozen=True):
    """What was asked for and agreed on in the session's organisation."""

    session: str


class WithdrawDataSet(Message, frozen=True):
    """Ask no longer, or agree no longer: nothing more is taken by it."""

    session: str
    release: str


DataSetQuestion: TypeAlias = ListDataSets | WithdrawDataSet


class BeginDataSet(Message, frozen=True):
    """The operator's: a session that takes what was agreed on, and nothing else."""

    organisation: str
    """Its short name."""
    data_set: str
    period: str


class EndDataSet(Message, frozen=True, kw_only=True):
    """The operator's: the session is over, and what came of it."""

    session: str
    is_check: bool
    """Whether it was only looked through for what is missing."""
    patients: int
    digest: str
    """SHA-256 of the manifest in hexadecimal; empty of a check."""


DataSetOperatorQuestion: TypeAlias = BeginDataSet | EndDataSet


class ReleaseView(Message, frozen=True, kw_only=True):
    """A release as pages show it. Times are UTC microseconds since 1970; 0: not yet."""

    id: str
    data_set: str
    version: str
    period: str
    reason: str
    asked_by: str
    asked_at: int
    agreed_by: str = ""
    agreed_at: int = 0
    withdrawn_by: str = ""
    withdrawn_at: int = 0
    until: int = 0
    """Until when it may be taken."""
    taken: int = 0
    """How often it was begun, checks among them."""
    taken_at: int = 0
    patients: int = 0
    """Of the last extract."""
    digest: str = ""
    is_mine: bool = False


class Releases(Message, frozen=True):
    """The organisation's, those that wait first."""

    releases: tuple[ReleaseView, ...]


class DataSetBegun(Message, frozen=True, kw_only=True):
    """What the operator's command needs to take it."""

    token: str
    organisation: int
    organisation_name: str
    release: str
    version: str


DataSetAnswer: TypeAlias = Releases | DataSetBegun
