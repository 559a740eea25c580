# SPDX-License-Identifier: Apache-2.0
"""Passkeys: WebAuthn Level 3 (https://www.w3.org/TR/webauthn-3/), user verified.

Ceremonies 7.1 (registering) and 7.2 (signing in) by py_webauthn. The challenge is one
of ours, good once; origin and relying party are exact; a counter that runs backwards
is a cloned authenticator.
"""

import base64
from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import webauthn
from webauthn.authentication.verify_authentication_response import (
    VerifiedAuthentication,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from wardkeep.identity.factor import Factor, FactorRefused

PASSKEY = Factor(name="passkey", is_phishing_resistant=True)
LARGEST_RESPONSE_BYTES = 64 * 1024
_ALGORITHMS = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
# What a hostile answer may make the library's parsers raise besides its own errors.
_MALFORMED = (
    WebAuthnException,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
    EOFError,
)


class RelyingParty(msgspec.Struct, frozen=True, kw_only=True):
    """Who we are to an authenticator: passkeys are bound to it for ever."""

    id: str
    name: str
    origin: str

    @classmethod
    def of(cls, origin: str) -> "RelyingParty":
        return cls(id=urlsplit(origin).hostname or "", name="Wardkeep", origin=origin)


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """A new passkey that proved itself."""

    id: bytes
    public_key: bytes
    sign_count: int
    is_backup_eligible: bool
    is_backed_up: bool


class Presented(msgspec.Struct, frozen=True, kw_only=True):
    """An answer before it is verified: which passkey and challenge it claims."""

    credential: bytes
    challenge: bytes
    user_handle: bytes


class Asserted(msgspec.Struct, frozen=True, kw_only=True):
    """A passkey that proved itself."""

    sign_count: int
    is_backed_up: bool


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of the passkey that an answer claims."""

    account: str
    public_key: bytes
    sign_count: int
    is_backup_eligible: bool
    is_revoked: bool


def registration_options(
    party: RelyingParty,
    *,
    account: str,
    display_name: str,
    challenge: bytes,
    existing: Sequence[bytes],
) -> bytes:
    """Options for `navigator.credentials.create`, as JSON."""
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=UUID(account).bytes,
        user_name=display_name,
        user_display_name=display_name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=credential) for credential in existing
        ],
        supported_pub_key_algs=_ALGORITHMS,
    )
    return webauthn.options_to_json(options).encode()


def assertion_options(
    party: RelyingParty, *, challenge: bytes, allowed: Sequence[bytes] = ()
) -> bytes:
    """Options for `navigator.credentials.get`, as JSON.

    Any passkey of this site will do, or where some are allowed, one of those.
    """
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        user_verification=UserVerificationRequirement.REQUIRED,
        allow_credentials=[
            PublicKeyCredentialDescriptor(id=credential) for credential in allowed
        ],
    )
    return webauthn.options_to_json(options).encode()


class _Response(msgspec.Struct, rename="camel"):
    client_data_json: str = msgspec.field(name="clientDataJSON", default="")
    user_handle: str | None = None


class _Answer(msgspec.Struct, rename="camel"):
    raw_id: str
    response: _Response
    client_extension_results: dict[str, msgspec.Raw] = msgspec.field(
        default_factory=dict
    )


class _ClientData(msgspec.Struct, rename="camel"):
    challenge: str
    cross_origin: bool = False


def present(response: bytes) -> Presented | FactorRefused:
    """What an answer claims, read with care; nothing of it is believed yet."""
    if len(response) > LARGEST_RESPONSE_BYTES:
        return FactorRefused(code="too-large")
    try:
        answer = msgspec.json.decode(response, type=_Answer)
        # PRF output is a secret of the device; a page that sends it is broken.
        if "prf" in answer.client_extension_results:
            return FactorRefused(code="secret-sent")
        client = msgspec.json.decode(
            _from_base64url(answer.response.client_data_json), type=_ClientData
        )
        # A page of ours in somebody else's frame (WebAuthn 7.2, step 13).
        if client.cross_origin:
            return FactorRefused(code="cross-origin")
        return Presented(
            credential=_from_base64url(answer.raw_id),
            challenge=_from_base64url(client.challenge),
            user_handle=_from_base64url(answer.response.user_handle or ""),
        )
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return FactorRefused(code="malformed")


def _from_base64url(text: str) -> bytes:
    """Strict; what is no base64url, or no ASCII, is a ValueError."""
    padded = text.encode("ascii") + b"=" * (-len(text) % 4)
    return base64.b64decode(padded, altchars=b"-_", validate=True)


def finish_registration(
    party: RelyingParty, response: bytes, *, challenge: bytes
) -> Registered | FactorRefused:
    """WebAuthn 7.1: a new passkey, user present and verified."""
    try:
        verified = webauthn.verify_registration_response(
            credential=response.decode(),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
    except _MALFORMED as error:
        return FactorRefused(code=f"registration-{type(error).__name__}")
    device_type = verified.credential_device_type
    return Registered(
        id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        is_backup_eligible=device_type is CredentialDeviceType.MULTI_DEVICE,
        is_backed_up=verified.credential_backed_up,
    )


def finish_assertion(
    party: RelyingParty, response: bytes, *, presented: Presented, known: Known
) -> Asserted | FactorRefused:
    """WebAuthn 7.2: a registered passkey, user present and verified."""
    if known.is_revoked:
        return FactorRefused(code="revoked")
    if presented.user_handle != UUID(known.account).bytes:
        return FactorRefused(code="wrong-account")
    try:
        verified = webauthn.verify_authentication_response(
            credential=response.decode(),
            expected_challenge=presented.challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=known.public_key,
            # The counter is compared below, so that a clone has a code of its own.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except _MALFORMED as error:
        return FactorRefused(code=f"assertion-{type(error).__name__}")
    fault = _fault_since(verified, known)
    if fault:
        return FactorRefused(code=fault)
    return Asserted(
        sign_count=verified.new_sign_count, is_backed_up=verified.credential_backed_up
    )


def _fault_since(verified: VerifiedAuthentication, known: Known) -> str:
    """What a passkey says of itself that cannot be, after what it said before."""
    is_eligible = verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    if is_eligible is not known.is_backup_eligible:
        return "backup-eligibility-changed"
    uses_counter = bool(verified.new_sign_count or known.sign_count)
    is_behind = uses_counter and verified.new_sign_count <= known.sign_count
    return "cloned-authenticator" if is_behind else ""
