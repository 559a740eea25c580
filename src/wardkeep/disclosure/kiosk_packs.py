# SPDX-License-Identifier: Apache-2.0
"""Messages of a kiosk's pack: today's appointments of its clinics, sealed by facts.

The warden makes it and seals each entry under what the person themselves can say; the
web process carries it. docs/formats/kiosk-pack.md has every byte.
"""

from typing import TypeAlias

import msgspec

from wardkeep.disclosure.message import Message

MOST_STOPS = 3
"""Appointments of one person that an entry holds: their first ones of the day."""


class AskKioskPack(Message, frozen=True):
    """A kiosk asks for its pack, to be sealed for a key that it has just made."""

    session: str
    point: bytes
    """The key's public half: an uncompressed P-256 point."""
    assertion: str
    """The device's own key signed it for `pack_audience(point)`, as at sign-in."""


class MergeCapture(Message, frozen=True):
    """A kiosk was without us, and somebody opened their entry of its pack there.

    The answer is a `CheckInAnswer` with a ticket for that person, as facts give one.
    """

    session: str
    voucher: bytes
    """What stood in the entry; the warden alone can read or make one."""


KioskPackQuestion: TypeAlias = AskKioskPack | MergeCapture


class KioskPack(Message, frozen=True):
    """Sealed entries, and what opens them, sealed for the device's new key."""

    id: str
    day: str
    """In London, YYYY-MM-DD; it is over when the day is."""
    made_at: int
    until: int
    """Both UTC microseconds since 1970."""
    salt: bytes
    rounds: int
    box: bytes
    """The secret, 32 bytes, sealed for the point; bound to `box_identity`."""
    entries: tuple[bytes, ...]
    """Each a tag of 16 bytes and a box; by tag, and so in no other order."""
    places: tuple[str, ...]
    """Ids of Locations: what entries mean by a number."""
    left: int
    """People who are not in it yet, because the slow step takes its time: ask again."""


class Stop(msgspec.Struct, frozen=True, array_like=True):
    """One appointment in an entry."""

    voucher: str
    """Base64."""
    place: int
    """Its number among the pack's places."""
    starts_at: int
    """Seconds since 1970."""
    standing: str
    """`booked`, `in`, `cancelled` or `over`, as it was when the pack was made."""


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """An entry in the clear: when and where, and nobody's name."""

    stops: tuple[Stop, ...] = ()
    needs_more: bool = False
    """Two people share these facts: the first name is asked for too."""


def box_identity(organisation: int, pack: str) -> bytes:
    """What the box of a pack's secret is bound to."""
    return f"kiosk pack {organisation} {pack}".encode()


def entry_label(pack: str) -> bytes:
    """What the keys of a pack's entries are made with."""
    return f"wardkeep/1/kiosk-pack {pack} ".encode()


def fact_of(born: str, family: str, given: str) -> bytes:
    """Facts as the slow step takes them; letters as `beginning` leaves them."""
    return f"{born}\x1f{family}\x1f{given}".encode()


def pack_audience(point: str) -> str:
    """For whom a device signs that a key is its own; the point in base64url."""
    return f"wardkeep kiosk pack {point}"
