# SPDX-License-Identifier: Apache-2.0
"""A role opens records for the purposes of its work and for no others."""

from wardkeep.disclosure.purpose import SHARED
from wardkeep.warden.rules.opening import Explained, Opening, Refused

EXPLAINS = (
    Explained(
        code="purpose-does-not-fit",
        because="The role does not open records for the purpose that was given.",
        would_allow="One of the purposes that the role has.",
    ),
)


def purpose_fits_role(opening: Opening) -> Refused | None:
    is_shared = opening.tier is SHARED
    if is_shared or opening.purpose in opening.role.purposes:
        return None
    return Refused(
        code="purpose-does-not-fit",
        why=f"The role {opening.role.title} does not open records for this purpose.",
        mend="Choose the purpose that you are opening it for.",
    )
