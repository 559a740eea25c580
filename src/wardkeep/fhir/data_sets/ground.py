# SPDX-License-Identifier: Apache-2.0
"""What holds for every patient of one data set: the month, and what its teams are."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

import msgspec

from wardkeep.base.clock import LONDON


class Month(msgspec.Struct, frozen=True):
    """The reporting period, in London's days."""

    begins: date
    ends: date
    """Its last day, within."""

    @property
    def since(self) -> datetime:
        return datetime.combine(self.begins, time(), LONDON)

    @property
    def until(self) -> datetime:
        """The moment at which it is over."""
        return datetime.combine(self.ends + timedelta(days=1), time(), LONDON)

    def has(self, day: date | None) -> bool:
        return day is not None and self.begins <= day <= self.ends

    def meets(self, began: date | None, ended: date | None) -> bool:
        """Whether something from one day to another, both within, lies partly in it."""
        if began is None or began > self.ends:
            return False
        return ended is None or ended >= self.begins


class Staff(msgspec.Struct, frozen=True):
    """How somebody is registered."""

    body: str = ""
    """The identifier system of the register."""
    registration: str = ""


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What the organisation itself says."""

    month: Month
    provider: str
    """The organisation's ODS code."""
    commissioner: str
    systems: Mapping[str, str]
    teams: Mapping[str, str]
    """Types of the teams that the data set is about, by the id of each."""
    names: Mapping[str, str]
    """What they are called."""
    practices: Mapping[str, str]
    """ODS codes of Organizations, by their ids."""
    wards: Mapping[str, str]
    """Codes of Locations, by their ids."""
    staff: Mapping[str, Staff]
    """Practitioners, by their ids."""
    teams_without_type: tuple[str, ...] = ()
    """Names of teams that take referrals and are in no data set."""
