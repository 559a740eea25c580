# SPDX-License-Identifier: Apache-2.0
"""`wardkeep ledger`: prove that the ledger is whole."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from wardkeep.assembly.proof import ledger_name, verify_key_from
from wardkeep.cli.terminal import fail, installation, json_option, print_json
from wardkeep.ledger.verify import verify as verify_ledger


@click.group()
def ledger() -> None:
    """Prove that nothing in the ledger was edited, dropped or reordered."""


@ledger.command()
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The ledger's folder; this installation's own where it is left out.",
)
@click.option("--key", "public_key", help="The public key, 64 hexadecimal digits.")
@json_option
def verify(*, folder: Path | None, public_key: str | None, as_json: bool) -> None:
    """Check every byte of a ledger against its signed checkpoints.

    Needs the files and a public key, nothing of the server. Exit code 1 when
    anything was changed; each place is named.

    \b
    Example:
      wardkeep ledger verify
      wardkeep ledger verify --folder /copies/ledger --key 4f2a…
    """
    settings, layout = installation()
    where = folder or layout.ledger
    key = verify_key_from(layout, public_key)
    if key is None:
        fail("there is no public key here; give it with --key.")
    console = Console(stderr=True)
    with Progress(console=console, disable=as_json, transient=True) as progress:
        task = progress.add_task("Checking entries", total=None)
        report = verify_ledger(
            where,
            key,
            origin=ledger_name(settings),
            progress=lambda done, total: progress.update(
                task, completed=done, total=total
            ),
        )
    if as_json:
        print_json(report)
    else:
        for fault in report.faults:
            click.echo(str(fault))
        click.echo(report.summary)
    sys.exit(0 if report.is_whole else 1)
