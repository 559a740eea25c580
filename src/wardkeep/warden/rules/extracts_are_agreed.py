# SPDX-License-Identifier: Apache-2.0
"""A national data set is taken by the operator's command, where two people agreed.

It is the greatest release that there is: a month of every patient of an organisation.
No session of a person or program takes one, whatever its role; and what takes one takes
nothing else.
"""

from wardkeep.disclosure.purpose import Action
from wardkeep.identity.roles import Role
from wardkeep.warden.rules.opening import Explained, Opening, Refused

CODE = "extract-not-agreed"
_NOT_AGREED = Refused(
    code=CODE,
    why="A data set is taken by the operator’s command, once two people have agreed on"
    " it, and it takes the types of that data set.",
    mend="Ask for it under Data sets, and have a colleague agree.",
)
EXPLAINS = (
    Explained(
        code=CODE,
        because="Something was asked for as for a national data set that nobody agreed"
        " on, or by a session that takes none.",
        would_allow="The operator’s command, after two people of the organisation had"
        " signed for it.",
    ),
)


def extracts_are_agreed(opening: Opening) -> Refused | None:
    is_command = opening.role is Role.EXTRACTOR
    if opening.action is Action.EXTRACT:
        return None if is_command and opening.is_extract_agreed else _NOT_AGREED
    return _NOT_AGREED if is_command else None
