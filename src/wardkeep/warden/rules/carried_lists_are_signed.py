# SPDX-License-Identifier: Apache-2.0
"""What lies on a phone is what its owner signed for: homes that they visit, and few.

A phone is lost more often than a ward's paper. So a session alone takes nothing there,
no typed reason and no broken glass puts anybody on it, and it is as many homes in 24
hours as the role visits, each once however often the list is taken anew.
"""

from wardkeep.disclosure.purpose import Action
from wardkeep.warden.rules.opening import GLASS, Explained, Opening, Refused

NOT_SIGNED, NOT_VISITED, SPENT = "list-not-signed", "not-on-a-list", "list-spent"
_NOT_SIGNED = Refused(
    code=NOT_SIGNED,
    why="Nobody signed for this list, or it was longer ago than five minutes.",
    mend="Press Take this list with me again, and use your passkey.",
)
_NOT_VISITED = Refused(
    code=NOT_VISITED,
    why="No work of yours leads to this person, so they go onto no phone.",
    mend="Whoever dispatches puts the visit on your car's list.",
)
_SPENT = Refused(
    code=SPENT,
    why="As many homes as your role visits in a day went onto a phone already.",
    mend="Stay where there is a signal, or ask whoever dispatches for another car.",
)
EXPLAINS = (
    Explained(
        code=NOT_SIGNED,
        because="A list for a phone was asked for that the passkey had not signed for.",
        would_allow="Signing for that list, with these people on it.",
    ),
    Explained(
        code=NOT_VISITED,
        because="A list for a phone named somebody to whom no work of the account led.",
        would_allow="A visit that whoever dispatches puts on the car’s list.",
    ),
    Explained(
        code=SPENT,
        because="As many homes as the role visits in a day went onto a phone already.",
        would_allow="A colleague’s phone, or a day’s wait.",
    ),
)


def carried_lists_are_signed(opening: Opening) -> Refused | None:
    if opening.action is not Action.CARRY:
        return None
    if opening.scopes is not None or not opening.is_list_signed:
        return _NOT_SIGNED
    if opening.relationship in ("", GLASS):
        return _NOT_VISITED
    return _SPENT if opening.taken_out_left < 0 else None
