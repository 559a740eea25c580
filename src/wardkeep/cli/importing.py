# SPDX-License-Identifier: Apache-2.0
"""`wardkeep import`: load FHIR R4 records from files."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from wardkeep.assembly.demonstration import first_organisation
from wardkeep.assembly.importing import import_paths
from wardkeep.cli.terminal import fail, installation, json_option, print_json

_MOST_LINES = 40


@click.command(name="import")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--organisation",
    default="",
    help="Whose records: its short name. May be left out where there is one only, and"
    " in the demonstration, whose first it is then.",
)
@click.option(
    "--processes",
    default=2,
    show_default=True,
    type=click.IntRange(1, 64),
    help="How many files are loaded side by side.",
)
@json_option
def import_(
    *, paths: tuple[Path, ...], organisation: str, processes: int, as_json: bool
) -> None:
    """Load FHIR R4 bundles and resources.

    Reads .json, .json.gz, .json.bz2, .ndjson, .zip and folders. A file is loaded
    whole or not at all; doing it again doubles nothing; after an interruption it
    goes on where it stopped. Exit code 1 when anything was refused.

    \b
    Example:
      wardkeep import records/ --organisation fernhill
    """
    settings, layout = installation()
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        console=console,
        disable=as_json,
        transient=True,
    ) as progress:
        task = progress.add_task("Files", total=None, rate="")

        def show(*, done: int, total: int, rate: float) -> None:
            progress.update(
                task, completed=done, total=total, rate=f"{rate:,.0f} resources/s"
            )

        try:
            report = import_paths(
                settings,
                layout,
                paths=paths,
                organisation=organisation or first_organisation(layout),
                processes=processes,
                show=show,
            )
        except KeyboardInterrupt:
            fail("stopped. What was loaded is kept: run this again and it goes on.")
    if as_json:
        print_json(report)
    else:
        for line in report.lines()[:_MOST_LINES]:
            click.echo(line)
    sys.exit(1 if report.refused else 0)
