# SPDX-License-Identifier: Apache-2.0
"""Signed acts: what was confirmed, by whom, and the signature that proves it.

The challenge that the authenticator signed is `nonce | SHA-256(nonce | content)`, where
the content is the session's id, a NUL and the act's MessagePack; of an act that names
another by its id, that other's MessagePack follows. Whoever has the row and the
passkey's public key can verify all of it without us.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.ids import new_uuid
from wardkeep.db.connection import Connection


class SignedAct(msgspec.Struct, frozen=True, kw_only=True):
    """An act with the authenticator's answer to it."""

    organisation: int
    account: str
    session: str
    credential: bytes
    title: str
    act: bytes
    """MessagePack, as it came on the socket, and of what it names by an id."""
    response: bytes
    """What `navigator.credentials.get` gave, as JSON."""
    signed_at: datetime


def content_of(session: str, act: bytes) -> bytes:
    """What a challenge stands for: this act, in this session."""
    return session.encode() + b"\0" + act


async def keep(connection: Connection, signed: SignedAct) -> str:
    """Store the evidence; its id."""
    id_ = new_uuid()
    await connection.execute(
        "insert into warden.signed_act (id, organisation, account, session,"
        " credential, title, act, response, signed_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        UUID(id_),
        signed.organisation,
        UUID(signed.account),
        signed.session,
        signed.credential,
        signed.title,
        signed.act,
        signed.response,
        signed.signed_at,
    )
    return id_
