# SPDX-License-Identifier: Apache-2.0
"""A sealed note is for those whose work it is with this person, as others wrote it.

What one typed as a reason, or wrote for oneself, is not enough: curiosity has reasons
too. Broken glass is, because it is told at once and looked at afterwards, and a note
that nobody may read in an emergency had better not be written.
"""

from wardkeep.teams.relationships import SELF_MADE
from wardkeep.warden.rules.opening import Explained, Opening, Refused

CODE = "sealed-note"
_REFUSED = Refused(
    code=CODE,
    why="Nothing in your work, as others wrote it, explains that you read what is"
    " sealed about this person.",
    mend="Ask whoever wrote the note. In an emergency, break the glass.",
)
EXPLAINS = (
    Explained(
        code="sealed-note",
        because="Nothing in the work explained reading a sealed note.",
        would_allow="A relationship that somebody else wrote, or broken glass.",
    ),
)


def note_is_yours(opening: Opening) -> Refused | None:
    if not opening.reads_note:
        return None
    relationship = opening.relationship
    is_explained = bool(relationship) and not relationship.endswith(SELF_MADE)
    return None if is_explained else _REFUSED
