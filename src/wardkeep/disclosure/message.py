# SPDX-License-Identifier: Apache-2.0
"""What every message on the warden's socket has in common, and its limits."""

import msgspec

PROTOCOL = 1
MAX_FRAME_BYTES = 8 * 1024 * 1024
MAX_ITEMS = 512
MAX_REASON_CHARACTERS = 200


class Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Any message: an array whose first element names its kind."""
