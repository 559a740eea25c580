# SPDX-License-Identifier: Apache-2.0
"""Keys below the root: an organisation's, and through it each patient's.

Only the warden's service imports this module (import-linter holds it). Organisation
keys stay here; patients' keys pass through on their way to a grant.
"""

import msgspec

from wardkeep.crypto.aead import BoxCannotBeOpenedError, Cipher, Key, new_key
from wardkeep.crypto.derive import derive
from wardkeep.crypto.tokens import TokenKey
from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.sealed import key_identity
from wardkeep.warden.root_key import RootKey
from wardkeep.warden.wrapped_keys import FIRST, WrappedBox, boxes_in, column_of

PATIENT_TIERS = (Tier.BANNER, Tier.RECORD, Tier.SEALED)


class _OrganisationKeys(msgspec.Struct, frozen=True):
    wrapping: Cipher
    tokens: TokenKey
    older: Cipher | None
    """The wrapping key before, while rows may still be wrapped by it."""
    generation: int
    """Of data keys that are made now."""


class KeyStore:
    """Every organisation's key, unwrapped and ready, for as long as we run."""

    __slots__ = ("_floors", "_organisations", "_root")

    def __init__(self, root: RootKey) -> None:
        self._root = root
        self._organisations: dict[int, _OrganisationKeys] = {}
        self._floors: dict[bytes, int] = {}

    def make_organisation_key(self, organisation: int) -> bytes:
        """A new key, wrapped by the root key for the organisation's row.

        It is not used before `admit`: that is for when the row is stored.
        """
        return self._root.wrap(new_key(), organisation_identity(organisation))

    def admit(
        self,
        organisation: int,
        wrapped: bytes,
        *,
        older: bytes | None = None,
        token_key: bytes | None = None,
        generation: int = FIRST,
    ) -> None:
        """Unwrap an organisation's key and hold it, and the one before it.

        Raises:
            BoxCannotBeOpenedError: the row belongs to another root key.
        """
        identity = organisation_identity(organisation)
        key = self._root.unwrap(wrapped, identity)
        tokens = (
            token_key_of(key)
            if token_key is None
            else self._root.unwrap(token_key, token_key_identity(organisation))
        )
        before = None if older is None else self._root.unwrap(older, identity)
        self._organisations[organisation] = _OrganisationKeys(
            wrapping=_wrapping(key),
            tokens=TokenKey(tokens),
            older=None if before is None else _wrapping(before),
            generation=generation,
        )

    def begin_generation(self, organisation: int, generation: int) -> None:
        """Data keys made from now on are of this generation, or of a later one."""
        held = self._organisations[organisation]
        self._organisations[organisation] = msgspec.structs.replace(
            held, generation=max(generation, held.generation)
        )

    def retire(self, organisation: int, patient: str, generation: int) -> None:
        """Open no key from before a generation any more, from whichever copy.

        Of one patient; where none is named of all of them, and of what is shared.
        """
        for floor in _floors_for(organisation, patient):
            self._floors[floor] = max(generation, self._floors.get(floor, FIRST))

    def is_live(self, box: WrappedBox, identity: bytes) -> bool:
        """Whether no rotation has ended that replaced it."""
        floors = self._floors
        if not floors:
            return True
        least = max(floors.get(identity, 0), floors.get(_everybody(identity), 0))
        return box.generation >= least

    def forget_older(self, organisation: int) -> None:
        """Nothing is wrapped by the key before any more."""
        held = self._organisations[organisation]
        self._organisations[organisation] = msgspec.structs.replace(held, older=None)

    @property
    def organisations(self) -> tuple[int, ...]:
        """The numbers of all organisations."""
        return tuple(self._organisations)

    def __len__(self) -> int:
        return len(self._organisations)

    def make_key(self, organisation: int, identity: bytes) -> tuple[bytes, Key]:
        """A new data key: (wrapped for its row, plain for its writer)."""
        key = new_key()
        held = self._organisations[organisation]
        return _wrap(held, held.generation, key, identity), key

    def turned(
        self, organisation: int, column: bytes, identity: bytes, generation: int
    ) -> bytes | None:
        """A new key of a generation before the newest one; None where that is of it.

        Raises:
            BoxCannotBeOpenedError: it is no wrapped key, or one that was replaced.
        """
        boxes = boxes_in(column)
        if not boxes or not self.is_live(boxes[0], identity):
            raise BoxCannotBeOpenedError
        if boxes[0].generation >= generation:
            return None
        held = self._organisations[organisation]
        return _wrap(held, generation, new_key(), identity) + boxes[0].column

    def unwrap(self, organisation: int, wrapped: bytes, identity: bytes) -> Key | None:
        """The newest data key; None where it belongs to another."""
        found = self.unwrap_all(organisation, wrapped, identity)
        return found[0] if found else None

    def unwrap_all(
        self, organisation: int, wrapped: bytes, identity: bytes
    ) -> tuple[Key, ...]:
        """The newest data key, and the one before it while rows may lie under it.

        None at all where the newest is not this organisation's and identity's.
        """
        held = self._organisations[organisation]
        found: list[Key] = []
        for box in boxes_in(wrapped):
            if not self.is_live(box, identity):
                break
            bound = box.identity(identity)
            key = _opened_by(held.wrapping, box.box, bound)
            key = key or _opened_by(held.older, box.box, bound)
            if key is None:
                break
            found.append(key)
        return tuple(found)

    def rewrapped(
        self, organisation: int, wrapped: bytes, identity: bytes
    ) -> bytes | None:
        """The same data keys by the newest key; None where they are so already.

        Raises:
            BoxCannotBeOpenedError: neither key opens one of them.
        """
        held = self._organisations[organisation]
        boxes = boxes_in(wrapped)
        if not boxes:
            raise BoxCannotBeOpenedError
        anew = tuple(_rewrapped(held, one, one.identity(identity)) for one in boxes)
        return None if anew == boxes else column_of(anew)

    def tokens(self, organisation: int, values: tuple[bytes, ...]) -> tuple[int, ...]:
        token = self._organisations[organisation].tokens.token
        return tuple([token(value) for value in values])

    def __repr__(self) -> str:
        return f"KeyStore({len(self._organisations)} organisations)"


def token_key_of(key: Key) -> Key:
    """An organisation's first search-token key; a rotation of `key` keeps it."""
    return derive(key, "search-tokens")


def organisation_identity(organisation: int) -> bytes:
    return f"organisation-key|1|{organisation}".encode()


def token_key_identity(organisation: int) -> bytes:
    return f"search-token-key|1|{organisation}".encode()


def _wrapping(key: Key) -> Cipher:
    return Cipher(derive(key, "wrap-patient-key"))


def _opened_by(cipher: Cipher | None, wrapped: bytes, identity: bytes) -> Key | None:
    if cipher is None:
        return None
    try:
        return Key(cipher.open(wrapped, identity))
    except BoxCannotBeOpenedError:
        return None


def _wrap(held: _OrganisationKeys, generation: int, key: Key, identity: bytes) -> bytes:
    empty = WrappedBox(generation, b"")
    box = held.wrapping.seal(key, empty.identity(identity))
    return empty._replace(box=box).column


def _rewrapped(held: _OrganisationKeys, one: WrappedBox, bound: bytes) -> WrappedBox:
    """The same key by the newest wrapping key.

    Raises:
        BoxCannotBeOpenedError: neither opens it.
    """
    if _opened_by(held.wrapping, one.box, bound) is not None:
        return one
    key = _opened_by(held.older, one.box, bound)
    if key is None:
        raise BoxCannotBeOpenedError
    return one._replace(box=held.wrapping.seal(key, bound))


def _floors_for(organisation: int, patient: str) -> list[bytes]:
    """What a floor is found by: identities of keys, or `_everybody` of them."""
    named = [
        key_identity(organisation=organisation, patient=patient, tier=tier)
        for tier in Tier
    ]
    return named if patient else [_everybody(one) for one in named]


def _everybody(identity: bytes) -> bytes:
    """An identity without its patient: for the floor of the whole organisation."""
    form, version, organisation, *_, tier = identity.split(b"|")
    return b"|".join((form, version, organisation, b"", tier))
