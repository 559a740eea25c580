# SPDX-License-Identifier: Apache-2.0
"""Paper and files leave in the numbers that the work needs, those of the work too.

What is printed or copied nobody closes again, so that who may open sixty patients of
their ward does not carry sixty records home. A sheet that has no record on it, as a
prescription's, is printed for more, of those whom others' work explains. For a broken
glass a print is never refused: the person may go in an ambulance.
"""

from wardkeep.disclosure.purpose import TAKEN_OUT, Action
from wardkeep.warden.rules.opening import GLASS, Explained, Opening, Refused

PRINTS_SPENT, COPIES_SPENT = "prints-spent", "copies-spent"
_PRINTS = Refused(
    code=PRINTS_SPENT,
    why="You have printed as many people's records as your role prints in a day.",
    mend="Ask a colleague to print it. In an emergency, break the glass.",
)
_COPIES = Refused(
    code=COPIES_SPENT,
    why="You have made as many copies as your role makes in a day.",
    mend="Ask a colleague, or make it tomorrow: the law gives a month.",
)
_TOO_HEAVY = Refused(
    code="too-heavy",
    why="A print or a copy weighs as much as several openings, and your day has no room"
    " for it.",
    mend="Ask a colleague whose work explains this person. It still opens.",
)
EXPLAINS = (
    Explained(
        code="prints-spent",
        because="The account had printed as many people’s records as its role"
        " prints in a day.",
        would_allow="A colleague, a day’s wait, or breaking the glass for this one"
        " patient.",
    ),
    Explained(
        code="copies-spent",
        because="The account had made as many copies as its role makes in a day.",
        would_allow="A colleague, or a day’s wait.",
    ),
    Explained(
        code="too-heavy",
        because="The day’s budget had room for an opening, and not for what a print"
        " or a copy weighs.",
        would_allow="Somebody whose work explains the patient, or a day’s wait.",
    ),
)


def prints_are_few(opening: Opening) -> Refused | None:
    is_copy = opening.action is Action.COPY
    if opening.action not in TAKEN_OUT or (
        opening.relationship == GLASS and not is_copy
    ):
        return None
    # A prescription of a busy night is a sheet; thirty records are not carried home.
    more = opening.sheets if opening.is_sheet else 0
    if opening.taken_out_left + more < 0:
        return _COPIES if is_copy else _PRINTS
    standing = opening.standing
    has_room = opening.relationship or standing is None or not standing.is_too_heavy
    return None if has_room else _TOO_HEAVY
