# SPDX-License-Identifier: Apache-2.0
"""Incidents in words: what is typed wrongly, whose openings, how each one stands."""

import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.base.time_of_day import time_of_day
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.incident_desk import (
    FEWEST_CHARACTERS,
    MOST_CHARACTERS,
    MOST_SELECTORS,
    BeginCount,
    IncidentList,
    IncidentView,
    LettersView,
    VersionView,
)
from wardkeep.ledger.beginnings import plain_address
from wardkeep.ledger.incidents import Finding, Incident
from wardkeep.ledger.reaching import read_reach
from wardkeep.ledger.wanted import Wanted
from wardkeep.warden.directory import Directory
from wardkeep.warden.incidents import Register
from wardkeep.warden.sessions import Session

LONGEST_ID = 200
LONGEST_TOLD = 500
LATEST = 1 << 55
"""Microseconds since 1970, in the year 3111: what is later is no moment."""
_CREDENTIAL = re.compile(r"(?:[0-9a-fA-F]{2}){1,1023}")
_THE_OPERATOR = "The operator"


def bad(why: str, mend: str = "Correct it and try again.") -> Refusal:
    return Refusal(code="bad-incident", why=why, mend=mend)


def moment(at: int) -> str:
    """UTC microseconds as a day and time in London."""
    when = from_microseconds(at).astimezone(LONDON)
    return f"{when.day} {when:%B %Y}, {time_of_day(when)}"


def whose(wanted: Wanted, directory: Directory, organisation: int) -> str:
    """Whose openings a selector wants, in one line."""
    parts = []
    if wanted.account:
        is_ours = directory.is_at_home(wanted.account, organisation)
        name = directory.display_name(wanted.account) if is_ours else wanted.account
        parts.append(name)
    for words, value in (
        ("session", wanted.session),
        ("passkey", wanted.device),
        ("program or app", wanted.client),
        ("address", wanted.address),
    ):
        if value:
            parts.append(f"{words} {value[:60]}")
    what = ", ".join(parts) or "everybody of the organisation"
    if wanted.since:
        what += f", from {moment(wanted.since)}"
    if wanted.until:
        what += f", until {moment(wanted.until)}"
    return what


def fault_in(asked: BeginCount, *, now: int) -> Refusal | None:
    """What is wrong with what was asked for; None where nothing is."""
    what = len(asked.what.strip())
    if not FEWEST_CHARACTERS <= what <= MOST_CHARACTERS:
        return fault_in_reason(asked.what)
    if not asked.incident:
        if not asked.selectors:
            return bad("It names nobody whose openings were not rightful.")
        if not 0 < asked.found_at <= now:
            return bad("When it was found out is missing, or still to come.")
        if asked.told is None:
            return bad("What patients are told is missing.")
    if len(asked.selectors) > MOST_SELECTORS:
        return bad(f"{MOST_SELECTORS} at most are named at once.")
    told = asked.told
    if told is not None and not all(
        0 < len(one.strip()) <= LONGEST_TOLD for one in (told.doing, told.ask)
    ):
        return bad(f"What patients are told has 1 to {LONGEST_TOLD} characters each.")
    return next((one for one in map(_wrong, asked.selectors) if one), None)


def fault_in_reason(words: str) -> Refusal | None:
    if FEWEST_CHARACTERS <= len(words.strip()) <= MOST_CHARACTERS:
        return None
    return bad(
        f"It has {FEWEST_CHARACTERS} to {MOST_CHARACTERS} characters: a regulator reads"
        " it.",
        "Say it in a sentence or two.",
    )


def _wrong(one: Wanted) -> Refusal | None:
    if not all(0 <= at < LATEST for at in (one.since, one.until)):
        return bad("The time from which or until which is no time.")
    if one.until and one.since >= one.until:
        return bad("It ends before it begins.")
    if one.address and not plain_address(one.address):
        return bad("That is no network address.", "Write it as in 203.0.113.7.")
    if one.device and _CREDENTIAL.fullmatch(one.device) is None:
        return bad("That is no passkey's id: it has hexadecimal digits.")
    named = (one.account, one.session, one.client)
    if any(len(value) > LONGEST_ID for value in named):
        return bad("An id is too long.")
    is_everybody = not (any(named) or one.device or one.address)
    if is_everybody and not (one.since and one.until):
        return bad("For everybody it needs from when, and until when.")
    return None


class Showing:
    """Incidents as an organisation sees them."""

    def __init__(self, register: Register, directory: Directory) -> None:
        self._register = register
        self._directory = directory

    def listed(
        self,
        session: Session,
        may_read: Mapping[str, int],
        letters_of: Callable[[Session, Incident], LettersView | None],
    ) -> IncidentList:
        """All that touch the session's organisation, the newest first."""
        number = session.organisation
        found = [
            msgspec.structs.replace(
                self._view(one, number, may_read.get(one.id, 0)),
                letters=letters_of(session, one),
            )
            for one in self._register.touching(number)
        ]
        return IncidentList(
            session.organisation_name,
            (*self._lost(number), *found),
        )

    def _lost(self, organisation: int) -> Iterator[IncidentView]:
        """What the ledger has, and no file can be read of."""
        for id_ in self._register.lost(organisation):
            yield IncidentView(
                id=id_,
                is_there=False,
                is_written=False,
                is_own=False,
                found_at=0,
                declared_at=0,
                declared_by="",
                what="",
                told=None,
                versions=(),
                report_due_at=0,
                withdrawn_at=0,
                withdrawn_why="",
                reach=None,
                may_read_until=0,
            )

    def _view(
        self, one: Incident, organisation: int, may_read_until: int
    ) -> IncidentView:
        is_own = one.organisation == organisation
        name = self._directory.display_name(one.declared_by)
        return IncidentView(
            id=one.id,
            is_there=True,
            is_written=self._register.is_written(one),
            is_own=is_own,
            found_at=one.found_at,
            declared_at=one.declared_at,
            declared_by=name if is_own else _THE_OPERATOR,
            what=one.what,
            told=one.told if is_own else None,
            versions=tuple(
                _version(found, organisation, is_own=is_own) for found in one.findings
            ),
            report_due_at=one.report_due_at,
            withdrawn_at=one.withdrawn_at,
            withdrawn_why=one.withdrawn_why,
            reach=read_reach(self._register.reach_of(one, organisation)),
            may_read_until=may_read_until,
        )


def _version(found: Finding, organisation: int, *, is_own: bool) -> VersionView:
    return VersionView(
        at=found.at,
        why=found.why,
        selectors=found.selectors if is_own else (),
        people=dict(found.people).get(organisation, 0),
        is_whole=found.is_whole,
    )
