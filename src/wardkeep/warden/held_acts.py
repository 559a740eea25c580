# SPDX-License-Identifier: Apache-2.0
"""An act that somebody signed for and is about to do, and until when that holds."""

from typing import Generic, TypeAlias, TypeVar

import msgspec

from wardkeep.disclosure.handing_over import HandOver
from wardkeep.disclosure.medicine_signing import SignMedicine

_Act = TypeVar("_Act", HandOver, SignMedicine)


class HeldAct(msgspec.Struct, Generic[_Act], frozen=True, kw_only=True):
    """What was signed; it dies with its session and is not kept over a start."""

    act: _Act
    until_monotonic: float

    def holds(self, now: float) -> bool:
        return now < self.until_monotonic


HeldHandOver: TypeAlias = HeldAct[HandOver]
HeldMedicine: TypeAlias = HeldAct[SignMedicine]
