# SPDX-License-Identifier: Apache-2.0
"""Many patients at once only as a short list of what identifies them.

One question for many records is how records leave in bulk: PowerSchool 2024 lost 62
million people's by an export button (shared by every such incident).
"""

from wardkeep.disclosure.purpose import Action, Tier
from wardkeep.warden.rules.opening import Opening, Refused

LONGEST_LIST = 20

_TOO_LONG = Refused(
    code="list-too-long",
    why=f"A list may name {LONGEST_LIST} patients at most.",
    mend="Add a detail so that fewer people match.",
)
_ONE_AT_A_TIME = Refused(
    code="one-patient-at-a-time",
    why="Records are opened one patient at a time.",
    mend="Open each patient you need.",
)


def list_is_short(opening: Opening) -> Refused | None:
    if opening.action is Action.FIND:
        is_list = opening.patients_asked <= LONGEST_LIST
        return None if is_list and opening.tier is Tier.BANNER else _TOO_LONG
    return None if opening.patients_asked == 1 else _ONE_AT_A_TIME
