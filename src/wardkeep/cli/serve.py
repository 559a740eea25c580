# SPDX-License-Identifier: Apache-2.0
"""`wardkeep serve`: every process, supervised."""

import click

from wardkeep.assembly.asking import asking
from wardkeep.assembly.serving import serve_everything
from wardkeep.cli.supervised import passphrase_option
from wardkeep.cli.terminal import installation


@click.command()
@passphrase_option
def serve(*, passphrase_fd: int | None) -> None:
    """Run every process, supervised, until Ctrl-C.

    A process that dies is started again, and that is said. With no
    WARDKEEP_DATABASE_URL the embedded PostgreSQL runs too.

    \b
    Example:
      wardkeep serve
    """
    settings, layout = installation()
    ask = asking(passphrase_fd)
    serve_everything(settings, layout, say=click.echo, ask=ask)
