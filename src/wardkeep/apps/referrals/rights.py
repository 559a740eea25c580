# SPDX-License-Identifier: Apache-2.0
"""Whose a step of a referral is: the team's that was asked, or whoever's who referred.

The pages hold this. The door holds whose record may be written at all: a web process
that was taken over takes any step, for patients whom the session expects.
"""

from datetime import datetime, timedelta

from wardkeep.apps.referrals.opening import Found, Me
from wardkeep.fhir.work import caseload
from wardkeep.fhir.work.referral import Referral
from wardkeep.fhir.work.referral_steps import OF_TEAM, Step, possible_in

UNDONE_WITHIN = timedelta(hours=24)
"""For as long a declined one still explains itself to the team (service_request.py)."""


def may_take(step: Step, referral: Referral, me: Me, *, team: str) -> bool:
    """For somebody elsewhere the team acts, who has their letter.

    Whoever treats the patient may know the answer to a question.
    """
    is_team = team in me.teams
    asker = caseload.id_in(referral.requester, "Practitioner")
    is_asker = asker in me.practitioners or (is_team and referral.is_from_outside)
    if step is Step.ANSWER:
        return True
    if step is Step.UNDO:
        last = referral.holding[-1].step if referral.holding else Step.SEND
        return is_team if last in OF_TEAM else is_asker
    return is_team if step in OF_TEAM else is_asker


def can_undo(referral: Referral, now: datetime) -> bool:
    """Whether the last step was a while ago at most; that it was sent is withdrawn."""
    holding = referral.holding
    if not holding or holding[-1].step is Step.SEND:
        return False
    try:
        return now - datetime.fromisoformat(holding[-1].at) < UNDONE_WITHIN
    except (ValueError, TypeError):
        return False


def steps_open(found: Found, me: Me, now: datetime) -> tuple[Step, ...]:
    """What this visitor may do with it as it stands."""
    referral, team = found.referral, found.team
    possible = list(possible_in(referral.state))
    if can_undo(referral, now):
        possible.append(Step.UNDO)
    return tuple(one for one in possible if may_take(one, referral, me, team=team))
