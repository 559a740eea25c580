# SPDX-License-Identifier: Apache-2.0
"""The steps of a referral: what may follow what, and where it is after each."""

import enum
from collections.abc import Iterable, Mapping


class State(enum.StrEnum):
    """Where a referral is."""

    NEW = "new"
    TRIAGE = "triage"
    ASKED = "asked"
    """The team asked for more before it decides."""
    ACCEPTED = "accepted"
    ALLOCATED = "allocated"
    """On somebody's caseload, not seen yet."""
    SEEN = "seen"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    DISCHARGED = "discharged"
    MISTAKE = "mistake"
    """Entered in error: nobody's list has it."""


OPEN = frozenset(
    {
        *(State.NEW, State.TRIAGE, State.ASKED),
        *(State.ACCEPTED, State.ALLOCATED, State.SEEN),
    }
)
"""On a team's list."""
WAITING = OPEN - {State.SEEN}
"""With a clock that runs."""
STATUS = {
    **dict.fromkeys(OPEN, "active"),
    State.ASKED: "on-hold",
    State.DECLINED: "revoked",
    State.WITHDRAWN: "revoked",
    State.DISCHARGED: "completed",
    State.MISTAKE: "entered-in-error",
}
"""What the ServiceRequest's own status is in each."""
OF_STATUS = {
    "active": State.NEW,
    "on-hold": State.ASKED,
    "revoked": State.WITHDRAWN,
    "completed": State.DISCHARGED,
    "entered-in-error": State.MISTAKE,
}
"""Where one is that says nothing else: other software wrote it."""


class Step(enum.StrEnum):
    """What somebody does with a referral."""

    SEND = "send"
    TRIAGE = "triage"
    ASK = "ask"
    ANSWER = "answer"
    ACCEPT = "accept"
    DECLINE = "decline"
    ALLOCATE = "allocate"
    CONTACT = "contact"
    DISCHARGE = "discharge"
    WITHDRAW = "withdraw"
    TELL = "tell"
    """Whoever referred knows that it was declined."""
    UNDO = "undo"


LEADS_TO = {
    Step.SEND: State.NEW,
    Step.TRIAGE: State.TRIAGE,
    Step.ASK: State.ASKED,
    Step.ANSWER: State.NEW,
    Step.ACCEPT: State.ACCEPTED,
    Step.DECLINE: State.DECLINED,
    Step.ALLOCATE: State.ALLOCATED,
    Step.CONTACT: State.SEEN,
    Step.DISCHARGE: State.DISCHARGED,
    Step.WITHDRAW: State.WITHDRAWN,
}
_UNDECIDED = frozenset({State.NEW, State.TRIAGE, State.ASKED})
_POSSIBLE: Mapping[Step, frozenset[State]] = {
    Step.TRIAGE: frozenset({State.NEW}),
    Step.ASK: frozenset({State.NEW, State.TRIAGE, State.ACCEPTED}),
    Step.ANSWER: frozenset({State.ASKED}),
    Step.ACCEPT: _UNDECIDED,
    Step.DECLINE: _UNDECIDED | {State.ACCEPTED},
    Step.ALLOCATE: frozenset({State.ACCEPTED}),
    Step.CONTACT: frozenset({State.ACCEPTED, State.ALLOCATED}),
    Step.DISCHARGE: frozenset({State.ACCEPTED, State.ALLOCATED, State.SEEN}),
    Step.WITHDRAW: _UNDECIDED | {State.ACCEPTED, State.ALLOCATED},
    Step.TELL: frozenset({State.DECLINED}),
}
OF_TEAM = frozenset(
    {
        *(Step.TRIAGE, Step.ASK, Step.ACCEPT, Step.DECLINE),
        *(Step.ALLOCATE, Step.CONTACT, Step.DISCHARGE),
    }
)
"""What the team does that was asked; the rest is whoever referred's."""


def possible_in(state: State) -> tuple[Step, ...]:
    """What may be done next, in the order of the steps."""
    return tuple(step for step, states in _POSSIBLE.items() if state in states)


def standing(steps: Iterable[Step]) -> tuple[int, ...]:
    """Places of the steps that still hold: an undo takes the last of them back.

    That somebody was told is no step forward: it is never taken back, nor undone.
    """
    kept: list[int] = []
    for place, step in enumerate(steps):
        if step is Step.UNDO:
            del kept[-1:]
        elif step is not Step.TELL:
            kept.append(place)
    return tuple(kept)
