# SPDX-License-Identifier: Apache-2.0
"""`wardkeep synthetic-telephone`: what stands for a telephone system."""

from pathlib import Path

import click

from wardkeep.assembly.synthetic_telephone import FILE, run_synthetic_telephone
from wardkeep.base.clock import SystemClock
from wardkeep.cli.supervised import supervised, tie
from wardkeep.cli.terminal import installation


@click.command(name="synthetic-telephone", hidden=True)
@click.option(
    "--line",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Its file: origin, client, jwk, extensions, calls_an_hour.",
)
@supervised
def synthetic_telephone(*, line: Path | None, supervised_by: int) -> None:
    """Run what stands for a telephone system in a demonstration.

    \b
    Example:
      wardkeep synthetic-telephone --line telephone.json
    """
    tie(supervised_by)
    if line is None:
        _, layout = installation()
        line = layout.data / FILE
    run_synthetic_telephone(line, clock=SystemClock())
