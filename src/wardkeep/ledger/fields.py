# SPDX-License-Identifier: Apache-2.0
"""Which elements whoever was given a key could read, by part of a record and type.

A key opens a resource whole: its row is sealed as one (docs/formats/sealed-row.md). So
of each version that an entry names every element counts as read, whatever the page
showed of it. A deletion gives no key.
"""

from collections import Counter
from collections.abc import Iterable

import msgspec

from wardkeep.ledger.scope import PersonReached


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """One type in one part of records."""

    tier: str
    """`banner`, `record` or `sealed`; empty for what is under no key of a patient's."""
    type: str
    elements: str
    """`all`, or `none` where it was deleted and not opened."""
    resources: int
    """Versions of resources."""


def fields_of(people: Iterable[PersonReached]) -> list[Fields]:
    """Of all these people together, by part and type."""
    counted = Counter(
        (found.tier, found.type, found.elements)
        for one in people
        for found in one.resources
    )
    return [
        Fields(tier=tier, type=type_, elements=elements, resources=many)
        for (tier, type_, elements), many in sorted(counted.items())
    ]
