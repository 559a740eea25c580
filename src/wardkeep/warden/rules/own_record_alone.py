# SPDX-License-Identifier: Apache-2.0
"""A patient opens their own record, and no other, to read.

Whoever holds a patient's session, or forged one in the web process, reaches one person.
"""

from wardkeep.disclosure.purpose import Action
from wardkeep.identity.roles import Role
from wardkeep.warden.rules.opening import OWN, Explained, Opening, Refused

_REFUSED = Refused(
    code="not-your-record",
    why="This is not your own record.",
    mend="Go to My record.",
)
EXPLAINS = (
    Explained(
        code="not-your-record",
        because="A patient’s sign-in asked for something else than to read"
        " their own record.",
        would_allow="Nothing would: a patient reads their own record alone.",
    ),
)


def own_record_alone(opening: Opening) -> Refused | None:
    if opening.role is not Role.PATIENT:
        return None
    is_own = opening.relationship == OWN
    return None if is_own and opening.action is Action.READ else _REFUSED
