# SPDX-License-Identifier: Apache-2.0
"""What every message on the warden's socket has in common, and its limits."""

import msgspec

PROTOCOL = 1
MAX_FRAME_BYTES = 8 * 1024 * 1024
MAX_ITEMS = 512
MAX_REASON_CHARACTERS = 200
MAX_SESSIONS = 1024
"""How many one question may be about."""
GLANCE = "~"
"""Before a session's token: what is asked by it is no use of the session. The page that
asks is one left open, not somebody at work, so its session sleeps all the same."""


class Message(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """Any message: an array whose first element names its kind."""


def at_a_glance(token: str) -> str:
    """The token for what a page asks by itself, again and again."""
    return GLANCE + token.removeprefix(GLANCE)
