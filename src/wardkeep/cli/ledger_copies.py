# SPDX-License-Identifier: Apache-2.0
"""`wardkeep ledger backup` and `restore`: copies of the ledger, verified both ways."""

import sys
from pathlib import Path
from typing import TextIO

import click

from wardkeep.cli.ledger import seen_option, witness_key, witness_option
from wardkeep.cli.ledger_key import key_option, named_key
from wardkeep.cli.terminal import fail, installation, json_option, print_json
from wardkeep.crypto.signing import VerifyKey
from wardkeep.ledger.backup import back_up
from wardkeep.ledger.depot import DepotError, open_depot
from wardkeep.ledger.opening import LedgerDamagedError
from wardkeep.ledger.restoring import Against, Restored, restore as put_back


def _say_nothing(_name: str) -> None:
    """A program reads the answer."""


def _key(public_key: str | None) -> tuple[Path, VerifyKey, str]:
    """The ledger's folder, its public key and its name."""
    settings, layout = installation()
    name, key = named_key(settings, layout, public_key)
    return layout.ledger, key, name


@click.command()
@click.option("--to", "place", required=True, help="A folder, or s3://BUCKET/PREFIX.")
@key_option
@json_option
def backup(*, place: str, public_key: str | None, as_json: bool) -> None:
    """Copy what is new in the ledger, beside a running warden.

    Closed segments are checked against the signed tree before they are copied, and
    copied once. Nothing is overwritten; a run that was cut short is gone on with.
    The root key and the signing key are not in it: keep those apart.

    \b
    Example:
      wardkeep ledger backup --to /mnt/copies/ledger
      wardkeep ledger backup --to s3://copies/ledger
    """
    folder, key, origin = _key(public_key)
    try:
        done = back_up(
            folder,
            open_depot(place),
            key,
            origin=origin,
            progress=_say_nothing if as_json else click.echo,
        )
    except (DepotError, LedgerDamagedError, OSError) as error:
        fail(str(error))
    if as_json:
        print_json(done)
        return
    click.echo(
        f"{done.entries:,} entries, up to checkpoint {done.number:,}: {done.copied:,}"
        f" new files, {done.copied_bytes:,} bytes."
    )


@click.command()
@click.option("--from", "place", required=True, help="A folder, or s3://BUCKET/PREFIX.")
@key_option
@witness_option
@seen_option
@click.option(
    "--accept-loss",
    is_flag=True,
    help="Put it in place although it lacks what a witness saw.",
)
@json_option
def restore(
    *,
    place: str,
    public_key: str | None,
    witness_keys: tuple[str, ...],
    seen: TextIO | None,
    accept_loss: bool,
    as_json: bool,
) -> None:
    """Put the newest copy of the ledger onto a machine that has none.

    Everything is verified before it takes its place. With --seen a copy that is older
    than what the witness saw is refused, and what is lost is said. Exit code 1: it
    was not put in place.

    \b
    Example:
      wardkeep ledger restore --from /mnt/copies/ledger
      wardkeep ledger restore --from s3://copies/ledger --witness w1+8c… --seen seen.txt
    """
    if seen is not None and not witness_keys:
        fail("name who signed it with --witness.")
    folder, key, origin = _key(public_key)
    against = Against(
        key=key,
        origin=origin,
        witnesses=[witness_key(one) for one in witness_keys],
        seen=seen.read() if seen is not None else "",
        is_loss_accepted=accept_loss,
    )
    try:
        done = put_back(
            folder,
            open_depot(place),
            against,
            progress=_say_nothing if as_json else click.echo,
        )
    except (DepotError, LedgerDamagedError, OSError) as error:
        fail(str(error))
    if as_json:
        print_json(done)
    else:
        _tell(done)
    sys.exit(0 if done.is_in_place else 1)


def _tell(done: Restored) -> None:
    for fault in done.report.faults:
        click.echo(str(fault))
    click.echo(done.report.summary)
    if done.is_in_place:
        click.echo("It is in its place; start with: wardkeep serve")
    else:
        click.echo(
            "It was not put in its place. Find a newer copy, or accept the loss with"
            " --accept-loss and tell those concerned."
        )
