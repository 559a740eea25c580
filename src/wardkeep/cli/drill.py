# SPDX-License-Identifier: Apache-2.0
"""`wardkeep drill`: attack an installation of its own, and say what was reached."""

import asyncio
import sys
from collections.abc import Sequence

import click

from wardkeep.assembly.drills import (
    SCENARIOS,
    DrillBrokenError,
    DrillResult,
    Scenario,
    drills_text,
    run_drills,
)
from wardkeep.cli.terminal import fail, installation, json_option, print_json

ALL = "all"


@click.command()
@click.argument("scenario", default=ALL)
@click.option(
    "--patients",
    type=click.IntRange(min=1),
    default=1_000,
    show_default=True,
    help="Synthetic patients an organisation; `list` says how many a drill needs.",
)
@json_option
def drill(*, scenario: str, patients: int, as_json: bool) -> None:
    """Attack an installation made for it, and print what each attack reached.

    SCENARIO is a name, `all`, or `list`. Nothing of your own installation is touched:
    it has its own database, warden, ledger and people in a folder that goes away.
    Exit code 1 when an attack reached more than was promised, or nothing stopped it.

    \b
    Example:
      wardkeep drill all
      wardkeep drill 2022
      wardkeep drill stolen-cookie --patients 2000 --json
    """
    if scenario == "list":
        for one in SCENARIOS:
            click.echo(f"{one.name:22} {one.title} ({_patients(one.least)} or more)")
        return
    chosen = [one for one in SCENARIOS if scenario in (ALL, one.name)]
    if not chosen:
        fail(f"there is no drill {scenario!r}; `wardkeep drill list` names them.")
    _refuse_few(chosen, patients)
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


def _refuse_few(chosen: Sequence[Scenario], patients: int) -> None:
    """Say so where the attackers would run out of people before anything stops them."""
    most = max(chosen, key=lambda one: one.least)
    if patients < most.least:
        fail(
            f"the drill {most.name!r} needs {_patients(most.least)} or more: with"
            f" {patients:,} its attacker runs out of people before anything has to stop"
            f" it. Give --patients {most.least}, or leave it out."
        )


def _patients(many: int) -> str:
    return f"{many:,} patient" if many == 1 else f"{many:,} patients"


def _tell(results: list[DrillResult], *, as_json: bool) -> None:
    if as_json:
        print_json(results)
    else:
        click.echo(drills_text(results))
