# SPDX-License-Identifier: Apache-2.0
"""`wardkeep ledger`: prove that the ledger is whole."""

import sys
from pathlib import Path
from typing import TextIO

import click
from rich.console import Console
from rich.progress import Progress

from wardkeep.assembly.proof import ledger_name, verify_key_from
from wardkeep.base.note_keys import COSIGNER, LOG, NoteKey, read_note_key
from wardkeep.cli.lazily import LazyGroup, Offer
from wardkeep.cli.ledger_key import key_option, named_key
from wardkeep.cli.terminal import fail, installation, json_option, print_json
from wardkeep.ledger.verify import verify as verify_ledger

witness_option = click.option(
    "--witness",
    "witness_keys",
    multiple=True,
    help="A witness's key: it must have signed. May be given several times.",
)
seen_option = click.option(
    "--seen",
    type=click.File(encoding="utf-8"),
    help="The newest checkpoint as the witness has it; - for standard input.",
)


_OFFERS = {
    "compact": Offer(
        "ledger_asking:compact",
        "Check closed segments, and write their index and Parquet files.",
    ),
    "ask": Offer(
        "ledger_asking:ask",
        "Ask all closed segments: who, whom, when, which rule; or count by one"
        " of these.",
    ),
    "backup": Offer(
        "ledger_copies:backup",
        "Copy what is new in the ledger, beside a running warden.",
    ),
    "restore": Offer(
        "ledger_copies:restore",
        "Put the newest copy of the ledger onto a machine that has none.",
    ),
}


@click.group(cls=LazyGroup, offers=_OFFERS)
def ledger() -> None:
    """Prove that nothing in the ledger was edited, dropped or reordered."""


@ledger.command()
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The ledger's folder; this installation's own where it is left out.",
)
@key_option
@witness_option
@seen_option
@json_option
def verify(
    *,
    folder: Path | None,
    public_key: str | None,
    witness_keys: tuple[str, ...],
    seen: TextIO | None,
    as_json: bool,
) -> None:
    """Check every byte of a ledger against its signed checkpoints.

    Needs the files and a public key, nothing of the server; where Wardkeep is not
    installed, `python -m wardkeep.ledger.verifier` does the same. Exit code 1 when
    anything was changed or nothing is signed; each place is named. A folder that was
    put back as a whole is told from the newest by --seen alone.

    \b
    Example:
      wardkeep ledger verify
      wardkeep ledger verify --folder /copies/ledger --key care.example.net/w…+8c…
      wardkeep ledger verify --witness witness.example.net/w1+8c… --seen seen.txt
    """
    witnesses = [witness_key(one) for one in witness_keys]
    if seen is not None and not witnesses:
        fail("name who signed it with --witness.")
    settings, layout = installation()
    where = folder or layout.ledger
    name, key = named_key(settings, layout, public_key)
    console = Console(stderr=True)
    with Progress(console=console, disable=as_json, transient=True) as progress:
        task = progress.add_task("Checking entries", total=None)
        report = verify_ledger(
            where,
            key,
            origin=name,
            witnesses=witnesses,
            seen=seen.read() if seen is not None else "",
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


def witness_key(text: str) -> NoteKey:
    try:
        return read_note_key(text, kind=COSIGNER)
    except ValueError as error:
        fail(str(error))


@ledger.command()
def key() -> None:
    """Print the ledger's name and public key in one line, for a witness.

    \b
    Example:
      wardkeep ledger key
    """
    settings, layout = installation()
    found = verify_key_from(layout, None)
    if found is None:
        fail("there is no key yet; start once with: wardkeep serve")
    name = ledger_name(settings)
    own = NoteKey(name=name, kind=LOG, public_bytes=found.public_bytes)
    click.echo(own.text)
