# SPDX-License-Identifier: Apache-2.0
"""`wardkeep account`: people who sign in, and the links that let them enrol."""

import click

from wardkeep.cli.terminal import ask_operator, installation, json_option, print_json
from wardkeep.disclosure.answers import Accounts, Created, Done
from wardkeep.disclosure.questions import (
    CreateAccount,
    EndAccount,
    Invite,
    ListAccounts,
)


@click.group()
def account() -> None:
    """Invite people, list them, end their access."""


def enrolment_link(origin: str, secret: str) -> str:
    """The link of an invitation. It works once, for one person."""
    return f"{origin}/enrol/{secret}"


@account.command()
@click.option("--organisation", required=True, help="The organisation's short name.")
@click.option("--name", required=True, help="The person's name, as colleagues see it.")
@click.option("--role", required=True, help="Their role, as in: doctor.")
@click.option("--hours", default=24.0, help="How long the link works.")
@json_option
def invite(
    *, organisation: str, name: str, role: str, hours: float, as_json: bool
) -> None:
    """Make an account and print its one-time enrolment link.

    \b
    Example:
      wardkeep account invite --organisation fernhill --name "Rowan Ash" --role doctor
    """
    invite_person(organisation, name=name, role=role, hours=hours, as_json=as_json)


def invite_person(
    organisation: str, *, name: str, role: str, hours: float, as_json: bool
) -> None:
    """Make an account, and print its link."""
    settings, _ = installation()
    made = ask_operator(
        CreateAccount(organisation=organisation, display_name=name, role=role), Created
    )
    secret = ask_operator(Invite(account=made.id, valid_hours=hours), Created)
    link = enrolment_link(settings.public_origin, secret.id)
    if as_json:
        print_json({"account": made.id, "link": link, "valid_hours": hours})
        return
    click.echo(f"Account {made.id} for {name}.")
    click.echo(f"Give them this link; it works once, for {hours:g} hours:\n  {link}")


@account.command(name="link")
@click.argument("account_id")
@click.option("--hours", default=24.0, help="How long the link works.")
@json_option
def new_link(*, account_id: str, hours: float, as_json: bool) -> None:
    """Print a new enrolment link for an account that exists.

    \b
    Example:
      wardkeep account link 3b1f8a52-0c49-4a37-9d5e-6f1f0a2b7c11
    """
    settings, _ = installation()
    secret = ask_operator(Invite(account=account_id, valid_hours=hours), Created)
    link = enrolment_link(settings.public_origin, secret.id)
    if as_json:
        print_json({"account": account_id, "link": link, "valid_hours": hours})
    else:
        click.echo(link)


@account.command(name="list")
@click.option("--organisation", required=True, help="The organisation's short name.")
@json_option
def list_(*, organisation: str, as_json: bool) -> None:
    """List who may sign in to an organisation.

    \b
    Example:
      wardkeep account list --organisation fernhill
    """
    found = ask_operator(ListAccounts(organisation=organisation), Accounts)
    if as_json:
        print_json(
            [
                {field: getattr(one, field) for field in one.__struct_fields__}
                for one in found.accounts
            ]
        )
        return
    for one in found.accounts:
        state = "ended" if one.is_ended else f"{one.passkeys} passkeys"
        click.echo(f"{one.account}  {one.role:22}  {state:12}  {one.display_name}")
    if not found.accounts:
        click.echo("Nobody yet. Invite the first: wardkeep account invite --help")


@account.command()
@click.argument("account_id")
def end(*, account_id: str) -> None:
    """End an account: its passkeys and sessions stop at once, everywhere.

    \b
    Example:
      wardkeep account end 3b1f8a52-0c49-4a37-9d5e-6f1f0a2b7c11
    """
    ask_operator(EndAccount(account=account_id), Done)
    click.echo("Ended. Nobody can sign in with it, and its sessions are over.")
