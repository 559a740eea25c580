# SPDX-License-Identifier: Apache-2.0
"""Messages of containment: proving oneself again, broken glass, freezes, alarms."""

from typing import TypeAlias

import msgspec

from wardkeep.disclosure.message import Message


class BeginProve(Message, frozen=True):
    """Options of an assertion by the account's own passkeys, to go on opening."""

    session: str


class FinishProve(Message, frozen=True):
    """The authenticator's answer; the session may reach as many others again."""

    session: str
    response: bytes


class BreakGlass(Message, frozen=True):
    """An act: open this patient now, whatever the budget says, and answer for it."""

    patient: str
    ground: str
    """One of `GROUNDS`."""


class ReleaseFreeze(Message, frozen=True):
    """An act: what was frozen may be used again, with its day's budget anew."""

    freeze: str
    reason: str


ContainmentAct: TypeAlias = BreakGlass | ReleaseFreeze

GROUNDS = {
    "life": "Danger to life or health now",
    "cannot-say": "The person cannot say who they are or what they need",
    "safeguarding": "Somebody may come to harm",
}
VERDICTS = {
    "in-order": "In order",
    "talk": "To be talked about with the person",
    "incident": "An incident",
}


class FreezeNow(Message, frozen=True):
    """Stop an account, device, app, team, the suppliers, or the organisation."""

    session: str
    kind: str
    target: str
    """The id of what is frozen; empty for suppliers and the organisation."""
    because: str


class ReadContainment(Message, frozen=True):
    """What is frozen, and what waits to be looked at."""

    session: str


class ListDevices(Message, frozen=True):
    """The passkeys of a colleague, to freeze one of them; answered by `Passkeys`."""

    session: str
    account: str


class ListPrograms(Message, frozen=True):
    """Programs and apps of the organisation, to freeze one of them."""

    session: str


class ReviewAlarm(Message, frozen=True):
    """What a privacy officer thinks of an alarm; never of one's own."""

    session: str
    alarm: str
    verdict: str
    """One of `VERDICTS`."""
    note: str


class ReadAccount(Message, frozen=True):
    """What an account opened, the newest first."""

    session: str
    account: str
    before: int = -1
    """Entries before this one; -1: from the newest."""


class ReadRefusals(Message, frozen=True):
    """What was refused in the organisation, the newest first."""

    session: str
    before: int = -1
    """Entries before this one; -1: from the newest."""


class QuestionOpening(Message, frozen=True):
    """A patient's own: I do not recognise this opening."""

    session: str
    entry: int
    words: str


ContainmentQuestion: TypeAlias = (
    BeginProve
    | FinishProve
    | FreezeNow
    | ReadContainment
    | ListDevices
    | ListPrograms
    | ReviewAlarm
    | ReadAccount
    | ReadRefusals
    | QuestionOpening
)


class ProgramView(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One that can be frozen: as which kind, and by which id."""

    kind: str
    id: str
    name: str


class Programs(Message, frozen=True):
    """Programs before apps, each by name."""

    programs: tuple[ProgramView, ...]


class FreezeView(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A freeze; times are UTC microseconds since 1970, 0 where they have not come."""

    id: str
    kind: str
    target: str
    what: str
    """What is frozen, in words."""
    because: str
    cause: str
    frozen_at: int
    frozen_by: str
    released_at: int
    released_by: str
    release_reason: str
    may_release: bool


class AlarmView(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """An alarm; times are UTC microseconds since 1970, 0 where they have not come."""

    id: str
    kind: str
    account: str
    who: str
    patient: str
    detail: str
    entry: int
    raised_at: int
    due_at: int
    reviewed_at: int
    reviewed_by: str
    verdict: str
    note: str
    is_mine: bool
    more: int = 0
    """Others of the same account and kind that wait behind it and are not listed."""


class Containment(Message, frozen=True):
    """The security desk; what holds and what waits comes first."""

    freezes: tuple[FreezeView, ...]
    alarms: tuple[AlarmView, ...]
    may_decide: bool
    """Whether the one who asks may freeze and review, or release alone."""


class OpeningView(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One patient in one entry of an account."""

    entry: int
    at: int
    patient: str
    action: str
    tier: str
    purpose: str
    reason: str
    relationship: str
    resources: int
    outcome: str
    types: str = ""
    """What was disclosed, in words: `2 Condition, 1 Observation`."""
    rule: str = ""
    """Of a refusal: the rule that decided so, why, and what would have allowed it."""
    because: str = ""
    would_allow: str = ""
    account: str = ""
    who: str = ""
    role_title: str = ""
    sent_to: str = ""
    """Of a message: to whom, as whoever sent it said."""


class AccountRead(Message, frozen=True):
    """What an account opened, and how it stands today."""

    account: str
    display_name: str
    expected: int
    others: int
    rows: int
    """Different patients in the last 24 hours: explained, others, in lists."""
    soft: int
    hard: int
    lines: tuple[OpeningView, ...]
    next: int = -1
    printed: int = 0
    copied: int = 0
    sent: int = 0
    """Different patients in the last 24 hours whose record went out."""
    carried: int = 0
    """Different patients in the last 24 hours whose visit went onto a phone."""


class RefusalsRead(Message, frozen=True):
    """What was refused, and how many refusals there are in all."""

    total: int
    lines: tuple[OpeningView, ...]
    next: int = -1
    """Ask for entries before this one; -1: there are no more."""


ContainmentAnswer: TypeAlias = Containment | AccountRead | RefusalsRead | Programs
