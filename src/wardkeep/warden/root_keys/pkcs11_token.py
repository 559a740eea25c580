# SPDX-License-Identifier: Apache-2.0
"""A root key in a PKCS#11 token (an HSM): AES-256-GCM done inside, the key never out.

Addresses are PKCS#11 URIs (RFC 7512):
`pkcs11:token=LABEL;object=LABEL?module-path=/…/libsofthsm2.so&pin-source=file:/…`. A
`pin-value` is refused: what stands in a setting stands in listings and backups.
Without a `pin-source` whoever starts the warden is asked.
"""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import unquote

from wardkeep.crypto.aead import NONCE_BYTES, TAG_BYTES, BoxCannotBeOpenedError, Key
from wardkeep.warden.root_key import (
    Ask,
    Kind,
    Place,
    RootKeyExistsError,
    RootKeyUnavailableError,
)
from wardkeep.warden.root_keys._bytes import read_closed_file

if TYPE_CHECKING:
    import pkcs11

SCHEME = "pkcs11"
_ATTRIBUTES = {"token", "object", "module-path", "pin-source"}
_NEEDED = ("token", "object", "module-path")
_AES_BITS = 256
T = TypeVar("T")


class _TokenSaysNothingError(RootKeyUnavailableError):
    """A general error, which may mean anything."""


class Pkcs11Uri(NamedTuple):
    """What an address says."""

    token: str
    object: str
    module: str
    pin_file: Path | None


class TokenRootKey:
    """A session with a token, opened again when the token drops it."""

    def __init__(self, uri: Pkcs11Uri, ask: Ask) -> None:
        self._uri = uri
        self._pin = _read_pin(uri, ask)
        self._key: Any = None
        """A `pkcs11.SecretKey`, whose mixed-in verbs its types do not know."""
        # A session does one thing at a time, and rotations run in a thread.
        self._one_at_a_time = threading.Lock()
        self.identity = f"{SCHEME} {uri.object} in the token {uri.token}"

    def check(self) -> None:
        """Find the key.

        Raises:
            RootKeyUnavailableError: no module, token or key, or a wrong PIN.
        """
        self._use(lambda _: None)

    def make(self) -> None:
        """A new key that the token gives to nobody.

        Raises:
            RootKeyUnavailableError: there is one of that name, or the token refuses.
        """
        import pkcs11  # noqa: PLC0415 - an extra: wardkeep[pkcs11]

        wanted = {
            pkcs11.Attribute.EXTRACTABLE: False,
            pkcs11.Attribute.SENSITIVE: True,
            pkcs11.Attribute.WRAP: False,
            pkcs11.Attribute.UNWRAP: False,
            pkcs11.Attribute.SIGN: False,
            pkcs11.Attribute.VERIFY: False,
        }
        uses = pkcs11.MechanismFlag.ENCRYPT | pkcs11.MechanismFlag.DECRYPT
        with _in_words(self._uri), self._open(is_writing=True) as session:
            if list(session.get_objects({pkcs11.Attribute.LABEL: self._uri.object})):
                message = f"{self.identity} is there already; name another object."
                raise RootKeyExistsError(message)
            session.generate_key(
                pkcs11.KeyType.AES,
                _AES_BITS,
                label=self._uri.object,
                store=True,
                capabilities=uses,
                template=wanted,
            )

    def wrap(self, key: Key, identity: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        box: bytes = self._use(lambda held: held.encrypt(key, **_gcm(nonce, identity)))
        return nonce + box

    def unwrap(self, wrapped: bytes, identity: bytes) -> Key:
        nonce, box = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        if len(box) < TAG_BYTES:
            raise BoxCannotBeOpenedError
        try:
            return Key(
                self._use(lambda held: held.decrypt(box, **_gcm(nonce, identity)))
            )
        except _TokenSaysNothingError as unclear:
            # Some tokens give a general error for a wrong tag. One that still seals
            # something is in order, so it is the box.
            self.wrap(Key(bytes(32)), b"check")
            raise BoxCannotBeOpenedError from unclear

    def destroy(self) -> None:
        import pkcs11  # noqa: PLC0415 - an extra

        with _in_words(self._uri), self._open(is_writing=True) as session:
            named = {
                pkcs11.Attribute.LABEL: self._uri.object,
                pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
            }
            for found in list(session.get_objects(named)):
                found.destroy()
            self._key = None

    def _use(self, act: Callable[[Any], T]) -> T:
        """Do something with the key; once more in a new session where one was lost."""
        with _in_words(self._uri), self._one_at_a_time:
            if self._key is not None:
                with suppress(*_lost_session()):
                    return act(self._key)
            self._key = self._find()
            return act(self._key)

    def _find(self) -> Any:
        import pkcs11  # noqa: PLC0415 - an extra

        if self._key is not None:
            with suppress(pkcs11.PKCS11Error):
                self._key.session.close()
        session = self._open(is_writing=False)
        return session.get_key(
            object_class=pkcs11.ObjectClass.SECRET_KEY, label=self._uri.object
        )

    def _open(self, *, is_writing: bool) -> "pkcs11.Session":
        import pkcs11  # noqa: PLC0415 - an extra

        module = pkcs11.lib(self._uri.module)
        token = module.get_token(token_label=self._uri.token)
        try:
            return token.open(rw=is_writing, user_pin=self._pin)
        except pkcs11.UserAlreadyLoggedIn:
            return token.open(rw=is_writing)


def read_uri(rest: str) -> Pkcs11Uri:
    """What a PKCS#11 URI says, without its scheme.

    Raises:
        RootKeyUnavailableError: a part is missing, or is none that we know.
    """
    found: dict[str, str] = {}
    path, _, query = rest.partition("?")
    for part in filter(None, [*path.split(";"), *query.split("&")]):
        name, _, value = part.partition("=")
        if name not in _ATTRIBUTES:
            message = f"pkcs11: {name!r} may not stand in a root key's address. There"
            message += f" are: {', '.join(sorted(_ATTRIBUTES))}."
            raise RootKeyUnavailableError(message)
        found[name] = unquote(value)
    missing = [name for name in _NEEDED if not found.get(name)]
    if missing:
        message = f"pkcs11: {', '.join(missing)} is missing. Write {KIND.words}."
        raise RootKeyUnavailableError(message)
    source = found.get("pin-source", "")
    return Pkcs11Uri(
        token=found["token"],
        object=found["object"],
        module=found["module-path"],
        pin_file=Path(source.removeprefix("file:")) if source else None,
    )


def _read_pin(uri: Pkcs11Uri, ask: Ask) -> str:
    if uri.pin_file is None:
        return ask(_pin_words(uri))
    return read_closed_file(uri.pin_file).decode().strip()


def _pin_words(uri: Pkcs11Uri) -> str:
    return f"PIN of the token {uri.token}"


def _asks(rest: str) -> str:
    uri = read_uri(rest)
    return "" if uri.pin_file else _pin_words(uri)


def _gcm(nonce: bytes, identity: bytes) -> "dict[str, object]":
    import pkcs11  # noqa: PLC0415 - an extra

    parameters = pkcs11.GCMParams(nonce, identity, TAG_BYTES * 8)
    return {"mechanism": pkcs11.Mechanism.AES_GCM, "mechanism_param": parameters}


def _lost_session() -> tuple[type[Exception], ...]:
    """What a token says of a session that it ended: by a restart, a failover."""
    import pkcs11  # noqa: PLC0415 - an extra

    return (
        pkcs11.DeviceError,
        pkcs11.DeviceRemoved,
        pkcs11.KeyHandleInvalid,
        pkcs11.ObjectHandleInvalid,
        pkcs11.SessionClosed,
        pkcs11.SessionHandleInvalid,
        pkcs11.TokenNotPresent,
        pkcs11.UserNotLoggedIn,
        RuntimeError,
    )


class _in_words:  # noqa: N801 - used as a verb: `with _in_words(uri):`
    """Errors of the token as ours."""

    def __init__(self, uri: Pkcs11Uri) -> None:
        self._uri = uri

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        if error is None or isinstance(
            error, RootKeyUnavailableError | BoxCannotBeOpenedError
        ):
            return
        if isinstance(error, ImportError):
            message = (
                "A PKCS#11 token needs an extra. Run: pip install wardkeep[pkcs11]"
            )
            raise RootKeyUnavailableError(message) from None
        self._translate(error)

    def _translate(self, error: BaseException) -> None:
        import pkcs11  # noqa: PLC0415 - an extra

        if isinstance(
            error, pkcs11.EncryptedDataInvalid | pkcs11.EncryptedDataLenRange
        ):
            raise BoxCannotBeOpenedError from None
        if isinstance(error, pkcs11.PKCS11Error | RuntimeError | OSError):
            mend = _MENDS.get(type(error).__name__, "See that it is there and in order")
            message = (
                f"The token {self._uri.token} ({self._uri.module}) does not let us"
            )
            message += f" use {self._uri.object}: {type(error).__name__}. {mend}."
            is_clear = not isinstance(error, pkcs11.GeneralError)
            raise (RootKeyUnavailableError if is_clear else _TokenSaysNothingError)(
                message
            ) from None


_MENDS = {
    "PinIncorrect": "Give the right PIN; a token locks itself after a few wrong ones",
    "NoSuchToken": "Connect it, or mend the token's name",
    "NoSuchKey": "Mend the object's name, or restore the token from its own backup",
}


def _open(rest: str, place: Place) -> TokenRootKey:
    found = TokenRootKey(read_uri(rest), place.ask)
    found.check()
    return found


def _make(rest: str, place: Place) -> TokenRootKey:
    made = TokenRootKey(read_uri(rest), place.ask)
    made.make()
    made.check()
    return made


KIND = Kind(
    scheme=SCHEME,
    words="pkcs11:token=LABEL;object=LABEL?module-path=FILE&pin-source=file:FILE",
    open=_open,
    make=_make,
    asks=_asks,
)
