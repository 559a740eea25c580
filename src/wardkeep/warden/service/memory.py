# SPDX-License-Identifier: Apache-2.0
"""What a warden knows by heart: keys, names and live sessions, read at its start."""

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Connection
from wardkeep.identity.accounts import display_names, organisations
from wardkeep.warden.directory import Directory
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.session_store import load_live
from wardkeep.warden.sessions import Sessions


async def remember_everything(
    connection: Connection,
    *,
    keystore: KeyStore,
    sessions: Sessions,
    directory: Directory,
    clock: Clock,
) -> None:
    """Fill keystore, sessions and directory from the database.

    Raises:
        BoxCannotBeOpenedError: the root key is not the one of this database.
    """
    for organisation in await organisations(connection):
        keystore.admit(organisation.number, organisation.wrapped_key)
    for account, name in (await display_names(connection)).items():
        directory.remember(account, name)
    for session in await load_live(connection, clock=clock):
        sessions.restore(session)
