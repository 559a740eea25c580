# SPDX-License-Identifier: Apache-2.0
"""What is sealed is given to the person, and not to whoever has their session.

A stolen session has no passkey. Five minutes are from the car to the door.
"""

from wardkeep.warden.rules.opening import Explained, Opening, Refused

CODE = "passkey-due"
FRESH_SECONDS = 5 * 60
_REFUSED = Refused(
    code=CODE,
    why="The way into a home is given to you and nobody else.",
    mend="Use your passkey to show that it is you.",
)
_NOTE = Refused(
    code=CODE,
    why="A sealed note opens for you and nobody else.",
    mend="Use your passkey to show that it is you.",
)
EXPLAINS = (
    Explained(
        code="passkey-due",
        because="The passkey was not used within five minutes.",
        would_allow="The passkey.",
    ),
)


def passkey_is_fresh(opening: Opening) -> Refused | None:
    asked = opening.way_in
    if asked is None or asked.passkey_seconds <= FRESH_SECONDS:
        return None
    return _NOTE if opening.reads_note else _REFUSED
