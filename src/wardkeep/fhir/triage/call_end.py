# SPDX-License-Identifier: Apache-2.0
"""What a call may end in, by the questions that were asked, and by who asks.

A health advisor goes up with a reason and never down: not below a rule that holds, and
never to what nobody waits for. To whoever may judge (a clinician) a red flag is what
they set aside first, by name; the rest is theirs, with a reason. An ambulance waits for
no reason.
"""

from collections.abc import Iterator

from wardkeep.base.outcome import Problem
from wardkeep.fhir.triage.engine import SHORTEST_REASON, Turn
from wardkeep.fhir.triage.pressing import urgency
from wardkeep.fhir.triage.record import Decision
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Disposition, Kind

PLACE, WHY = "disposition", "why"


def is_unfinished(turn: Turn) -> bool:
    """Whether something is still asked, or nothing was."""
    return not turn.is_ended or not turn.log.entries


def is_no_illness(one: Disposition) -> bool:
    """Whether nobody who is unwell comes to it: then questions may stay unasked."""
    return one.kind is Kind.INFORMATION


def barred(turn: Turn, decision: Decision, *, may_judge: bool) -> Problem | None:
    """Why a call cannot end so; None: it can."""
    code = decision.disposition
    if code not in DISPOSITIONS:
        wrong, mend = "it is no disposition of the list", "Choose one."
        return Problem(place=PLACE, wrong=wrong, mend=mend)
    below = next(_below(turn, code, may_judge=may_judge), None)
    if below is not None:
        return below
    if needs_reason(turn, code, may_judge=may_judge):
        letters = len(decision.why.strip())
        if letters < SHORTEST_REASON:
            wrong = (
                "the questions were not asked to their end"
                if is_unfinished(turn)
                else "it is not what the questions come to"
            )
            mend = f"Say why in {SHORTEST_REASON} letters or more."
            return Problem(place=WHY, wrong=wrong, mend=mend)
    return None


def needs_reason(turn: Turn, code: str, *, may_judge: bool) -> bool:
    """Whether ending so is a choice of the person's own, which is accounted for."""
    if may_judge and not turn.log.entries:
        return False  # who may judge need not ask
    if DISPOSITIONS[code].kind is Kind.AMBULANCE:
        suggested = turn.result.disposition
        return bool(suggested) and urgency(code) > urgency(suggested)
    return code != turn.result.disposition


def _below(turn: Turn, code: str, *, may_judge: bool) -> Iterator[Problem]:
    for one in turn.result.fired:
        is_held = one.rule in turn.result.raised or not may_judge
        if is_held and urgency(code) > urgency(one.disposition):
            wrong = f"“{one.words}” asks for {DISPOSITIONS[one.disposition].words}"
            mend = (
                "Set it aside with a reason, or choose what is as pressing."
                if may_judge
                else "Choose what is as pressing; only a clinician goes below it."
            )
            yield Problem(place=PLACE, wrong=wrong, mend=mend)
    chosen = DISPOSITIONS[code]
    is_no_call_for_help = is_unfinished(turn) and is_no_illness(chosen)
    if not may_judge and not chosen.waits and not is_no_call_for_help:
        wrong = "nobody here waits for it"
        mend = "Choose something for which a clinician or a service here waits."
        yield Problem(place=PLACE, wrong=wrong, mend=mend)
