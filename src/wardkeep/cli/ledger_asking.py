# SPDX-License-Identifier: Apache-2.0
"""`wardkeep ledger compact` and `ask`: Parquet of closed segments, and questions."""

import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from wardkeep.assembly.proof import ledger_name, verify_key_from
from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.base.spreadsheet import csv_text
from wardkeep.cli.moments import moment_option
from wardkeep.cli.terminal import fail, installation, json_option, print_json
from wardkeep.ledger.asking import GROUPS, Asked, Question, ask_counts, ask_rows
from wardkeep.ledger.compacting import compact as compact_ledger
from wardkeep.ledger.depot import Depot, DepotError, FolderDepot, open_depot
from wardkeep.ledger.parquet import COLUMNS, FOLDER, files_in

_SUFFIX = ".parquet"


@click.command()
@click.option("--check-all", is_flag=True, help="Read again what was checked before.")
@click.option("--copy-to", default="", help="A folder, or s3://BUCKET/PREFIX.")
@json_option
def compact(*, check_all: bool, copy_to: str, as_json: bool) -> None:
    """Check closed segments, and write their index and Parquet files.

    The warden does so by itself; this is for a copy of the ledger, or to look again.
    The Parquet is an index for questions, made from the segments at any time, and no
    evidence. Exit code 1 when the ledger is not as it was written.

    \b
    Example:
      wardkeep ledger compact
      wardkeep ledger compact --check-all --copy-to s3://copies/parquet
    """
    settings, layout = installation()
    key = verify_key_from(layout, None)
    if key is None:
        fail("there is no public key here; start once with: wardkeep serve")
    done = compact_ledger(
        layout.ledger, key, origin=ledger_name(settings), check_all=check_all
    )
    if copy_to and not done.fault:
        _copy(layout.ledger / FOLDER, copy_to)
    if as_json:
        print_json(done)
    else:
        click.echo(
            f"{done.segments:,} closed segments: {done.checked:,} checked now,"
            f" {done.indexed:,} indexed, {done.written:,} Parquet files written."
        )
        if done.fault:
            click.echo(f"NOT AS IT WAS WRITTEN: {done.fault}")
    sys.exit(1 if done.fault else 0)


def _copy(folder: Path, place: str) -> None:
    try:
        depot = open_depot(place)
        there = set(depot.names())
        for one in files_in(folder):
            if one.name not in there:
                depot.put(one.name, one)
    except (DepotError, OSError) as error:
        fail(str(error))


@click.command()
@click.option("--account", default="", help="The id of a person or program.")
@click.option("--patient", default="", help="The id of a patient.")
@click.option("--session", default="", help="The id of one session.")
@click.option("--organisation", type=int, default=0, help="An organisation's number.")
@click.option("--rule", default="", help="A refusal's code; any: every refusal.")
@click.option("--action", default="", help="As in read, find, sign-in.")
@moment_option("--from", "since", words="From then on.")
@moment_option("--to", "until", words="Up to then, not including it.")
@click.option("--by", type=click.Choice(sorted(GROUPS)), help="Count by it.")
@click.option("--most", type=click.IntRange(min=1), default=100, help="So many lines.")
@click.option("--parquet", default="", help="A folder or s3://…; else this ledger's.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@json_option
def ask(  # noqa: PLR0913 - one for each option
    *,
    account: str,
    patient: str,
    session: str,
    organisation: int,
    rule: str,
    action: str,
    since: int,
    until: int,
    by: str | None,
    most: int,
    parquet: str,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Ask all closed segments: who, whom, when, which rule; or count by one of these.

    For looking and comparing: the newest entries are not in it yet, and it proves
    nothing. `wardkeep scope` reads every entry and proves.

    \b
    Example:
      wardkeep ledger ask --patient 7c1d… --from 2026-01-01 --csv
      wardkeep ledger ask --rule any --by rule --from 2026-11-01
    """
    question = Question(
        account=account,
        patient=patient,
        session=session,
        organisation=organisation,
        rule=rule,
        action=action,
        since=since,
        until=until,
    )
    found = _ask(question, parquet, by=by or "", most=most)
    if as_json:
        print_json(found)
    elif as_csv:
        _print_csv(found)
    else:
        _tell(found)


def _ask(question: Question, place: str, *, by: str, most: int) -> Asked:
    with tempfile.TemporaryDirectory() as beside:
        try:
            folder = _parquet_folder(place, Path(beside))
        except (DepotError, OSError) as error:
            fail(str(error))
        if by:
            return ask_counts(folder, question, by=by, most=most)
        return ask_rows(folder, question, most=most)


def _parquet_folder(place: str, beside: Path) -> Path:
    """Where the files are; those of an object storage are fetched first."""
    if not place:
        _, layout = installation()
        return layout.ledger / FOLDER
    depot: Depot = open_depot(place)
    if isinstance(depot, FolderDepot):
        return Path(place).resolve()
    for name in depot.names():
        if name.endswith(_SUFFIX):
            depot.fetch(name, beside / Path(name).name)
    return beside


def _lines(found: Asked) -> list[dict[str, Any]]:
    if found.groups:
        return [
            {name: getattr(one, name) for name in one.__struct_fields__}
            for one in found.groups
        ]
    return list(found.rows)


def _print_csv(found: Asked) -> None:
    lines = _lines(found)
    columns = list(lines[0]) if lines else list(COLUMNS)
    click.echo(csv_text(columns, [list(one.values()) for one in lines]), nl=False)


def _tell(found: Asked) -> None:
    for one in found.groups:
        click.echo(
            f"{one.name or 'none'}: {one.entries:,} entries, {one.people:,} people,"
            f" {one.refused:,} refused, {_clock(one.first)} to {_clock(one.last)}"
        )
    for row in found.rows:
        what = f"refused ({row['refused_by']})" if row["refused_by"] else row["types"]
        click.echo(
            f"{row['entry']:>12,}  {_clock(row['at'])}  {row['account']}"
            f"  {row['action']}  {row['patient']}  {what}"
        )
    if not found.entries_below:
        click.echo(
            "No segment of this ledger is closed yet, so there is nothing to ask;"
            " wardkeep scope reads every entry."
        )
        return
    click.echo(f"Entries below {found.entries_below:,}; newer ones are not in it yet.")


def _clock(microseconds: int) -> str:
    moment = from_microseconds(microseconds).astimezone(LONDON)
    return f"{moment:%Y-%m-%d %H:%M:%S}"
