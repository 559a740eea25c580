# SPDX-License-Identifier: Apache-2.0
"""Ids that nobody may write: the ledger's entries are read under them."""

import re
from typing import NamedTuple

AUDIT_EVENT = "AuditEvent"
_ID = re.compile(r"ledger-([0-9]{1,15})\.([0-9]{1,4})", re.ASCII)


class LedgerEventId(NamedTuple):
    """`ledger-1234.0`: the first patient of entry 1234."""

    entry: int
    part: int

    def __str__(self) -> str:
        return f"ledger-{self.entry}.{self.part}"


def ledger_event_id(type_: str, id_: str) -> LedgerEventId | None:
    """What an id says; None where it is one that anybody may write."""
    found = _ID.fullmatch(id_) if type_ == AUDIT_EVENT else None
    return LedgerEventId(int(found[1]), int(found[2])) if found else None
