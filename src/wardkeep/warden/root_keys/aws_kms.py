# SPDX-License-Identifier: Apache-2.0
"""A root key in AWS KMS, asked over HTTPS: `aws-kms:KEY-ARN`.

https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html. The identity goes
along as the encryption context, so it is authenticated, and stands in the provider's
own log. Credentials are those of botocore's usual chain, at best the machine's role;
none of them is a setting of ours. `?endpoint=URL` names another address that speaks
the same API.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import unquote

from wardkeep.crypto.aead import BoxCannotBeOpenedError, Key
from wardkeep.warden.root_key import Kind, Place, RootKeyUnavailableError

SCHEME = "aws-kms"
_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 3, 5, 3
_ARN = re.compile(r"arn:aws[\w-]*:kms:(?P<region>[\w-]+):\d{12}:key/[\w-]+")
_NOT_THIS_KEY = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
_NEAR = ("http://127.0.0.1:", "http://localhost:")


class KmsAddress(NamedTuple):
    """What an address says."""

    arn: str
    region: str
    endpoint: str | None


class KmsRootKey:
    """A key of which nothing but its name is here."""

    def __init__(self, address: KmsAddress) -> None:
        self._arn = address.arn
        self._client = _client(address)
        self.identity = f"{SCHEME} {address.arn}"

    def wrap(self, key: Key, identity: bytes) -> bytes:
        answer = self._ask(self._client.encrypt, identity, Plaintext=key)
        return bytes(answer["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, identity: bytes) -> Key:
        answer = self._ask(self._client.decrypt, identity, CiphertextBlob=wrapped)
        if answer["KeyId"] != self._arn:
            # Whoever answers may take the key from the box; it is to be this one.
            raise BoxCannotBeOpenedError
        return Key(bytes(answer["Plaintext"]))

    def _ask(
        self, verb: Callable[..., dict[str, Any]], identity: bytes, **sent: bytes
    ) -> dict[str, Any]:
        from botocore.exceptions import (  # noqa: PLC0415 - an extra
            BotoCoreError,
            ClientError,
        )

        context = {"wardkeep": identity.decode()}
        try:
            return verb(KeyId=self._arn, EncryptionContext=context, **sent)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _NOT_THIS_KEY:
                raise BoxCannotBeOpenedError from None
            raise self._unavailable(code) from None
        except BotoCoreError as error:
            raise self._unavailable(type(error).__name__) from None

    def _unavailable(self, code: str) -> RootKeyUnavailableError:
        return RootKeyUnavailableError(
            f"{self.identity} does not answer ({code}). See that the machine reaches"
            " the service, that the key is enabled, and that the warden's role may use"
            " kms:Encrypt and kms:Decrypt on it."
        )


def read_address(rest: str) -> KmsAddress:
    """What an address says, without its scheme.

    Raises:
        RootKeyUnavailableError: it names no key, or an address without TLS.
    """
    arn, _, query = rest.partition("?")
    found = _ARN.fullmatch(arn)
    name, _, value = query.partition("=")
    endpoint = unquote(value) if name == "endpoint" else None
    is_safe = endpoint is None or endpoint.startswith(("https://", *_NEAR))
    if found is None or (query and endpoint is None) or not is_safe:
        message = f"aws-kms: {rest[:200]!r} names no key. Write {KIND.words}, with the"
        raise RootKeyUnavailableError(f"{message} key's whole ARN, and https.")
    return KmsAddress(arn, found["region"], endpoint)


def _client(address: KmsAddress) -> Any:
    try:
        import botocore.session  # noqa: PLC0415 - an extra: wardkeep[aws]
        from botocore.config import Config  # noqa: PLC0415
    except ImportError:
        message = "AWS KMS needs an extra. Run: pip install wardkeep[aws]"
        raise RootKeyUnavailableError(message) from None
    return botocore.session.get_session().create_client(
        "kms",
        region_name=address.region,
        endpoint_url=address.endpoint,
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
        ),
    )


def _open(rest: str, place: Place) -> KmsRootKey:
    del place
    return KmsRootKey(read_address(rest))


def _make(rest: str, place: Place) -> KmsRootKey:
    """Who may make keys there is not the warden: it takes one that was made for it."""
    made = _open(rest, place)
    made.unwrap(made.wrap(Key(bytes(32)), b"check"), b"check")
    return made


KIND = Kind(
    scheme=SCHEME,
    words="aws-kms:KEY-ARN[?endpoint=URL]",
    open=_open,
    make=_make,
)
