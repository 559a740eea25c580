# SPDX-License-Identifier: Apache-2.0
"""`wardkeep identity-provider`: OpenID providers by which staff sign in."""

import click
import msgspec

from wardkeep.cli.terminal import ask_operator, json_option, print_json
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.federation import (
    AddProvider,
    EndProvider,
    ListProviders,
    Providers,
    ProviderView,
)
from wardkeep.identity.assurance import KINDS


@click.group("identity-provider")
def identity_provider() -> None:
    """Let people sign in by an identity that they have elsewhere."""


@identity_provider.command()
@click.option("--organisation", required=True, help="The organisation's short name.")
@click.option("--kind", required=True, type=click.Choice(KINDS), help="Whose rules.")
@click.option("--name", required=True, help="What the sign-in page calls it.")
@click.option("--issuer", required=True, help="Its address, exactly as it says it.")
@click.option("--client-id", required=True, help="What it calls this installation.")
@json_option
def add(
    *,
    organisation: str,
    kind: str,
    name: str,
    issuer: str,
    client_id: str,
    as_json: bool,
) -> None:
    """Add a provider, and print the public key to register there.

    \b
    Example:
      wardkeep identity-provider add --organisation fernhill --kind cis2 \\
        --name "Care Identity" --issuer https://issuer.example --client-id wardkeep
    """
    added = ask_operator(
        AddProvider(
            organisation=organisation,
            kind=kind,
            name=name,
            issuer=issuer,
            client_id=client_id,
        ),
        Providers,
    ).providers[0]
    if as_json:
        print_json(_as_json(added))
        return
    click.echo(f"Added: {added.id}")
    click.echo("Register there: the redirect address /sign-in/back of this site, and,")
    click.echo(f"for back-channel logout, /oauth/back-channel-logout/{added.id}.")
    click.echo("The client signs with RS512 (private_key_jwt). Its public key:")
    click.echo(added.jwks.decode())


@identity_provider.command("list")
@json_option
def list_providers(*, as_json: bool) -> None:
    """List the identity providers.

    \b
    Example:
      wardkeep identity-provider list
    """
    found = ask_operator(ListProviders(), Providers).providers
    if as_json:
        print_json([_as_json(one) for one in found])
        return
    for one in found:
        click.echo(f"{one.id}  {one.name} ({one.kind}), {one.organisation_name}")


@identity_provider.command()
@click.argument("provider")
def end(*, provider: str) -> None:
    """End a provider: its links and the sessions that it started end at once.

    \b
    Example:
      wardkeep identity-provider end 6f1c1f0e-6a4e-4a4b-9a53-0d3a3c8f7a11
    """
    ask_operator(EndProvider(provider), Done)
    click.echo("Nobody signs in by it any more.")


def _as_json(one: ProviderView) -> dict[str, object]:
    told = msgspec.structs.asdict(one)
    return {**told, "jwks": msgspec.json.decode(one.jwks)}
