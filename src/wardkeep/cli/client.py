# SPDX-License-Identifier: Apache-2.0
"""`wardkeep client`: programs that sign in with a key of their own."""

from pathlib import Path

import click

from wardkeep.cli.terminal import ask_operator, fail, json_option, print_json
from wardkeep.disclosure.answers import Created
from wardkeep.disclosure.questions import RegisterClient

_LARGEST_JWKS_BYTES = 65_536


@click.group()
def client() -> None:
    """Register programs that read or write records."""


@client.command()
@click.option("--organisation", required=True, help="The organisation's short name.")
@click.option("--name", required=True, help="What the program is called.")
@click.option(
    "--jwks",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Its public keys, a JSON Web Key Set (RFC 7517).",
)
@click.option("--scope", required=True, help='SMART scopes, as in "system/*.rs".')
@click.option(
    "--patients-per-hour",
    required=True,
    type=click.IntRange(min=0),
    help="How many different patients it may open in an hour.",
)
@json_option
def register(
    *,
    organisation: str,
    name: str,
    jwks: Path,
    scope: str,
    patients_per_hour: int,
    as_json: bool,
) -> None:
    """Register a service client and print its id.

    \b
    Example:
      wardkeep client register --organisation fernhill --name "Ward board" \\
        --jwks board.jwks.json --scope "system/*.rs" --patients-per-hour 60
    """
    if jwks.stat().st_size > _LARGEST_JWKS_BYTES:
        fail(f"{jwks} is larger than a key set can be (64 KiB).")
    made = ask_operator(
        RegisterClient(
            organisation=organisation,
            name=name,
            jwks=jwks.read_bytes(),
            scope=scope,
            patients_per_hour=patients_per_hour,
        ),
        Created,
    )
    if as_json:
        print_json({"client_id": made.id, "name": name, "scope": scope})
    else:
        click.echo(f"Registered. Its client id: {made.id}")
