# SPDX-License-Identifier: Apache-2.0
"""`wardkeep synthetic-pds`: what stands for the national index."""

import click

from wardkeep.assembly.synthetic_pds import run_synthetic_pds
from wardkeep.cli.supervised import supervised, tie
from wardkeep.cli.terminal import installation


@click.command(name="synthetic-pds", hidden=True)
@supervised
def synthetic_pds(*, supervised_by: int) -> None:
    """Run what stands for the national index in a demonstration.

    \b
    Example:
      WARDKEEP_PDS=http://127.0.0.1:8112 wardkeep synthetic-pds
    """
    tie(supervised_by)
    settings, _ = installation()
    run_synthetic_pds(settings.pds)
