# SPDX-License-Identifier: Apache-2.0
"""`wardkeep work`: who is who in the record, so that the work explains openings."""

import click

from wardkeep.cli.terminal import ask_operator
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.questions import SetWork


@click.group()
def work() -> None:
    """Say which account a practitioner is, and which team works where."""


_organisation = click.option(
    "--organisation", required=True, help="The organisation's short name."
)


@work.command()
@_organisation
@click.option("--account", required=True, help="The account's id.")
@click.argument("references", nargs=-1)
def practitioner(
    *, organisation: str, account: str, references: tuple[str, ...]
) -> None:
    """Say which practitioner of the record an account is; none: nobody any more.

    \b
    Example:
      wardkeep work practitioner --organisation fernhill \\
        --account 3b1f8a52-0c49-4a37-9d5e-6f1f0a2b7c11 Practitioner/8d1c
    """
    ask_operator(SetWork(organisation, ((account, references),)), Done)
    named = ", ".join(references) or "nobody in the record"
    click.echo(f"The account is {named}.")


@work.command()
@_organisation
@click.option("--name", required=True, help="The team's name; a new one is made.")
@click.option("--place", "places", multiple=True, help="As in Location/8d1c.")
@click.option("--member", "members", multiple=True, help="An account's id.")
def team(
    *,
    organisation: str,
    name: str,
    places: tuple[str, ...],
    members: tuple[str, ...],
) -> None:
    """Say where a team works, and put people into it; nobody leaves it by this.

    \b
    Example:
      wardkeep work team --organisation fernhill --name "Kestrel Ward" \\
        --place Location/8d1c --member 3b1f8a52-0c49-4a37-9d5e-6f1f0a2b7c11
    """
    ask_operator(SetWork(organisation, (), ((name, places, members),)), Done)
    click.echo(
        f"The team {name} works in {len(places)} places;"
        f" people put into it: {len(members)}."
    )
