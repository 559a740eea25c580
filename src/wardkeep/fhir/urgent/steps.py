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
    BOOKED = "booked"
    """A time at a treatment centre is theirs, or a car has them on its list."""
    ON_THE_WAY = "on-the-way"
    ARRIVED = "arrived"
    """Somebody is in their home, alone with them as far as we know."""
    DONE = "done"


WORDS = {
    State.NEW: "Waiting",
    State.RINGING_BACK: "Ringing back",
    State.IN_CONSULT: "In consultation",
    State.AWAITING_ACTION: "Awaiting action",
    State.BOOKED: "Booked",
    State.ON_THE_WAY: "On the way",
    State.ARRIVED: "At the home",
    State.DONE: "Done",
}
STATUS = {
    State.NEW: "requested",
    State.RINGING_BACK: "accepted",
    State.IN_CONSULT: "in-progress",
    State.AWAITING_ACTION: "on-hold",
    State.BOOKED: "accepted",
    State.ON_THE_WAY: "accepted",
    State.ARRIVED: "in-progress",
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
    BOOK = "book"
    """A time at a treatment centre; once more, another time."""
    UNBOOK = "unbook"
    SEE = "see"
    """They are there, and somebody sees them now."""
    SEND = "send"
    """A car has them on its list; once more, another car or another time."""
    RECALL = "recall"
    TURN = "turn"
    """Earlier or later on the list of the same car."""
    SET_OFF = "set-off"
    ARRIVE = "arrive"
    SAFE = "safe"
    """Whoever is in the home says that all is well with them."""
    LEAVE = "leave"
    NOTE = "note"
    """Whoever visits writes something down; it stays where it is."""
    REFER = "refer"
    """It was sent to another service by message, and waits for what becomes of it."""
    WITHDRAW = "withdraw"
    """What was sent was taken back."""
    SEND_ON = "send-on"
    """Whoever had the call sent it to another service while it waits here: it stays
    where it is, so that whatever dies somebody rings."""
    NO_WORD = "no-word"
    """That service did not answer while the caller was there."""
    END = "end"
    UNDO = "undo"


DID = {
    Step.QUEUE: "Put into the queue",
    Step.TAKE: "Taken",
    Step.ASSIGN: "Given to",
    Step.HAND_BACK: "Handed back",
    Step.NO_ANSWER: "Rung, no answer",
    Step.REACH: "Reached",
    Step.AWAIT: "Awaits action",
    Step.COMFORT: "Comfort call",
    Step.PIN: "Pinned to the top",
    Step.UNPIN: "Unpinned",
    Step.BOOK: "Booked at",
    Step.UNBOOK: "Booking cancelled",
    Step.SEE: "Seen at the treatment centre",
    Step.SEND: "On a car's list, for",
    Step.RECALL: "Taken off the car's list",
    Step.TURN: "Order changed",
    Step.SET_OFF: "Set off",
    Step.ARRIVE: "Arrived at the home",
    Step.SAFE: "All is well in the home",
    Step.LEAVE: "Left the home",
    Step.NOTE: "Noted by the crew",
    Step.REFER: "Sent to another service",
    Step.WITHDRAW: "Taken back from another service",
    Step.SEND_ON: "Sent to another service by whoever had the call",
    Step.NO_WORD: "No answer yet while the caller was there",
    Step.END: "Ended",
    Step.UNDO: "Taken back: what was done before",
}
"""What it was, in the history of a case; whom it was given to or where comes after."""
OPEN = frozenset(State) - {State.DONE}
HAD = frozenset({State.RINGING_BACK, State.IN_CONSULT, State.AWAITING_ACTION})
"""Somebody has it."""
_AT_HAND = HAD | {State.NEW}
"""Neither booked nor on a car's list: that is taken back first."""
LEADS_TO = {
    Step.QUEUE: State.NEW,
    Step.TAKE: State.RINGING_BACK,
    Step.ASSIGN: State.RINGING_BACK,
    Step.HAND_BACK: State.NEW,
    Step.NO_ANSWER: State.RINGING_BACK,
    Step.REACH: State.IN_CONSULT,
    Step.AWAIT: State.AWAITING_ACTION,
    Step.BOOK: State.BOOKED,
    Step.UNBOOK: State.NEW,
    Step.SEE: State.IN_CONSULT,
    Step.SEND: State.BOOKED,
    Step.RECALL: State.NEW,
    Step.SET_OFF: State.ON_THE_WAY,
    Step.ARRIVE: State.ARRIVED,
    Step.LEAVE: State.AWAITING_ACTION,
    Step.REFER: State.AWAITING_ACTION,
    # Somebody has to see to whoever came back: it waits for nothing any more.
    Step.WITHDRAW: State.IN_CONSULT,
    Step.END: State.DONE,
}
"""The others leave it where it is."""
POSSIBLE: Mapping[Step, frozenset[State]] = {
    Step.TAKE: frozenset({State.NEW}),
    Step.ASSIGN: _AT_HAND,
    Step.HAND_BACK: HAD,
    Step.NO_ANSWER: frozenset({State.RINGING_BACK}),
    Step.REACH: frozenset({State.RINGING_BACK, State.AWAITING_ACTION}),
    Step.AWAIT: frozenset({State.IN_CONSULT}),
    Step.REFER: HAD,
    Step.WITHDRAW: HAD,
    Step.SEND_ON: frozenset({State.NEW}),
    Step.NO_WORD: frozenset({State.NEW}),
    Step.COMFORT: OPEN,
    Step.PIN: OPEN,
    Step.UNPIN: OPEN,
    Step.BOOK: _AT_HAND | {State.BOOKED},
    Step.UNBOOK: frozenset({State.BOOKED}),
    Step.SEE: frozenset({State.BOOKED}),
    Step.SEND: _AT_HAND | {State.BOOKED, State.ON_THE_WAY, State.ARRIVED},
    Step.RECALL: frozenset({State.BOOKED, State.ON_THE_WAY}),
    Step.TURN: frozenset({State.BOOKED}),
    Step.SET_OFF: frozenset({State.BOOKED}),
    Step.ARRIVE: frozenset({State.BOOKED, State.ON_THE_WAY}),
    Step.SAFE: frozenset({State.ARRIVED}),
    Step.LEAVE: frozenset({State.ARRIVED}),
    Step.NOTE: frozenset(
        {State.BOOKED, State.ON_THE_WAY, State.ARRIVED, State.AWAITING_ACTION}
    ),
    Step.END: HAD,
}
MOST_ATTEMPTS = 3
"""Calls that nobody answers; then the shift lead has it. What is shipped: a provider
sets its own (`times.py`), for no published number was found."""
UNDO_WITHIN = timedelta(minutes=15)
TIMED = frozenset({Step.BOOK, Step.UNBOOK, Step.SEND, Step.RECALL, Step.LEAVE})
"""Steps that write an Appointment too: it is taken back in the same change, or both
stay (`wardkeep.care.queue_times`)."""
SENT = frozenset({Step.REFER, Step.WITHDRAW, Step.SEND_ON, Step.NO_WORD})
UNDONE = frozenset(POSSIBLE) - {Step.END, Step.TAKE, Step.NOTE} - TIMED - SENT
"""What can be taken back by the entry alone. What was taken is handed back, with why;
an end has made other things that somebody may act on already; what was sent is
there, and what was noted stays noted."""
NEXT_WITHIN = {
    State.RINGING_BACK: timedelta(minutes=10),
    State.IN_CONSULT: timedelta(minutes=60),
    State.AWAITING_ACTION: timedelta(minutes=30),
    State.ON_THE_WAY: timedelta(minutes=60),
    State.ARRIVED: timedelta(minutes=45),
}
"""After the last step, by when another one is due; later, it is on the list of those
that nobody may have forgotten. In a home it counts from when whoever is there last
said that all is well. What is shipped, as the two beside it are: `times.py`."""
LATE_AFTER = timedelta(minutes=20)
"""After the time that is booked, until somebody asks where they are."""


def standing(steps: Iterable[Step]) -> tuple[int, ...]:
    """Places of the steps that still hold: an undo takes the last of them back.

    What was noted stays noted, so it takes back the last step that is no note.
    """
    kept: list[int] = []
    noted: set[int] = set()
    for place, step in enumerate(steps):
        if step is Step.UNDO:
            kept = _without_the_last(kept, noted)
            continue
        kept.append(place)
        if step is Step.NOTE:
            noted.add(place)
    return tuple(kept)


def _without_the_last(kept: list[int], noted: set[int]) -> list[int]:
    taken = next((one for one in reversed(kept) if one not in noted), None)
    return [one for one in kept if one != taken]
