# SPDX-License-Identifier: Apache-2.0
"""`wardkeep warden`: the process that holds the keys, alone."""

import click

from wardkeep.assembly.asking import asking, asking_supervisor
from wardkeep.assembly.warden_process import run_warden
from wardkeep.cli.supervised import passphrase_option, supervised, tie
from wardkeep.cli.terminal import installation


@click.command()
@supervised
@passphrase_option
def warden(*, supervised_by: int, passphrase_fd: int | None) -> None:
    """Run the warden alone, as in production under its own OS user.

    A root key that asks for a passphrase or PIN is given it by the systemd credential
    `wardkeep-root-key`, by --passphrase-fd, or at the terminal; never by an argument
    or the environment.

    \b
    Example:
      wardkeep warden
    """
    tie(supervised_by)
    settings, layout = installation()
    ask = (
        asking_supervisor(passphrase_fd)
        if supervised_by and passphrase_fd is not None
        else asking(passphrase_fd)
    )
    run_warden(settings, layout, ask=ask)
