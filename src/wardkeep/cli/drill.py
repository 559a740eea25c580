# SPDX-License-Identifier: Apache-2.0
"""`wardkeep drill`: attack an installation of its own, and say what was reached."""

import asyncio
import sys

import click

from wardkeep.assembly.drills import (
    SCENARIOS,
    DrillBrokenError,
    DrillResult,
    drills_text,
    run_drills,
)
from wardkeep.cli.terminal import fail, installation, json_option, print_json

ALL = "all"


@click.command()
@click.argument("scenario", default=ALL)
@click.option("--patients", default=1_000, help="Synthetic patients an organisation.")
@json_option
def drill(*, scenario: str, patients: int, as_json: bool) -> None:
    """Attack an installation made for it, and print what each attack reached.

    SCENARIO is a name, `all`, or `list`. Nothing of your own installation is touched:
    it has its own database, warden, ledger and people in a folder that goes away.
    Exit code 1 when an attack reached more than was promised.

    \b
    Example:
      wardkeep drill all
      wardkeep drill stolen-cookie --patients 2000 --json
    """
    if scenario == "list":
        for one in SCENARIOS:
            click.echo(f"{one.name:22} {one.title}")
        return
    chosen = [one for one in SCENARIOS if scenario in (ALL, one.name)]
    if not chosen:
        fail(f"there is no drill {scenario!r}; `wardkeep drill list` names them.")
    settings, _ = installation()
    quiet = bool(as_json)
    try:
        results = asyncio.run(
            run_drills(
                settings,
                chosen,
                patients=patients,
                say=lambda words: click.echo(words, err=quiet),
            )
        )
    except DrillBrokenError as error:
        fail(str(error))
    _tell(results, as_json=as_json)
    sys.exit(0 if all(one.holds for one in results) else 1)


def _tell(results: list[DrillResult], *, as_json: bool) -> None:
    if as_json:
        print_json(results)
    else:
        click.echo(drills_text(results))
