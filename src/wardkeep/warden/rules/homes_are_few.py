# SPDX-License-Identifier: Apache-2.0
"""Nobody is let into more homes in a day than somebody can visit.

Visits explain each of them; this holds where visits were forged, too.
"""

from wardkeep.warden.rules.opening import Explained, Opening, Refused

CODE = "homes-spent"
_REFUSED = Refused(
    code=CODE,
    why="You were given the way into as many homes in 24 hours as your role is here.",
    mend="Ring whoever plans the visits, and let a colleague take this one.",
)
EXPLAINS = (
    Explained(
        code="homes-spent",
        because="More homes were asked for than the role is let into in a day.",
        would_allow="A colleague, or the next day.",
    ),
)


def homes_are_few(opening: Opening) -> Refused | None:
    asked = None if opening.reads_note else opening.way_in
    return _REFUSED if asked is not None and asked.homes_left < 0 else None
