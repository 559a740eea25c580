# SPDX-License-Identifier: Apache-2.0
"""A hand-over that somebody signed for, and until when that holds."""

import msgspec

from wardkeep.disclosure.handing_over import HandOver


class SignedHandOver(msgspec.Struct, frozen=True, kw_only=True):
    """What was signed; it dies with its session and is not kept over a start."""

    act: HandOver
    until_monotonic: float
