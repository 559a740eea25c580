# SPDX-License-Identifier: Apache-2.0
"""A stolen session reaches today's patients and 25 more; a stolen account, its day's.

The passkey is asked for again after so many patients whom nothing in the work explains:
whoever stole a session has none. Beyond the day's budget a second person decides.
"""

from wardkeep.warden.budgets import Standing
from wardkeep.warden.rules.opening import Explained, Opening, Refused

DAY_SPENT, PROVE_AGAIN = "budget-spent", "prove-again"
_DAY_SPENT = Refused(
    code=DAY_SPENT,
    why="You have opened more people whom nothing in your work explains than your role"
    " opens in a day, so records are closed for you.",
    mend="Ask a colleague who may release you. In an emergency, break the glass.",
)
EXPLAINS = (
    Explained(
        code="budget-spent",
        because="The account had opened as many people beyond its work as its"
        " role opens in a day.",
        would_allow="A release by a second person, or breaking the glass for this"
        " one patient.",
    ),
    Explained(
        code="prove-again",
        because="The session had met as many people beyond its work as it may"
        " between two touches of the passkey: its reach, or a single one while the"
        " organisation’s circuit breaker was tripped.",
        would_allow="The passkey of the account’s owner.",
    ),
)


def budget_holds(opening: Opening) -> Refused | None:
    standing = opening.standing
    if opening.relationship or standing is None:
        return None
    if standing.is_day_spent:
        return _DAY_SPENT
    return _prove_again(standing) if standing.is_reach_spent else None


def _prove_again(standing: Standing) -> Refused:
    met = standing.reach_most
    people = "one person" if met == 1 else f"{met} people"
    return Refused(
        code=PROVE_AGAIN,
        why=f"You have met {people}, in records or lists, whom nothing in your work"
        " explains.",
        mend="Use your passkey to show that it is still you.",
    )
