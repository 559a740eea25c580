# SPDX-License-Identifier: Apache-2.0
"""How each process of this installation enters the database."""

from pathlib import Path

from wardkeep.assembly.configuration import SettingsError
from wardkeep.assembly.layout import Layout
from wardkeep.base.outcome import Problem
from wardkeep.base.settings import Settings
from wardkeep.db.address import DatabaseAddress, parse_url
from wardkeep.db.embedded import EmbeddedPostgres

OWNER, WEB, WORKER, WARDEN = (
    "wardkeep_owner",
    "wardkeep_web",
    "wardkeep_worker",
    "wardkeep_warden",
)


def is_embedded(settings: Settings) -> bool:
    return not settings.database_url


def address_for(settings: Settings, layout: Layout, role: str) -> DatabaseAddress:
    """The address for a role: in the embedded database, else as the settings say.

    Raises:
        SettingsError: a URL or password file that cannot be used.
    """
    if is_embedded(settings):
        return EmbeddedPostgres(layout.database).address(role)
    found = parse_url(settings.database_url)
    if isinstance(found, Problem):
        raise SettingsError((found,))
    if not settings.database_password_file:
        return found
    return found.as_role(found.user, _password(Path(settings.database_password_file)))


def _password(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        problem = Problem(
            place="WARDKEEP_DATABASE_PASSWORD_FILE",
            wrong=f"{path} cannot be read ({error.strerror})",
            mend="Let this process's OS user read it, and nobody else.",
        )
        raise SettingsError((problem,)) from None
