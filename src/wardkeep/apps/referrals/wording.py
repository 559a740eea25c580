# SPDX-License-Identifier: Apache-2.0
"""Words of referrals: where one is, what may be done, what was done."""

from collections.abc import Mapping

from wardkeep.fhir.work.referral import Priority
from wardkeep.fhir.work.referral_steps import State, Step

STATES = {
    State.NEW: ("New", "blue"),
    State.TRIAGE: ("Being triaged", "purple"),
    State.ASKED: ("More information asked", "yellow"),
    State.ACCEPTED: ("Accepted, waiting", "green"),
    State.ALLOCATED: ("On a caseload, waiting", "green"),
    State.SEEN: ("Seen", "grey"),
    State.DECLINED: ("Declined", "red"),
    State.WITHDRAWN: ("Withdrawn", "grey"),
    State.DISCHARGED: ("Discharged", "grey"),
    State.MISTAKE: ("Entered in error", "red"),
}
PRIORITIES = {
    Priority.EMERGENCY: ("Emergency", "red"),
    Priority.URGENT: ("Urgent", "orange"),
    Priority.ROUTINE: ("Routine", "grey"),
}
DONE = {
    Step.SEND: "Referred",
    Step.TRIAGE: "Took it for triage",
    Step.ASK: "Asked for more information",
    Step.ANSWER: "Answered",
    Step.ACCEPT: "Accepted",
    Step.DECLINE: "Declined",
    Step.ALLOCATE: "Allocated",
    Step.CONTACT: "Seen, the clock stopped",
    Step.DISCHARGE: "Discharged",
    Step.WITHDRAW: "Withdrawn",
    Step.TELL: "Whoever referred was told",
    Step.UNDO: "Took the last step back",
}
MESSAGES = {
    "waiting": "not there yet; it is sent again until it is",
    "sent": "it is there",
    "answered": "it is there, and answered",
    "refused": "it was refused: telephone them",
    "unanswered": "nobody answered in time: act as if nobody had been asked",
}
"""How far a message to another service is."""
TO_DO = {
    Step.TRIAGE: "Take it for triage",
    Step.ACCEPT: "Accept",
    Step.ASK: "Ask for more information",
    Step.ANSWER: "Answer",
    Step.DECLINE: "Decline",
    Step.ALLOCATE: "Allocate to a caseload",
    Step.CONTACT: "Stop the clock: seen",
    Step.DISCHARGE: "Discharge",
    Step.WITHDRAW: "Withdraw",
    Step.TELL: "Say that whoever referred knows",
    Step.UNDO: "Take the last step back",
}
WORDS = {
    Step.ASK: "What do you need to know?",
    Step.ANSWER: "Your answer",
    Step.DECLINE: "Why, and what you suggest instead",
    Step.WITHDRAW: "Why",
    Step.TELL: "How they were told",
    Step.ACCEPT: "A word to whoever referred (if any)",
    Step.DISCHARGE: "How it ended (if there is more to say)",
}
"""Of steps that take words."""
NEED_WORDS = frozenset({Step.ASK, Step.ANSWER, Step.DECLINE, Step.WITHDRAW, Step.TELL})
VALIDATED: Mapping[Step, tuple[tuple[str, str], ...]] = {
    Step.DISCHARGE: (
        ("up C1", "More urgent: an ambulance, category 1"),
        ("up C2", "More urgent: an ambulance, category 2"),
        ("unchanged", "As urgent as it was"),
        ("down", "Less urgent: they act on what you found"),
        ("hear-and-treat", "Dealt with by telephone"),
        ("referred-on", "Sent on by us to another service"),
        ("lifted", "Helped up, and not hurt"),
    ),
    Step.DECLINE: (
        ("rejected not-available-in-time", "Nobody is free in time"),
        ("rejected failed-contact", "The patient could not be reached"),
        ("rejected other", "Another reason"),
    ),
}
"""What is said of a request to look again, besides words: the code, with a category or
a reason behind it. Whoever asked acts on it at once."""
ATTENDED = (
    ("came", "They were seen"),
    ("did-not-attend", "They did not come, or nobody brought them"),
)
"""What is said with the end of a referral that came by message: who did not come is
somebody's to look for."""
