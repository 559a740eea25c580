# SPDX-License-Identifier: Apache-2.0
"""`wardkeep organisation`: the tenants of this installation."""

import click

from wardkeep.cli.terminal import ask_operator, json_option, print_json
from wardkeep.disclosure.answers import Created, Done
from wardkeep.disclosure.questions import CreateOrganisation
from wardkeep.disclosure.smart import RequireDpop


@click.group()
def organisation() -> None:
    """Set up organisations, each with a key of its own."""


@organisation.command()
@click.option("--slug", required=True, help="Short name: letters, digits, hyphens.")
@click.option("--name", required=True, help="The name that people see.")
@json_option
def create(*, slug: str, name: str, as_json: bool) -> None:
    """Set up an organisation.

    \b
    Example:
      wardkeep organisation create --slug fernhill --name "Fernhill Hospital"
    """
    made = ask_operator(CreateOrganisation(slug=slug, name=name), Created)
    if as_json:
        print_json({"organisation": int(made.id), "slug": slug, "name": name})
    else:
        click.echo(f"Organisation {made.id}, {name}, is ready.")


@organisation.command("require-dpop")
@click.argument("slug")
@click.option("--on/--off", "is_on", required=True, help="Whether a key is needed.")
def require_dpop(*, slug: str, is_on: bool) -> None:
    """Take only tokens whose holder proves a key with each use (RFC 9449).

    \b
    Example:
      wardkeep organisation require-dpop fernhill --on
    """
    ask_operator(RequireDpop(slug, is_on), Done)
    words = "only with a proof of their key" if is_on else "with or without a proof"
    click.echo(f"Programs and apps of {slug} are let in {words}.")
