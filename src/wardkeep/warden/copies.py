# SPDX-License-Identifier: Apache-2.0
"""A copy of a record that somebody signed for, and for how long that holds."""

from collections.abc import Iterable

import msgspec

from wardkeep.disclosure.copies import MakeCopy
from wardkeep.disclosure.questions import ResourceRef

HOLDS_SECONDS = 15 * 60.0
"""From the signature to the last byte asked for: a page, a look at it, a download."""


class SignedCopy(msgspec.Struct, frozen=True, kw_only=True):
    """What was signed; it dies with its session and is not kept over a start."""

    act: MakeCopy
    entry: int
    """The entry that says who signed for what."""
    until_monotonic: float

    def covers(self, resources: Iterable[ResourceRef], *, now: float) -> bool:
        """Whether it holds still and every type was signed for."""
        types = self.act.types
        return now < self.until_monotonic and all(
            type_ in types for type_, _, _ in resources
        )
