# SPDX-License-Identifier: Apache-2.0
"""The operator's people open what an organisation granted them, now, and nothing else.

In August 2022 a supplier's account reached every customer's records. Here a support
role reaches none: each opening needs the controller's grant for that very patient.
"""

from wardkeep.disclosure.purpose import Action
from wardkeep.identity.roles import Role
from wardkeep.warden.rules.opening import Explained, Opening, Refused

_REFUSED = Refused(
    code="not-granted",
    why="Nobody granted support access to this.",
    mend="Ask the organisation to grant it, for this patient and for a few minutes.",
)
EXPLAINS = (
    Explained(
        code="not-granted",
        because="The operator’s support asked for a record that no grant named"
        " at that moment.",
        would_allow="A grant by the organisation for this patient, and only to read.",
    ),
)


def support_is_granted(opening: Opening) -> Refused | None:
    if opening.role is not Role.SUPPORT:
        return None
    is_reading = opening.action is Action.READ
    return None if is_reading and opening.is_support_granted else _REFUSED
