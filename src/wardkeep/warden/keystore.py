# SPDX-License-Identifier: Apache-2.0
"""Keys below the root: an organisation's, and through it each patient's.

Only the warden's service imports this module (import-linter holds it). Organisation
keys stay here; patients' keys pass through on their way to a grant.
"""

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.crypto.aead import BoxCannotBeOpenedError, Cipher, Key, new_key
from wardkeep.crypto.derive import derive
from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.sealed import key_identity
from wardkeep.identity.accounts import OrganisationRow
from wardkeep.warden.root_key import RootKey
from wardkeep.warden.token_keys import KeyState, OrganisationTokens, TokenPhase
from wardkeep.warden.wrapped_keys import FIRST, WrappedBox, boxes_in, column_of

PATIENT_TIERS = (Tier.BANNER, Tier.RECORD, Tier.SEALED)


class OrganisationKeys(msgspec.Struct, frozen=True):
    """An organisation's keys, made ready."""

    wrapping: Cipher
    tokens: OrganisationTokens
    packs: Key
    """Under it lies what kiosks bring back; it goes with the wrapping key."""
    older_packs: Key | None
    older: Cipher | None
    """The wrapping key before, while rows may still be wrapped by it."""
    generation: int
    """Of data keys that are made now."""
    fingerprint: str
    """Of the wrapping key: 16 hexadecimal digits that tell nothing else of it."""
    older_fingerprint: str


class KeyStore:
    """Every organisation's key, unwrapped and ready, for as long as we run."""

    __slots__ = ("_floors", "_organisations", "_root")

    def __init__(self, root: RootKey) -> None:
        self._root = root
        self._organisations: dict[int, OrganisationKeys] = {}
        self._floors: dict[bytes, int] = {}

    def make_organisation_key(self, organisation: int) -> bytes:
        """A new key, wrapped by the root key for the organisation's row.

        It is not used before `admit`: that is for when the row is stored.
        """
        return self._root.wrap(new_key(), organisation_identity(organisation))

    def admit(
        self, organisation: int, wrapped: bytes, *, older: bytes | None = None
    ) -> None:
        """Unwrap an organisation's key and hold it, and the one before it.

        Raises:
            BoxCannotBeOpenedError: the row belongs to another root key.
        """
        row = OrganisationRow(
            number=OrganisationId(organisation),
            slug="",
            name="",
            wrapped_key=wrapped,
            older_wrapped_key=older,
        )
        self.admit_row(row)

    def admit_row(self, row: OrganisationRow) -> None:
        """The same of all keys that an organisation has.

        Raises:
            BoxCannotBeOpenedError: the row belongs to another root key.
        """
        self._organisations[row.number] = self.unwrapped(row)

    def unwrapped(self, row: OrganisationRow) -> OrganisationKeys:
        """What a row's keys are; it asks the root key, which may take its time.

        Raises:
            BoxCannotBeOpenedError: the row belongs to another root key.
        """
        identity = organisation_identity(row.number)
        key = self._root.unwrap(row.wrapped_key, identity)
        older = row.older_wrapped_key
        before = None if older is None else self._root.unwrap(older, identity)
        hashing = self._hashing(row, key)
        return OrganisationKeys(
            wrapping=_wrapping(key),
            tokens=self._unwrapped_tokens(row, hashing),
            packs=_packs(key),
            older_packs=None if before is None else _packs(before),
            older=None if before is None else _wrapping(before),
            generation=row.key_generation,
            fingerprint=_fingerprint(key),
            older_fingerprint="" if before is None else _fingerprint(before),
        )

    def fingerprint(self, organisation: int) -> str:
        """Of the key that patients' keys are wrapped by."""
        return self._organisations[organisation].fingerprint

    def older_fingerprint(self, organisation: int) -> str:
        """Of the key before; empty where there is none."""
        return self._organisations[organisation].older_fingerprint

    def turn_wrapping(self, organisation: int, keys: OrganisationKeys) -> None:
        """Wrap by these from now on; search tokens have a rotation of their own."""
        held = self._organisations[organisation]
        self._organisations[organisation] = msgspec.structs.replace(
            keys, tokens=held.tokens, generation=max(held.generation, keys.generation)
        )

    def turn_tokens(self, organisation: int, keys: OrganisationKeys) -> None:
        """Make search tokens as these say from now on."""
        self._organisations[organisation] = msgspec.structs.replace(
            self._organisations[organisation], tokens=keys.tokens
        )

    def _hashing(self, row: OrganisationRow, key: Key) -> Key:
        """What tokens are hashed by: it never changes, whatever is rotated."""
        wrapped = row.wrapped_token_key
        if wrapped is None:
            return token_key_of(key)
        return self._root.unwrap(wrapped, token_key_identity(row.number))

    def _unwrapped_tokens(
        self, row: OrganisationRow, hashing: Key
    ) -> OrganisationTokens:
        layer, newer = row.token_layer, row.newer_layer
        unwrap, identity = self._root.unwrap, token_layer_identity(row.number)
        return OrganisationTokens(
            KeyState(
                hashing=hashing,
                layer=None if layer is None else unwrap(layer, identity),
                newer_layer=None if newer is None else unwrap(newer, identity),
                generation=row.token_generation,
                phase=TokenPhase(row.token_phase),
            )
        )

    def tokens_of(self, organisation: int) -> OrganisationTokens:
        """What makes its search tokens."""
        return self._organisations[organisation].tokens

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
        self._organisations[organisation] = msgspec.structs.replace(
            held, older=None, older_packs=None, older_fingerprint=""
        )

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
        """What a search asks for, in the order of the values."""
        return self._organisations[organisation].tokens.searched(values)

    def pack_keys(self, organisation: int) -> tuple[Key, ...]:
        """For what kiosks take along: the newest, and the one that goes."""
        held = self._organisations[organisation]
        older = held.older_packs
        return (held.packs,) if older is None else (held.packs, older)

    def __repr__(self) -> str:
        return f"KeyStore({len(self._organisations)} organisations)"


def token_key_of(key: Key) -> Key:
    """An organisation's first search-token key; a rotation of `key` keeps it."""
    return derive(key, "search-tokens")


def organisation_identity(organisation: int) -> bytes:
    return f"organisation-key|1|{organisation}".encode()


def token_key_identity(organisation: int) -> bytes:
    return f"search-token-key|1|{organisation}".encode()


def token_layer_identity(organisation: int) -> bytes:
    return f"search-token-layer|1|{organisation}".encode()


def _fingerprint(key: Key) -> str:
    return derive(key, "organisation-key-identity")[:8].hex()


def _wrapping(key: Key) -> Cipher:
    return Cipher(derive(key, "wrap-patient-key"))


def _packs(key: Key) -> Key:
    return derive(key, "kiosk-packs")


def _opened_by(cipher: Cipher | None, wrapped: bytes, identity: bytes) -> Key | None:
    if cipher is None:
        return None
    try:
        return Key(cipher.open(wrapped, identity))
    except BoxCannotBeOpenedError:
        return None


def _wrap(held: OrganisationKeys, generation: int, key: Key, identity: bytes) -> bytes:
    empty = WrappedBox(generation, b"")
    box = held.wrapping.seal(key, empty.identity(identity))
    return msgspec.structs.replace(empty, box=box).column


def _rewrapped(held: OrganisationKeys, one: WrappedBox, bound: bytes) -> WrappedBox:
    """The same key by the newest wrapping key.

    Raises:
        BoxCannotBeOpenedError: neither opens it.
    """
    if _opened_by(held.wrapping, one.box, bound) is not None:
        return one
    key = _opened_by(held.older, one.box, bound)
    if key is None:
        raise BoxCannotBeOpenedError
    return msgspec.structs.replace(one, box=held.wrapping.seal(key, bound))


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
