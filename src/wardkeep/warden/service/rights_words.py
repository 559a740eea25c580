# SPDX-License-Identifier: Apache-2.0
"""Changes of rights in words, and which of them one person alone may not make."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from wardkeep.base.clock import LONDON, from_microseconds, microseconds_since_epoch
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.people import MOST_PEOPLE, AddPeople, NewPerson
from wardkeep.identity.people import Person
from wardkeep.identity.roles import (
    GUARDED,
    PEOPLE,
    Budget,
    Held,
    Role,
    needs_second_person,
    role_named,
)
from wardkeep.warden.service.said import NOT_YOUR_WORK
from wardkeep.warden.sessions import Session

LONGEST_NAME = 120
LONGEST_WORK = timedelta(days=5 * 366)
SECOND_PERSON = "A second person has to confirm it before anything changes."
NO_SUCH_PERSON = Refusal(
    code="no-such-person",
    why="Nobody with that account works here.",
    mend="See the list of people.",
)
NOT_YOURSELF = Refusal(
    code="not-yourself",
    why="Nobody changes their own rights.",
    mend="Ask a colleague.",
)
NOT_OPEN = Refusal(
    code="not-open",
    why="There is no such change that waits for a decision.",
    mend="See the list: somebody may have decided it.",
)
OPERATORS_PERSON = Refusal(
    code="operators-person",
    why="That is one of the operator's people, whose account is not yours to change.",
    mend="End their support access, on the page Support.",
)
WORKS_ELSEWHERE = Refusal(
    code="works-elsewhere",
    why="They work in another organisation too, which a new link would open as well.",
    mend="End their work here and add them anew: they take it on with the passkey that"
    " the other organisation gives them.",
)
ANOTHER = Refusal(
    code="second-person",
    why="Whoever asked for a change, or gains by it, cannot confirm it.",
    mend="Ask a colleague to confirm it.",
)
NO_CHANGE = Refusal(
    code="no-change",
    why="The person has that role until then already.",
    mend="Choose another role, or another day.",
)
DEVICE_FIRST = Refusal(
    code="device-bound",
    why="That role needs a passkey that stays on one device, and the person has none.",
    mend="Ask them to add one on their account page first, as on a security key.",
)


class MeanwhileError(Exception):
    """Somebody else was faster; what was begun is rolled back."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def may_manage(session: Session, *more: Role) -> Refusal | None:
    """People of guarded roles manage people; for some acts others may as well."""
    is_person = session.scopes is None
    return None if is_person and session.role in {*GUARDED, *more} else NOT_YOUR_WORK


def bad(why: str) -> Refusal:
    return Refusal(code="bad-rights", why=why, mend="Correct it and try again.")


def adding_needs_second(act: AddPeople, held: Held) -> bool:
    return any(needs_second_person(None, Role(one.role), held) for one in act.people)


def change_needs_second(person: Person, role: Role, until: int, held: Held) -> bool:
    """A wider role, or the same for longer."""
    had = when(person.until)
    lasts_longer = bool(had) and (not until or until > had)
    is_of_use = role.budget != Budget() or role in GUARDED
    return needs_second_person(person.role, role, held) or (lasts_longer and is_of_use)


def work(one: NewPerson, teams: Mapping[str, str]) -> str:
    words = role_until(Role(one.role), one.until)
    return f"{words}, team {teams.get(one.team, 'ended')}" if one.team else words


def role_until(role: Role, until: int) -> str:
    if not until:
        return role.title
    last = from_microseconds(until - 1).astimezone(LONDON)
    return f"{role.title} until {last:%-d %B %Y}"


def when(moment: datetime | None) -> int:
    return 0 if moment is None else microseconds_since_epoch(moment)


def moment(microseconds: int) -> datetime | None:
    return from_microseconds(microseconds) if microseconds else None


def fault_in_vouching(person: Person, *, by: str) -> Refusal | None:
    """Why a link for this person may not be made by that account.

    A link is good for all of an account. So one organisation alone makes none for
    somebody whom another lets in too: it would let itself in there.
    """
    if person.account == by:
        return NOT_YOURSELF
    if person.role is Role.SUPPORT:
        return OPERATORS_PERSON
    return WORKS_ELSEWHERE if person.works_elsewhere else None


def fault_in_change(
    person: Person, role: Role, until: int, *, by: str
) -> Refusal | None:
    """Why somebody may not be given this role by that account."""
    if person.account == by:
        return NOT_YOURSELF
    if person.role is Role.SUPPORT:
        return OPERATORS_PERSON
    if role is person.role and until == when(person.until):
        return NO_CHANGE
    return DEVICE_FIRST if role in GUARDED and not person.device_bound else None


def fault_in_people(asked: Sequence[NewPerson], now: datetime) -> Refusal | None:
    """Why nobody can be added so."""
    if not 1 <= len(asked) <= MOST_PEOPLE:
        return bad(f"Name between 1 and {MOST_PEOPLE} people.")
    for one in asked:
        name = one.display_name.strip()
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            return bad(f"Each name has 1 to {LONGEST_NAME} letters.")
        if role_named(one.role) is None:
            known = ", ".join(role.value for role in PEOPLE)
            return bad(f"A role is none of these: {known}.")
        refused = fault_in_end(one.until, now)
        if refused is not None:
            return refused
    return None


def fault_in_end(until: int, now: datetime) -> Refusal | None:
    """Why work cannot end then; 0 has no end."""
    latest = microseconds_since_epoch(now + LONGEST_WORK)
    if not until or microseconds_since_epoch(now) < until <= latest:
        return None
    return bad("Work ends on a day to come, within five years.")
