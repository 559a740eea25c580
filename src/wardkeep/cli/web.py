# SPDX-License-Identifier: Apache-2.0
"""`wardkeep web`: the web process alone."""

import click

from wardkeep.assembly.web_server import run_web
from wardkeep.cli.supervised import supervised, tie
from wardkeep.cli.terminal import installation


@click.command()
@supervised
def web(*, supervised_by: int) -> None:
    """Run the web process alone, as in production under its own OS user.

    \b
    Example:
      wardkeep web
    """
    tie(supervised_by)
    run_web(*installation())
