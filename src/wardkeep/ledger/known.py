# SPDX-License-Identifier: Apache-2.0
"""Whether the ledger knows whom somebody asks about, at any time at all.

An answer about an id of nobody would read like a proof that nobody was reached; a slip
of the finger is told from that. Whatever was seen once is looked for no more. Where one
organisation is asked for, its own entries alone count: its officer must not learn here
who is known elsewhere.
"""

from collections.abc import Callable
from typing import NamedTuple

from wardkeep.ledger.beginnings import (
    APP,
    SIGN_IN,
    app_in,
    beginning_in,
    plain_address,
)
from wardkeep.ledger.entry import Entry, EntryDamagedError, decode, pack_id
from wardkeep.ledger.wanted import Wanted


class _Sought(NamedTuple):
    needles: tuple[bytes, ...]
    """One of them is in the bytes of an entry that may be it."""
    is_it: Callable[[Entry], bool]


class Unknown:
    """The names of what no entry was of, so far."""

    def __init__(self, wanted: Wanted) -> None:
        self._organisation = wanted.organisation
        self._sought = _sought(wanted)

    @property
    def names(self) -> list[str]:
        """As `Wanted` calls them: `account`, `device`."""
        return list(self._sought)

    def weigh(self, raw: bytes) -> None:
        """Look at an entry; what it is of is known."""
        if not self._sought:
            return
        for name, sought in list(self._sought.items()):
            if not any(needle in raw for needle in sought.needles):
                continue
            try:
                entry = decode(raw)
            except EntryDamagedError:
                return
            is_here = self._organisation in (0, entry.organisation)
            if is_here and sought.is_it(entry):
                del self._sought[name]


def _sought(wanted: Wanted) -> dict[str, _Sought]:
    account, session = pack_id(wanted.account), pack_id(wanted.session)
    client, device = pack_id(wanted.client), wanted.device.lower()
    address = plain_address(wanted.address)
    all_of_them = {
        "account": _Sought((account,), lambda one: one.packed_account == account),
        "session": _Sought((session,), lambda one: one.packed_session == session),
        "client": _Sought(
            (client, f"{APP}{wanted.client}".encode()),
            lambda one: (
                one.packed_account == client or app_in(one.request) == wanted.client
            ),
        ),
        "device": _Sought(
            (device.encode(),),
            lambda one: (
                one.action == SIGN_IN and beginning_in(one.request).passkey == device
            ),
        ),
        "address": _Sought(
            (SIGN_IN.encode(),),
            lambda one: (
                one.action == SIGN_IN and beginning_in(one.request).address == address
            ),
        ),
        "organisation": _Sought(
            (b"",), lambda one: one.organisation == wanted.organisation
        ),
    }
    return {name: one for name, one in all_of_them.items() if getattr(wanted, name)}
