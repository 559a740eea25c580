# SPDX-License-Identifier: Apache-2.0
"""The steps of a call that waits: what may follow what, and where it is after each."""

import enum
from collections.abc import Iterable, Mapping
from datetime import timedelta


class State(enum.StrEnum):
    """Where it is."""

    NEW = "new"
    RINGING_BACK = "ringing-back"
    """Somebody has it, and rings."""
    IN_CONSULT = "in-consult"
    AWAITING_ACTION = "awaiting-action"
    """Somebody has to do something else before it is over."""
    DONE = "done"


WORDS = {
    State.NEW: "Waiting",
    State.RINGING_BACK: "Ringing back",
    State.IN_CONSULT: "In consultation",
    State.AWAITING_ACTION: "Awaiting action",
    State.DONE: "Done",
}
STATUS = {
    State.NEW: "requested",
    State.RINGING_BACK: "accepted",
    State.IN_CONSULT: "in-progress",
    State.AWAITING_ACTION: "on-hold",
    State.DONE: "completed",
}
"""What the Task's own status is in each."""
OF_STATUS = {
    "draft": State.NEW,
    "requested": State.NEW,
    "received": State.NEW,
    "accepted": State.RINGING_BACK,
    "ready": State.RINGING_BACK,
    "in-progress": State.IN_CONSULT,
    "on-hold": State.AWAITING_ACTION,
    "completed": State.DONE,
    "cancelled": State.DONE,
    "rejected": State.DONE,
    "failed": State.DONE,
    "entered-in-error": State.DONE,
}
"""Where one is whose own word does not fit: other software wrote it. What the list does
not know waits, for a call that is lost is worse than one that is looked at twice."""


class Step(enum.StrEnum):
    """What somebody does with it."""

    QUEUE = "queue"
    TAKE = "take"
    ASSIGN = "assign"
    HAND_BACK = "hand-back"
    NO_ANSWER = "no-answer"
    REACH = "reach"
    AWAIT = "await"
    COMFORT = "comfort"
    """Somebody rang to say that it takes longer, and whether anything has changed."""
    PIN = "pin"
    UNPIN = "unpin"
    REFER = "refer"
    """It was sent to another service by message, and waits for what becomes of it."""
    RECALL = "recall"
    """What was sent was taken back."""
    END = "end"
    UNDO = "undo"


OPEN = frozenset(State) - {State.DONE}
HAD = OPEN - {State.NEW}
"""Somebody has it."""
LEADS_TO = {
    Step.QUEUE: State.NEW,
    Step.TAKE: State.RINGING_BACK,
    Step.ASSIGN: State.RINGING_BACK,
    Step.HAND_BACK: State.NEW,
    Step.NO_ANSWER: State.RINGING_BACK,
    Step.REACH: State.IN_CONSULT,
    Step.AWAIT: State.AWAITING_ACTION,
    Step.REFER: State.AWAITING_ACTION,
    Step.RECALL: State.AWAITING_ACTION,
    Step.END: State.DONE,
}
"""The others leave it where it is."""
POSSIBLE: Mapping[Step, frozenset[State]] = {
    Step.TAKE: frozenset({State.NEW}),
    Step.ASSIGN: OPEN,
    Step.HAND_BACK: HAD,
    Step.NO_ANSWER: frozenset({State.RINGING_BACK}),
    Step.REACH: frozenset({State.RINGING_BACK, State.AWAITING_ACTION}),
    Step.AWAIT: frozenset({State.IN_CONSULT}),
    Step.REFER: HAD,
    Step.RECALL: HAD,
    Step.COMFORT: OPEN,
    Step.PIN: OPEN,
    Step.UNPIN: OPEN,
    Step.END: HAD,
}
MOST_ATTEMPTS = 3
"""Calls that nobody answers; then the shift lead has it. A provider's own number, ours
until it can be set: no published one was found."""
UNDO_WITHIN = timedelta(minutes=15)
UNDONE = frozenset(POSSIBLE) - {Step.END, Step.TAKE, Step.REFER, Step.RECALL}
"""What can be taken back. What was taken is handed back, with why; an end has made
other things that somebody may act on already; what was sent is there."""
NEXT_WITHIN = {
    State.RINGING_BACK: timedelta(minutes=10),
    State.IN_CONSULT: timedelta(minutes=60),
    State.AWAITING_ACTION: timedelta(minutes=30),
}
"""After the last step, by when another one is due; later, it is on the list of those
that nobody may have forgotten."""


def standing(steps: Iterable[Step]) -> tuple[int, ...]:
    """Places of the steps that still hold: an undo takes the last of them back."""
    kept: list[int] = []
    for place, step in enumerate(steps):
        if step is Step.UNDO:
            del kept[-1:]
        else:
            kept.append(place)
    return tuple(kept)
