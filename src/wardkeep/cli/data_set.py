# SPDX-License-Identifier: Apache-2.0
"""`wardkeep dataset`: national data sets on which two people have agreed."""

import asyncio
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from wardkeep.assembly.data_sets import Asked, Taken, take
from wardkeep.cli.terminal import fail, installation, json_option, print_json
from wardkeep.disclosure.data_sets import period_named
from wardkeep.fhir.data_sets.specification import specification

_MOST_LINES = 60
_NO_TEAM = "No team"
_organisation = click.option(
    "--organisation", required=True, help="Its short name, as in: fernhill."
)
_period = click.option("--period", required=True, help="The month, as in 2026-11.")
_provider = click.option(
    "--provider", default="", help="The organisation’s ODS code, as in RX1."
)
_commissioner = click.option(
    "--commissioner", default="", help="The ODS code of who pays for the referrals."
)


@click.group()
def dataset() -> None:
    """Go through a national data set, or take it as files.

    Two people of the organisation must have agreed on that month before, in Wardkeep
    under Data sets. Read docs/how-to/data-sets.md first.
    """


@dataset.command("check")
@click.argument("name", type=click.Choice(["mhsds"]))
@_organisation
@_period
@_provider
@_commissioner
@json_option
def check(
    *,
    name: str,
    organisation: str,
    period: str,
    provider: str,
    commissioner: str,
    as_json: bool,
) -> None:
    """Say what is missing, by team and rule; no file is written.

    The same is on the page Data quality, where each team finds its own with links.
    Every patient of the month is opened for it, and each is in the ledger.

    \b
    Example:
      wardkeep dataset check mhsds --organisation fernhill --period 2026-11
    """
    _run(
        Asked(
            data_set=name,
            organisation=organisation,
            period=period,
            provider=provider,
            commissioner=commissioner,
        ),
        as_json=as_json,
    )


@dataset.command("take")
@click.argument("name", type=click.Choice(["mhsds"]))
@_organisation
@_period
@_provider
@_commissioner
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    help="A folder that is not there yet; it is closed to everybody else.",
)
@json_option
def take_(  # noqa: PLR0913 - one for each option
    *,
    name: str,
    organisation: str,
    period: str,
    provider: str,
    commissioner: str,
    folder: Path,
    as_json: bool,
) -> None:
    """Write the month as CSV files, one a table, with a manifest and a zip of all.

    \b
    Example:
      wardkeep dataset take mhsds --organisation fernhill --period 2026-11 \\
        --provider RX1 --to /secure/mhsds-2026-11
    """
    _run(
        Asked(
            data_set=name,
            organisation=organisation,
            period=period,
            provider=provider,
            commissioner=commissioner,
            folder=folder,
        ),
        as_json=as_json,
    )


def _run(asked: Asked, *, as_json: bool) -> None:
    if period_named(asked.period) is None:
        fail(f"{asked.period!r} is no month; write it as 2026-11.")
    settings, layout = installation()
    console = Console(stderr=True)
    with Progress(console=console, disable=as_json, transient=True) as progress:
        task = progress.add_task("Patients", total=None)

        def show(done: int) -> None:
            progress.update(task, completed=done)

        taken = asyncio.run(take(settings, layout, asked, show))
    if as_json:
        print_json(taken)
    else:
        _tell(asked, taken)
    sys.exit(0)


def _counted(many: int, what: str) -> str:
    """As in "1 patient" and "2,200 patients"."""
    return f"{many:,} {what if many == 1 else f'{what}s'}"


def _tell(asked: Asked, taken: Taken) -> None:
    known, counts = specification(asked.data_set), taken.counts
    click.echo(
        f"{known.title} {taken.version}, {taken.organisation}, {taken.period}:"
        f" {_counted(taken.patients, 'patient')}."
    )
    for table, rows in counts.rows.items():
        click.echo(f"  {table}: {_counted(rows, 'row')}")
    if counts.left_out:
        is_one = counts.left_out == 1
        click.echo(
            f"{_counted(counts.left_out, 'row')} {'is' if is_one else 'are'} left out:"
            f" {'it lacks' if is_one else 'they lack'} what must be there."
        )
    if counts.teams_without_type:
        names = ", ".join(counts.teams_without_type)
        click.echo(f"Teams without a type of the data set, so not in it: {names}.")
    _tell_faults(asked, taken)
    if taken.folder:
        click.echo(
            f"Written to {taken.folder}. SHA-256 of the manifest: {taken.digest}"
        )


def _tell_faults(asked: Asked, taken: Taken) -> None:
    known = specification(asked.data_set)
    if not taken.counts.faults:
        click.echo("Nothing is missing.")
        return
    click.echo("What is missing, by team:")
    for one in taken.counts.faults[:_MOST_LINES]:
        rule = known.rule_named(one.rule)
        if rule is not None:
            team = taken.names.get(one.team, _NO_TEAM)
            gone = " (left out)" if one.is_left_out else ""
            click.echo(f"  {team}: {known.words(rule, one.count)}{gone}. {rule.mend}")
    if len(taken.counts.faults) > _MOST_LINES:
        more = len(taken.counts.faults) - _MOST_LINES
        click.echo(f"  and {more:,} more: --json has them all")
