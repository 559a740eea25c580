# SPDX-License-Identifier: Apache-2.0
"""Identifiers of different kinds, each a type of its own, and how they are made."""

import base64
import hashlib
import re
import secrets
import uuid
from typing import NewType

OrganisationId = NewType("OrganisationId", int)
"""A tenant: the data controller. Small positive integer, unique in an installation."""

AccountId = NewType("AccountId", str)
"""A person or service that signs in. Canonical UUID text."""

PatientId = NewType("PatientId", str)
"""The FHIR id of a Patient resource; `fhir id` pattern below."""

ResourceId = NewType("ResourceId", str)
"""The FHIR id of any resource; `fhir id` pattern below."""

SessionToken = NewType("SessionToken", str)
"""The secret in a session cookie: 43 base64url characters (256 bits)."""

SessionId = NewType("SessionId", str)
"""Names a session in the ledger without being able to use it."""

EntryIndex = NewType("EntryIndex", int)
"""Position of an entry in the ledger, from 0 (RFC 9162 leaf index)."""

FHIR_ID_PATTERN = re.compile(r"[A-Za-z0-9\-.]{1,64}")
"""FHIR R4 primitive `id` (https://hl7.org/fhir/R4/datatypes.html#id)."""

UUID_BYTES = 16
_UUID_CHARACTERS = 36
_UUID = re.compile(
    "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
).fullmatch
_SECRET_BYTES = 32


def new_uuid() -> str:
    """A random (version 4) UUID as text; it tells nothing of time or machine."""
    raw = bytearray(secrets.token_bytes(16))
    return str(uuid.UUID(bytes=bytes(raw), version=4))


def derived_uuid(*labels: str | int) -> str:
    """A UUID (version 8, RFC 9562 section 5.8) made from the labels alone.

    What is made from the same labels a second time is found by the database.
    """
    digest = hashlib.sha256("/".join(map(str, labels)).encode()).hexdigest()
    return (
        f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"
    )


def uuid_bytes(text: str) -> bytes:
    """The 16 bytes of a UUID in its canonical small letters; empty for other text."""
    if text[8:24:5] != "----":
        return b""
    digits = text.replace("-", "")
    try:
        packed = bytes.fromhex(digits)
    except ValueError:
        return b""
    # Neither blanks nor capitals, which `fromhex` takes, and no dash elsewhere.
    is_canonical = len(packed) == UUID_BYTES and packed.hex() == digits
    return packed if is_canonical and len(text) == _UUID_CHARACTERS else b""


def uuid_text(packed: bytes) -> str:
    """Undo `uuid_bytes`."""
    h = packed.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def new_secret() -> str:
    """256 random bits as 43 base64url characters without padding."""
    raw = secrets.token_bytes(_SECRET_BYTES)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def is_uuid(text: str) -> bool:
    """Whether it is a UUID in its canonical small letters."""
    return _UUID(text) is not None


def is_fhir_id(text: str) -> bool:
    return FHIR_ID_PATTERN.fullmatch(text) is not None
