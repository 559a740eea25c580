# SPDX-License-Identifier: Apache-2.0
"""Whose erasure was approved stays closed, also in a copy that is put back."""

from wardkeep.warden.rules.opening import Explained, Opening, Refused

EXPLAINS = (
    Explained(
        code="erased",
        because="The person’s record was erased, after two people had approved it.",
        would_allow="Nothing would: an erasure cannot be undone.",
    ),
)


def not_erased(opening: Opening) -> Refused | None:
    if not opening.is_erased:
        return None
    return Refused(
        code="erased",
        why="This person's record was erased.",
        mend="Nothing: the erasure is in the ledger, and it cannot be undone.",
    )
