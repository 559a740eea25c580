# SPDX-License-Identifier: Apache-2.0
"""A software authenticator: real WebAuthn answers, and wrong ones on demand.

For drills and tests: it proves nothing of a person, and nothing of ours signs in by it.
"""

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

_PRESENT, _VERIFIED, _ELIGIBLE, _BACKED_UP, _ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class SoftwareAuthenticator:
    """Holds one passkey. Every attribute may be set to something wrong."""

    def __init__(self, *, origin: str, rp_id: str = "localhost") -> None:
        self.origin = origin
        self.rp_id = rp_id
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = os.urandom(32)
        self.user_handle = b""
        self.counter = 0
        self.is_user_present = True
        self.is_user_verified = True
        self.is_backup_eligible = False
        self.is_backed_up = False
        self.spoils_signature = False
        self.extensions: dict[str, Any] = {}

    def register(self, options: bytes) -> bytes:
        """The answer to `navigator.credentials.create`."""
        asked = json.loads(options)
        self.user_handle = decoded(asked["user"]["id"])
        client = self._client_data("webauthn.create", asked["challenge"])
        attestation = cbor2.dumps(
            {"fmt": "none", "attStmt": {}, "authData": self._registration()}
        )
        return self._answer(
            {
                "clientDataJSON": encoded(client),
                "attestationObject": encoded(attestation),
                "transports": ["internal"],
            }
        )

    def sign_in(self, options: bytes) -> bytes:
        """The answer to `navigator.credentials.get`."""
        asked = json.loads(options)
        client = self._client_data("webauthn.get", asked["challenge"])
        self.counter += 1
        authenticator = self._authenticator_data(attested=b"")
        signed = authenticator + hashlib.sha256(client).digest()
        signature = self.key.sign(signed, ec.ECDSA(SHA256()))
        if self.spoils_signature:
            signature = signature[:-1] + bytes((signature[-1] ^ 1,))
        return self._answer(
            {
                "clientDataJSON": encoded(client),
                "authenticatorData": encoded(authenticator),
                "signature": encoded(signature),
                "userHandle": encoded(self.user_handle),
            }
        )

    def _answer(self, response: dict[str, Any]) -> bytes:
        return json.dumps(
            {
                "id": encoded(self.credential_id),
                "rawId": encoded(self.credential_id),
                "type": "public-key",
                "authenticatorAttachment": "platform",
                "response": response,
                "clientExtensionResults": self.extensions,
            }
        ).encode()

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps(
            {
                "type": kind,
                "challenge": challenge,
                "origin": self.origin,
                "crossOrigin": False,
            }
        ).encode()

    def _registration(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps(
            {
                1: 2,
                3: -7,
                -1: 1,
                -2: numbers.x.to_bytes(32, "big"),
                -3: numbers.y.to_bytes(32, "big"),
            }
        )
        id_ = self.credential_id
        attested = bytes(16) + len(id_).to_bytes(2, "big") + id_ + public
        return self._authenticator_data(attested=attested)

    def _authenticator_data(self, *, attested: bytes) -> bytes:
        flags = _ATTESTED if attested else 0
        flags |= _PRESENT if self.is_user_present else 0
        flags |= _VERIFIED if self.is_user_verified else 0
        flags |= _ELIGIBLE if self.is_backup_eligible else 0
        flags |= _BACKED_UP if self.is_backed_up else 0
        rp = hashlib.sha256(self.rp_id.encode()).digest()
        return rp + bytes((flags,)) + self.counter.to_bytes(4, "big") + attested
