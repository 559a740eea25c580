# SPDX-License-Identifier: Apache-2.0
"""The number of an organisation, by the short name that commands take."""

from wardkeep.assembly.database import WARDEN, address_for
from wardkeep.assembly.layout import Layout
from wardkeep.base.settings import Settings
from wardkeep.db.connection import connect
from wardkeep.db.errors import DatabaseUnavailableError
from wardkeep.identity.accounts import find_organisation


async def number_of(settings: Settings, layout: Layout, slug: str) -> int | None:
    """Ask the database; 0: no organisation is called so. None: it does not answer."""
    try:
        connection = await connect(address_for(settings, layout, WARDEN))
    except DatabaseUnavailableError:
        return None
    try:
        found = await find_organisation(connection, slug)
    finally:
        await connection.close()
    return 0 if found is None else int(found.number)
