# SPDX-License-Identifier: Apache-2.0
"""The way into a home is for whoever has a visit there now (PRODUCT, P13).

From 30 minutes before the visit to 60 minutes after it, by the visit's own times. No
reason, held or typed, no other relationship, and no broken glass stands for a visit:
whoever must get in besides is given one by the person who plans them.
"""

from wardkeep.warden.rules.opening import Explained, Opening, Refused

CODE = "no-visit-now"
_REFUSED = Refused(
    code=CODE,
    why="You have no visit to this home now. Its way in opens 30 minutes before a visit"
    " and closes 60 minutes after it.",
    mend="Ring whoever plans the visits: one that is planned for you opens it.",
)
EXPLAINS = (
    Explained(
        code="no-visit-now",
        because="No visit to this home was planned for the account then.",
        would_allow="A visit that somebody else plans.",
    ),
)


def visit_is_now(opening: Opening) -> Refused | None:
    if not opening.reads_sealed or opening.reads_note:
        return None
    asked = opening.way_in
    is_now = asked is not None and any(one.is_open(asked.now) for one in asked.visits)
    return None if is_now else _REFUSED
