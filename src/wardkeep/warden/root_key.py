# SPDX-License-Identifier: Apache-2.0
"""The root key: what wraps every organisation's key, wherever it is kept.

The interface is small, so that a PKCS#11 token or a cloud key service, from which no
key ever comes out, can stand in the place of a file. What only some kinds can do is an
interface of its own.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from wardkeep.crypto.aead import Key


class RootKey(Protocol):
    """Wraps and unwraps 32-byte keys, bound to an identity."""

    @property
    def identity(self) -> str:
        """Which key it is, in words for a person; nothing of it is secret."""
        ...

    def wrap(self, key: Key, identity: bytes) -> bytes:
        """The key, sealed.

        Raises:
            RootKeyUnavailableError: the device or service does not answer.
        """
        ...

    def unwrap(self, wrapped: bytes, identity: bytes) -> Key:
        """Undo `wrap`.

        Raises:
            BoxCannotBeOpenedError: another root key, another identity, other bytes.
            RootKeyUnavailableError: the device or service does not answer.
        """
        ...


@runtime_checkable
class CanBeSplit(Protocol):
    """A root key of which we hold the bytes: they can be put on paper."""

    def unsafe_secret(self) -> Key:
        """The root key itself. For the ceremony alone."""
        ...


@runtime_checkable
class CanBeDestroyed(Protocol):
    """A root key that we may destroy once nothing is wrapped by it."""

    def destroy(self) -> None: ...


class RootKeyUnavailableError(Exception):
    """The root key cannot be used; the message says why and the mend."""


class RootKeyExistsError(RootKeyUnavailableError):
    """A new root key was asked for where there is one; it is never written over."""


Ask = Callable[[str], str]
"""Asks for a secret; the argument says in words which."""


class Place(NamedTuple):
    """What a kind needs besides its address: the warden's folder, and who to ask."""

    folder: Path
    ask: Ask


class Kind(NamedTuple):
    """One kind of root key, as its own file registers it."""

    scheme: str
    """What its addresses begin with."""
    words: str
    """How it is written, for a person."""
    open: Callable[[str, Place], RootKey]
    """The key at an address. Raises RootKeyUnavailableError."""
    make: Callable[[str, Place], RootKey]
    """A new key there. Raises RootKeyExistsError where there is one, or as `open`."""
    asks: Callable[[str], str] = lambda _: ""
    """What somebody has to be asked for to open it, in words; empty: nothing."""


def kind_at(address: str, kinds: Mapping[str, Kind]) -> tuple[Kind, str]:
    """The kind that an address names, and the rest of the address.

    Raises:
        RootKeyUnavailableError: there is no such kind.
    """
    scheme, _, rest = address.partition(":")
    kind = kinds.get(scheme)
    if kind is None:
        known = "; ".join(one.words for one in kinds.values())
        message = f"{address!r} names no root key. Write one of: {known}."
        raise RootKeyUnavailableError(message)
    return kind, rest
