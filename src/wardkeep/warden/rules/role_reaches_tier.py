# SPDX-License-Identifier: Apache-2.0
"""A role reaches the tiers its work needs: a receptionist no clinical record."""

from wardkeep.disclosure.purpose import Tier
from wardkeep.warden.rules.opening import Explained, Opening, Refused

EXPLAINS = (
    Explained(
        code="role-does-not-reach",
        because="The role does not include this part of a record.",
        would_allow="A role whose work needs that part.",
    ),
)


def role_reaches_tier(opening: Opening) -> Refused | None:
    if opening.tier is Tier.SHARED or opening.tier.word in opening.role.tiers:
        return None
    return Refused(
        code="role-does-not-reach",
        why=f"The role {opening.role.title} does not open this part of a record.",
        mend="Ask a colleague whose work needs it.",
    )
