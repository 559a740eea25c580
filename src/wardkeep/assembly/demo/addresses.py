# SPDX-License-Identifier: Apache-2.0
"""Addresses in towns that are on no map, with postcodes that cannot exist.

No place lies in the postcode area ZZ; the Office for National Statistics gives
ZZ99 3VZ to people of no fixed abode, and the hospital does the same.
"""

import msgspec

from wardkeep.assembly.demo.chance import Chance
from wardkeep.assembly.demo.names import street

_TOWNS = ("Puddleford", "Nether Thimble", "Great Marrow", "Toadstool Green")
_INWARD_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
NO_FIXED_ABODE_POSTCODE = "ZZ99 3VZ"


class Address(msgspec.Struct, frozen=True):
    """Where a person lives; no line where they have no fixed address."""

    line: str | None
    town: str
    postcode: str


def home_of(*household: str | int) -> Address:
    """The same household lives at the same address."""
    chance = Chance("address", *household)
    letters = chance.pick(_INWARD_LETTERS) + chance.pick(_INWARD_LETTERS)
    return Address(
        line=street(chance),
        town=chance.pick(_TOWNS),
        postcode=f"ZZ9{chance.between(1, 8)} {chance.between(1, 9)}{letters}",
    )


def no_fixed_address() -> Address:
    return Address(line=None, town="Puddleford", postcode=NO_FIXED_ABODE_POSTCODE)
