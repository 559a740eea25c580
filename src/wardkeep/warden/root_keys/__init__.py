# SPDX-License-Identifier: Apache-2.0
"""Kinds of root keys, one file each; found by themselves."""

import pkgutil
from functools import cache

from wardkeep.warden.root_key import Kind, Place, RootKey, kind_at


@cache
def kinds() -> dict[str, Kind]:
    """By scheme."""
    found: list[Kind] = [
        pkgutil.resolve_name(f"{__name__}.{module.name}:KIND")
        for module in pkgutil.iter_modules(__path__)
        if not module.name.startswith("_")
    ]
    return {kind.scheme: kind for kind in found}


def open_root_key(address: str, place: Place) -> RootKey:
    """The root key at an address.

    Raises:
        RootKeyUnavailableError: it is not there, or does not answer.
    """
    kind, rest = kind_at(address, kinds())
    return kind.open(rest, place)


def make_root_key(address: str, place: Place) -> RootKey:
    """A new root key at an address.

    Raises:
        RootKeyUnavailableError: one is there already, or it cannot be made.
    """
    kind, rest = kind_at(address, kinds())
    return kind.make(rest, place)
