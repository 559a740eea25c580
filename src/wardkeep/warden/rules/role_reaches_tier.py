# SPDX-License-Identifier: Apache-2.0
"""A role reaches the tiers its work needs: a receptionist no clinical record.

What is sealed is read by those who visit and set by those who plan care; the two are
different rights, and neither includes the other. It is never printed or copied. Who
makes copies gets the record into the copy, and does not open it otherwise. An import
adds to no record that is here, but to a canary's, which is nobody's. A national data
set takes what two people agreed on, and nothing sealed.
A sealed note is read by the roles that may write one.
"""

from wardkeep.disclosure.purpose import (
    COPY,
    DELETE,
    EXTRACT,
    READ,
    SEALED,
    SHARED,
    WRITE,
)
from wardkeep.warden.rules.opening import Explained, Opening, Refused

EXPLAINS = (
    Explained(
        code="role-does-not-reach",
        because="The role does not include this part of a record.",
        would_allow="A role whose work needs that part.",
    ),
)


def role_reaches_tier(opening: Opening) -> Refused | None:
    if opening.tier is SHARED or _reaches(opening):
        return None
    return Refused(
        code="role-does-not-reach",
        why=f"The role {opening.role.title} does not open this part of a record.",
        mend="Ask a colleague whose work needs it.",
    )


def _reaches(opening: Opening) -> bool:
    if opening.is_nobodys and opening.action is WRITE:
        return opening.tier is not SEALED
    if opening.action is EXTRACT:
        # Of whoever is no such command, extracts_are_agreed tells what is wrong.
        return opening.tier is not SEALED
    if opening.action is COPY:
        return opening.tier is not SEALED and opening.role.budget.copies > 0
    if opening.tier is not SEALED:
        return opening.tier.word in opening.role.tiers
    if opening.reads_note:
        return opening.role.may_seal
    if opening.action is READ:
        return opening.role.budget.homes > 0
    return opening.action in (WRITE, DELETE) and opening.role.may_seal
