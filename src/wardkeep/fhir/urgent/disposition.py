# SPDX-License-Identifier: Apache-2.0
"""What a call can come to: a skill and a time, by our own list.

`dispositions.toml` beside this file is the list, and says what each field means.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib import resources

import msgspec

SYSTEM = "urn:wardkeep:disposition"
"""Of a disposition's code, as a Coding has it."""


class Kind(StrEnum):
    """What happens next, and who does it."""

    AMBULANCE = "ambulance"
    SPEAK = "speak"
    ATTEND = "attend"
    CONTACT = "contact"
    SELF_CARE = "self-care"
    INFORMATION = "information"


class Disposition(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """One line of the list."""

    code: str
    words: str
    kind: Kind
    priority: str
    """FHIR request-priority: routine, urgent, asap or stat."""
    skill: str = ""
    """Of the queue in which it waits; empty where nothing waits."""
    minutes: int = 0
    """Until it is to have happened; 0 where there is no such time."""
    category: str = ""
    """Of an ambulance response, as BaRS has them: C1 to C5."""
    tells_surgery: bool = True
    """Whether the surgery is told when the journey ends."""
    dx: tuple[str, ...] = ()
    """Public codes of others that mean the same."""

    @property
    def waits(self) -> bool:
        """Whether somebody here has to do something about it."""
        return bool(self.skill)

    def deadline(self, given: datetime) -> datetime | None:
        """When it is to have happened, in UTC, in which elapsed time counts.

        `given` has a time zone; an hour added in London's would be two on the night on
        which the clocks go back.
        """
        if not self.minutes:
            return None
        return given.astimezone(UTC) + timedelta(minutes=self.minutes)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    version: str
    disposition: tuple[Disposition, ...]


def _read() -> _File:
    text = resources.files(__package__).joinpath("dispositions.toml").read_text("utf-8")
    return msgspec.toml.decode(text, type=_File)


_LIST = _read()
VERSION = _LIST.version
DISPOSITIONS = {one.code: one for one in _LIST.disposition}
"""By code, in the list's order: the most pressing first."""
SKILLS = tuple(dict.fromkeys(one.skill for one in _LIST.disposition if one.skill))
"""Whose queues there are."""
