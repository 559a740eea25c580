# SPDX-License-Identifier: Apache-2.0
"""`wardkeep worker`: the process of long work, alone."""

import click

from wardkeep.assembly.worker_process import run_worker_process
from wardkeep.cli.supervised import supervised, tie
from wardkeep.cli.terminal import installation


@click.command()
@supervised
def worker(*, supervised_by: int) -> None:
    """Run the worker alone, as in production under its own OS user.

    \b
    Example:
      wardkeep worker
    """
    tie(supervised_by)
    run_worker_process(*installation())
