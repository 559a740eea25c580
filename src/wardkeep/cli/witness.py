# SPDX-License-Identifier: Apache-2.0
"""`wardkeep witness`: co-sign somebody else's ledger, on a machine of your own."""

from datetime import datetime
from pathlib import Path
from typing import TextIO

import click

from wardkeep.assembly.witness_process import run_witness
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.base.note_keys import LOG, is_note_name, read_note_key
from wardkeep.cli.terminal import fail, json_option, print_json
from wardkeep.ledger.cosignature import cosigned_at
from wardkeep.ledger.witness import Watched, Witness, log_id

_FOLDER = click.option(
    "--folder",
    default="witness",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The witness's own folder: its key, and what it signed.",
)


@click.group()
def witness() -> None:
    """Remember what a ledger said, so that nobody can take it back."""


@witness.command()
@click.argument("ledger_key")
@click.option("--name", help="The witness's name, as in witness.example.org/w1.")
@_FOLDER
@json_option
def watch(*, ledger_key: str, name: str | None, folder: Path, as_json: bool) -> None:
    """Watch a ledger, and print the witness's key for its operator.

    LEDGER_KEY is what `wardkeep ledger key` prints there. The first time, --name
    begins the witness.

    \b
    Example:
      wardkeep witness watch "records.example.org/wardkeep-ledger+4f2a…" \\
        --name witness.example.net/w1
    """
    try:
        log = read_note_key(ledger_key, kind=LOG)
    except ValueError as error:
        fail(str(error))
    if name is not None and not is_note_name(name):
        fail("a witness's name has no space and no plus, as in witness.example.net/w1.")
    clock = SystemClock()
    own = Witness.begin(folder, name, clock) if name else Witness.open(folder, clock)
    own.watch(log)
    if as_json:
        print_json(
            {"witness": own.key.text, "ledger": log.name, "id": log_id(log.name)}
        )
        return
    click.echo(f"Watches {log.name}. Its operator sets:")
    click.echo(f'WARDKEEP_WITNESSES="{own.key.text} https://ADDRESS-OF-THIS-WITNESS"')


@witness.command()
@click.argument("changes", type=click.File(encoding="utf-8"), default="-")
@_FOLDER
def follow(*, changes: TextIO, folder: Path) -> None:
    """Know a ledger by its new key, which the old one announced.

    CHANGES is the file `keys` of the ledger's folder.

    \b
    Example:
      wardkeep witness follow < keys
    """
    text = changes.read()
    own = Witness.open(folder, SystemClock())
    found = own.follow(text.split("\n", 1)[0], text)
    click.echo(f"{found.name} is known by {found.text} now.")


@witness.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8121, show_default=True, type=click.IntRange(1, 65535))
@_FOLDER
def serve(*, host: str, port: int, folder: Path) -> None:
    """Answer until Ctrl-C; put something that speaks TLS in front of it.

    \b
    Example:
      wardkeep witness serve --folder /var/lib/wardkeep-witness
    """
    own = Witness.open(folder, SystemClock())
    click.echo(f"{own.key.name} answers on http://{host}:{port}")
    run_witness(folder, host=host, port=port)


@witness.command()
@click.option("--note", "origin", help="Print this ledger's newest checkpoint alone.")
@_FOLDER
@json_option
def show(*, origin: str | None, folder: Path, as_json: bool) -> None:
    """What was signed last of each ledger, and what was refused.

    Exit code 1 when a ledger told two stories.

    \b
    Example:
      wardkeep witness show
      wardkeep witness show --note records.example.org/wardkeep-ledger > seen.txt
    """
    own = Witness.open(folder, SystemClock())
    if origin is not None:
        found = own.watched(log_id(origin))
        if found is None or not found.note:
            fail(f"nothing was signed of {origin} yet.")
        click.echo(found.note, nl=False)
        return
    told = [_about(own, one) for one in own.all_watched()]
    if as_json:
        print_json({"witness": own.key.text, "ledgers": told})
    else:
        _tell(own, told)
    if any(one["refused"] for one in told):
        raise SystemExit(1)


def _about(own: Witness, watched: Watched) -> dict[str, object]:
    origin = read_note_key(watched.vkey, kind=LOG).name
    newest = watched.newest
    return {
        "ledger": origin,
        "entries": newest.head.size if newest else 0,
        "at": (cosigned_at(newest, own.key) or 0) if newest else 0,
        "refused": own.refused(origin),
    }


def _tell(own: Witness, told: list[dict[str, object]]) -> None:
    click.echo(own.key.text)
    if not told:
        click.echo("No ledger is watched yet: wardkeep witness watch LEDGER_KEY")
    for one in told:
        at = one["at"]
        when = "nothing signed yet"
        if isinstance(at, int) and at:
            moment = datetime.fromtimestamp(at, LONDON)
            when = f"{one['entries']:,} entries at {moment:%Y-%m-%d %H:%M:%S}"
        click.echo(f"  {one['ledger']}: {when}")
        if one["refused"]:
            click.echo("    TOLD TWO STORIES: this one was refused, and is evidence:")
            for line in str(one["refused"]).splitlines():
                click.echo(f"      {line}")
