# SPDX-License-Identifier: Apache-2.0
"""What is sealed opens one thing at a time, for a person, with nothing beside it.

In August 2022 the ways into 890 homes left in one file. Here there is no question that
two of them answer, and no program or app that may ask one.
"""

from wardkeep.warden.rules.opening import Explained, Opening, Refused

_ONE = Refused(
    code="one-way-in-at-a-time",
    why="Ways into homes, and sealed notes, are given one at a time.",
    mend="Ask for each one that you need, when you need it.",
)
_OTHER_ROW = Refused(
    code="row-key-wrong",
    why="The key that was sent is not the one of this row.",
    mend="Ask whoever runs Wardkeep to look at it.",
)
_NO_PROGRAM = Refused(
    code="sealed-from-programs",
    why="What is sealed is read by people alone.",
    mend="Have a person whose work it is look at it in Wardkeep.",
)
EXPLAINS = (
    Explained(
        code="one-way-in-at-a-time",
        because="Several things that are sealed, or something besides, were asked for.",
        would_allow="One question for each.",
    ),
    Explained(
        code="row-key-wrong",
        because="The key that was sent was not the one of this row.",
        would_allow="The row as it is stored.",
    ),
    Explained(
        code="sealed-from-programs",
        because="A program or an app asked for what is sealed.",
        would_allow="A person whose work it is, on the page.",
    ),
)


def one_way_in(opening: Opening) -> Refused | None:
    asked = opening.way_in
    if asked is None:
        return None
    if opening.scopes is not None:
        return _NO_PROGRAM
    if not asked.is_alone:
        return _ONE
    return None if asked.is_row_key_right else _OTHER_ROW
