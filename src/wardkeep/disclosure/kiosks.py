# SPDX-License-Identifier: Apache-2.0
"""Messages of kiosks: shared devices that ask one question and read nothing.

A kiosk's browser makes a key that cannot leave it. An administrator who stands before
it types the code that it shows; from then on the key is the device's only factor.
"""

from typing import TypeAlias

import msgspec

from wardkeep.disclosure.message import Message


class BeginPairing(Message, frozen=True):
    """A device shows its public key (a JWK), and gets a code for its screen."""

    jwk: bytes


class PollPairing(Message, frozen=True):
    """Whether somebody typed the code; by the secret that only the device has."""

    secret: str


class AddKiosk(Message, frozen=True):
    """An act: the device that shows this code is a kiosk of the organisation."""

    code: str
    name: str
    team: str = ""
    """The team whose clinics it checks people in for; empty: nobody's yet."""


KioskAct: TypeAlias = AddKiosk


class ListKiosks(Message, frozen=True):
    """The organisation's kiosks."""

    session: str


class EndKiosk(Message, frozen=True):
    """End a kiosk: it holds at once."""

    session: str
    kiosk: str


KioskQuestion: TypeAlias = BeginPairing | PollPairing | ListKiosks | EndKiosk


class PairingBegun(Message, frozen=True):
    """The code for the screen, and the secret to ask with."""

    code: str
    secret: str
    seconds: int


class Paired(Message, frozen=True):
    """The kiosk's client id; empty: nobody has typed the code yet."""

    client_id: str


class KioskView(msgspec.Struct, frozen=True, array_like=True):
    """A kiosk; times are UTC microseconds since 1970, 0 where they have not come."""

    id: str
    name: str
    since: int
    last_seen: int


class Kiosks(Message, frozen=True):
    """By name."""

    kiosks: tuple[KioskView, ...]


KioskAnswer: TypeAlias = PairingBegun | Paired | Kiosks
