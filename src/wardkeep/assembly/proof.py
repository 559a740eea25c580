# SPDX-License-Identifier: Apache-2.0
"""The ledger's name and keys in this installation."""

import os

from wardkeep.assembly.layout import Layout
from wardkeep.base.settings import Settings
from wardkeep.crypto.signing import PUBLIC_KEY_BYTES, SEED_BYTES, SigningKey, VerifyKey


def ledger_name(settings: Settings) -> str:
    """The checkpoint's origin line (C2SP tlog-checkpoint): a name without a scheme."""
    host = settings.public_origin.split("://", 1)[1]
    return f"{host}/wardkeep-ledger"


class SigningKeyFileError(Exception):
    """The ledger's signing key cannot be used; the message has the mend."""


def signing_key(layout: Layout) -> SigningKey:
    """The warden's signing key; made when the installation is new."""
    path = layout.signing_key
    if path.exists():
        seed = path.read_bytes()
        if len(seed) != SEED_BYTES:
            message = f"{path} is damaged. Restore it from its copy."
            raise SigningKeyFileError(message)
        return SigningKey(seed)
    key = SigningKey.generate()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.seed())
        file.flush()
        os.fsync(file.fileno())
    public = path.with_suffix(".pub")
    public.write_text(key.verify_key.public_bytes.hex() + "\n", encoding="ascii")
    return key


def verify_key_from(layout: Layout, given: str | None) -> VerifyKey | None:
    """The public key as given in hexadecimal, else this installation's own."""
    public = layout.signing_key.with_suffix(".pub")
    if given is None and not public.exists():
        return None
    text = given if given is not None else public.read_text(encoding="ascii")
    try:
        raw = bytes.fromhex(text.strip())
    except ValueError:
        return None
    return VerifyKey(raw) if len(raw) == PUBLIC_KEY_BYTES else None
