# SPDX-License-Identifier: Apache-2.0
"""Whether the ledger knows whom one asks about, told by its entries alone."""

from support.ledgers import ACCOUNT, entry_about
from wardkeep.ledger.entry import encode
from wardkeep.ledger.known import Unknown
from wardkeep.ledger.wanted import Wanted


def test_what_is_no_entry_makes_nobody_known() -> None:
    """Bytes that hold the name, and were damaged: a verifier says where."""
    unknown = Unknown(Wanted(account=ACCOUNT))
    whole = encode(entry_about("p-1"))
    unknown.weigh(whole[:-3])
    assert unknown.names == ["account"]
    unknown.weigh(whole)
    assert unknown.names == []
    unknown.weigh(whole)
