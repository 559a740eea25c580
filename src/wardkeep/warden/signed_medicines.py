# SPDX-License-Identifier: Apache-2.0
"""A controlled drug that somebody signed for, and until when that holds."""

import msgspec

from wardkeep.disclosure.medicine_signing import SignMedicine


class SignedMedicine(msgspec.Struct, frozen=True, kw_only=True):
    """What was signed; it dies with its session and is not kept over a start."""

    act: SignMedicine
    until_monotonic: float
