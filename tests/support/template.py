# SPDX-License-Identifier: Apache-2.0
"""A database that is made and migrated once a test process, and copied from then on.

To make one from nothing takes a second of computing; a hundred modules want one each.
"""

import atexit
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from wardkeep.assembly.layout import Layout
from wardkeep.assembly.schema import migrate_now
from wardkeep.assembly.serving import embedded_database
from wardkeep.base.settings import Settings, read_settings


def settings_for(folder: Path, **more: str) -> Settings:
    environment = {"WARDKEEP_DATA": str(folder), **more}
    found = read_settings(environment=environment, file={}, file_name="none")
    assert isinstance(found, Settings)
    return found


def lay_database(layout: Layout) -> None:
    """Put a database that is up to date and empty where this layout has its own."""
    assert not layout.database.exists()
    layout.make()
    # With its owners and modes: the server runs as another user where we are root.
    copying = ["cp", "-a", "--reflink=auto", str(_template()), str(layout.database)]
    subprocess.run(copying, check=True)


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="wardkeep-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    settings = settings_for(folder)
    layout = Layout.of(settings)
    layout.make()
    with embedded_database(settings, layout):
        migrate_now(settings, layout)
    for left in ("server.log", "lock", "server.lock"):
        (layout.database / left).unlink(missing_ok=True)
    return layout.database
