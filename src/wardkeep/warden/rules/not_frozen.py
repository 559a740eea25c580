# SPDX-License-Identifier: Apache-2.0
"""For an account whose records are closed nothing opens, until a second person says so.

Only breaking the glass does, one patient at a time, for the person may stand at a bed.
"""

from wardkeep.warden.rules.opening import GLASS, Explained, Opening, Refused

CODE = "frozen"
NOW_CLOSED = Refused(
    code=CODE,
    why="Records are closed for you, because your work does not explain what was"
    " opened.",
    mend="Ask a colleague who may release you. In an emergency, break the glass.",
)
EXPLAINS = (
    Explained(
        code="frozen",
        because="Records were closed for the account, because its budget was"
        " spent or it was frozen.",
        would_allow="A release by a second person, or breaking the glass for this"
        " one patient.",
    ),
)


def not_frozen(opening: Opening) -> Refused | None:
    is_closed = opening.is_frozen and opening.relationship != GLASS
    return NOW_CLOSED if is_closed else None
