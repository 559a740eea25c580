# SPDX-License-Identifier: Apache-2.0
"""`wardkeep migrate`: bring the database's schema up to this version."""

from pathlib import Path

import click

from wardkeep.assembly.schema import make_roles, migrate_now
from wardkeep.cli.terminal import installation


@click.command()
@click.option(
    "--make-roles",
    "role_folder",
    type=click.Path(path_type=Path),
    help="Make the roles and the database, and write a password file for each here.",
)
def migrate(*, role_folder: Path | None) -> None:
    """Apply the migrations that are missing. They only go forward.

    \b
    Example:
      wardkeep migrate
      wardkeep migrate --make-roles /etc/wardkeep/database
    """
    settings, layout = installation()
    if role_folder is not None:
        for line in make_roles(settings, role_folder):
            click.echo(line)
        return
    applied = migrate_now(settings, layout)
    for name in applied:
        click.echo(f"Applied {name}")
    if not applied:
        click.echo("The database is up to date.")
