# SPDX-License-Identifier: Apache-2.0
"""A data set that two people agreed on, as the session has it that takes it."""

from collections.abc import Iterable

import msgspec

from wardkeep.disclosure.questions import ResourceRef


class AgreedExtract(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed on; it dies with its session and is not kept over a start."""

    release: str
    types: frozenset[str]

    def covers(self, resources: Iterable[ResourceRef]) -> bool:
        """Whether the data set is made from these types."""
        return all(type_ in self.types for type_, _, _ in resources)
