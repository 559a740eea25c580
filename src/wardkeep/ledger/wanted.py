# SPDX-License-Identifier: Apache-2.0
"""Whose openings a scope is about, and which entries those are.

By account, session or organisation an entry says so itself. By passkey or address the
sign-ins say it: the sessions that began there are followed, and those that went on from
them. So the ledger's files alone answer, whichever way somebody is named.
"""

from collections.abc import Iterable

import msgspec

from wardkeep.ledger.beginnings import (
    GOES_ON_FROM,
    SIGN_IN,
    app_in,
    beginning_in,
    plain_address,
)
from wardkeep.ledger.entry import Entry, PackedId, decode, pack_id

GRANTED = "grant"
_SIGN_IN, _GOES_ON = SIGN_IN.encode(), GOES_ON_FROM.encode()
_TIME_AT = 2
"""Behind the array's mark and the format."""
_NUMBER_BYTES = {0xCC: 2, 0xCD: 3, 0xCE: 5, 0xCF: 9}
"""How long a MessagePack number is, by its first byte; below these: one byte."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Whose openings: every condition that is given must hold."""

    account: str = ""
    session: str = ""
    organisation: int = 0
    device: str = ""
    """A passkey, by its credential's id in hexadecimal."""
    client: str = ""
    """A program's account, or an app's id."""
    address: str = ""
    """The network address that sessions began at."""
    since: int = 0
    """UTC microseconds since 1970, within; 0: from the beginning."""
    until: int = 0
    """The same, without; 0: to the end."""

    @property
    def is_by_sign_in(self) -> bool:
        return bool(self.device or self.address)


class Selection:
    """Takes entries in their order, and says which are wanted."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._needles = tuple(
            pack_id(one) for one in (wanted.account, wanted.session) if one
        )
        self._client = wanted.client.encode()
        self._packed_client = pack_id(wanted.client)
        self._device = wanted.device.lower()
        self._passkey = self._device.encode()
        self._address = plain_address(wanted.address)
        self._followed: dict[PackedId, str] = {}

    @classmethod
    def that_followed(cls, wanted: Wanted, sessions: Iterable[str]) -> "Selection":
        """One that knows already which sessions its passkey or address leads to."""
        made = cls(wanted)
        made._followed = {pack_id(one): one for one in sessions}
        return made

    @property
    def sessions(self) -> list[str]:
        """Those that a passkey or an address was followed through."""
        return list(self._followed.values())

    def take(self, raw: bytes) -> Entry | None:
        """The entry, if it is wanted; most are told from others by a few bytes.

        Raises:
            EntryDamagedError: the bytes are no entry.
        """
        if not self._may_be(raw):
            return None
        entry = decode(raw)
        if self._wanted.is_by_sign_in:
            self._follow(entry)
        return entry if self._fits(entry) else None

    def fits(self, entry: Entry) -> bool:
        """Whether an entry that was read already is wanted; follows nothing."""
        return self._fits(entry)

    def _may_be(self, raw: bytes) -> bool:
        is_by_sign_in = self._wanted.is_by_sign_in
        # Whoever's it is: what is wanted may go on from a session of somebody else.
        if is_by_sign_in and self._may_begin(raw):
            return True
        for needle in self._needles:
            if needle not in raw:
                return False
        if self._client and not (self._client in raw or self._packed_client in raw):
            return False
        if not is_by_sign_in:
            return True
        return bool(self._followed) and packed_session_of(raw) in self._followed

    def _may_begin(self, raw: bytes) -> bool:
        """Whether it may be a sign-in that matters; the warden itself writes passkeys.

        An address may be spelt otherwise in an entry: each sign-in is read for it.
        """
        return _SIGN_IN in raw and (self._passkey in raw or _GOES_ON in raw)

    def _follow(self, entry: Entry) -> None:
        """Follow a session from its sign-in, whenever that was."""
        if entry.action != SIGN_IN or entry.outcome != GRANTED:
            return
        began = beginning_in(entry.request)
        is_there = (
            pack_id(began.session_before) in self._followed
            if began.session_before
            else self._device in ("", began.passkey)
            and self._address in ("", began.address)
        )
        if is_there:
            self._followed[entry.packed_session] = entry.session

    def _fits(self, entry: Entry) -> bool:
        wanted = self._wanted
        is_followed = entry.packed_session in self._followed
        return (
            _agrees(wanted.account, entry.packed_account)
            and _agrees(wanted.session, entry.packed_session)
            and wanted.organisation in (0, entry.organisation)
            and (not wanted.is_by_sign_in or is_followed)
            and (not wanted.client or self._is_client(entry))
            and entry.at >= wanted.since
            and (not wanted.until or entry.at < wanted.until)
        )

    def _is_client(self, entry: Entry) -> bool:
        is_program = entry.packed_account == self._packed_client
        return is_program or app_in(entry.request) == self._wanted.client


def packed_session_of(raw: bytes) -> PackedId:
    """The session of an entry's bytes, without decoding the rest of them.

    Before it stand format, time, organisation and account (docs/formats/ledger.md), as
    our encoder writes them: numbers in their shortest form, ids behind their length.
    Bytes of any other form give some bytes that are no session's, or none.
    """
    try:
        place = _TIME_AT + _NUMBER_BYTES.get(raw[_TIME_AT], 1)
        place += _NUMBER_BYTES.get(raw[place], 1)
        place += 2 + raw[place + 1]
        return raw[place + 2 : place + 2 + raw[place + 1]]
    except IndexError:
        return b""


def _agrees(wanted: str, packed: PackedId) -> bool:
    return not wanted or pack_id(wanted) == packed
