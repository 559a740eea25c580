# SPDX-License-Identifier: Apache-2.0
"""`wardkeep figures`: urgent care's figures of a month held against the records."""

import asyncio
import sys

import click
from rich.console import Console
from rich.progress import Progress

from wardkeep.assembly.figures import Proof, check_figures
from wardkeep.cli.terminal import fail, installation, json_option, print_json
from wardkeep.disclosure.data_sets import period_named


@click.group()
def figures() -> None:
    """Hold figures of urgent care against the records."""


@figures.command("check")
@click.option("--organisation", required=True, help="Its short name, as in: fernhill.")
@click.option("--period", required=True, help="The month, as in 2026-11.")
@click.option("--mend", "mends", is_flag=True, help="Make anew what differs.")
@click.option(
    "--without-a-case",
    "bearable",
    default=10.0,
    show_default=True,
    type=click.FloatRange(min=0, max=100),
    help="How many of 100 answered telephone calls may have no case.",
)
@json_option
def check(
    *, organisation: str, period: str, mends: bool, bearable: float, as_json: bool
) -> None:
    """Open every call of a month, and say whether the figures follow from the records.

    What is counted lies beside the records, without names; here it is made anew from
    them, and compared. Two people of the organisation must have agreed on that month
    before, in Wardkeep under Data sets; each patient is in the ledger. What telephone
    systems told is held against their events, and against cases: a call that was
    answered and of which nobody began a case may be a wrong number, or made up. The
    exit code is 0 where nothing differs, or all of it was mended, and no more of 100
    answered calls than is borne have no case; else it is 1.

    \b
    Example:
      wardkeep figures check --organisation fernhill --period 2026-11
    """
    month = period_named(period)
    if month is None:
        fail(f"{period!r} is no month; write it as 2026-11.")
    settings, layout = installation()
    with Progress(
        console=Console(stderr=True), disable=as_json, transient=True
    ) as progress:
        task = progress.add_task("Patients", total=None)
        proof = asyncio.run(
            check_figures(
                settings,
                layout,
                organisation=organisation,
                period=month,
                mends=mends,
                show=lambda done: progress.update(task, completed=done),
            )
        )
    if as_json:
        print_json(proof)
    else:
        _tell(proof)
    sys.exit(0 if _holds(proof, bearable) else 1)


def _holds(proof: Proof, bearable: float) -> bool:
    told = proof.telephone
    return (
        proof.held.wrong == proof.held.mended
        and told.unlike == told.mended
        and 100 * told.without_case <= bearable * told.answered
    )


def _tell(proof: Proof) -> None:
    held = proof.held
    click.echo(
        f"{proof.organisation}, {proof.period}: {proof.patients:,} patients,"
        f" {held.told:,} resources that tell of a call."
    )
    _tell_of_telephone(proof)
    if not held.wrong:
        click.echo("The figures follow from the records: nothing differs.")
        return
    click.echo(
        f"Beside the records {held.missing:,} are missing, {held.extra:,} are too many"
        f" and {held.other:,} say something else."
    )
    if held.mended:
        click.echo(f"{held.mended:,} were made anew from the records.")
    else:
        click.echo("Nothing was changed. Run it with --mend to make them anew.")


def _tell_of_telephone(proof: Proof) -> None:
    told = proof.telephone
    if not told.calls:
        click.echo("No telephone system told of any call.")
        return
    click.echo(
        f"On the telephone: {told.calls:,} calls, {told.answered:,} answered;"
        f" {told.with_case:,} of them at the call taker’s who began their case,"
        f" {told.nobodys:,} at an extension that was nobody’s. For"
        f" {told.without_case:,} there is no case."
    )
    if told.unlike:
        done = "made anew" if told.mended else "left as they are"
        click.echo(f"{told.unlike:,} do not follow from its events: {done}.")
