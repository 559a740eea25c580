# SPDX-License-Identifier: Apache-2.0
"""What a warden knows by heart: keys, names and live sessions, read at its start."""

from wardkeep.base.clock import Clock
from wardkeep.crypto.aead import BoxCannotBeOpenedError
from wardkeep.db.connection import Connection
from wardkeep.identity.accounts import (
    OrganisationRow,
    display_names,
    organisations,
)
from wardkeep.warden.data_keys import floors
from wardkeep.warden.directory import Directory
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.root_key import RootKeyUnavailableError
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
        RootKeyUnavailableError: the root key is not the one of this database.
    """
    for organisation in await organisations(connection):
        _admit(keystore, organisation)
    for floor in await floors(connection):
        keystore.retire(*floor)
    for account, name, home in await display_names(connection):
        directory.remember(account, name, home=home)
    for session in await load_live(connection, clock=clock):
        sessions.restore(session)


def _admit(keystore: KeyStore, row: OrganisationRow) -> None:
    try:
        keystore.admit_row(row)
    except BoxCannotBeOpenedError:
        message = (
            f"This root key does not open the key of {row.slug}: it is another"
            " database's, or the database is a backup from before the root key was"
            " replaced. Restore the root key that belongs to it; where you kept the"
            " older one, name it: wardkeep key use-older --help"
        )
        raise RootKeyUnavailableError(message) from None
