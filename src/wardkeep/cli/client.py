# SPDX-License-Identifier: Apache-2.0
"""`wardkeep client`: programs that sign in with a key of their own."""

from pathlib import Path

import click
import msgspec

from wardkeep.cli.terminal import ask_operator, fail, json_option, print_json
from wardkeep.disclosure.answers import Created, Done
from wardkeep.disclosure.questions import RegisterClient
from wardkeep.disclosure.smart import (
    AppList,
    EndApp,
    ListRegisteredApps,
    RegisterApp,
    RotateSigningKey,
)

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


@client.command("register-app")
@click.option("--organisation", required=True, help="The organisation's short name.")
@click.option("--name", required=True, help="What people call the app.")
@click.option(
    "--redirect-uri",
    "redirect_uris",
    required=True,
    multiple=True,
    help="Where its codes go, exactly; https, or http on this machine. Repeat it.",
)
@click.option("--scope", required=True, help="The SMART scopes that it may ask for.")
@click.option("--launch-url", default="", help="Where it is started from a record.")
@click.option(
    "--jwks",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Its public keys (RFC 7517); without them it is a public client.",
)
@click.option(
    "--patients-per-hour",
    default=60,
    show_default=True,
    type=click.IntRange(min=0),
    help="How many different patients it may open in an hour, for everybody together.",
)
@click.option(
    "--allow-own-scheme",
    is_flag=True,
    help="Let a native app be sent its codes by a scheme of its own.",
)
@click.option(
    "--resource-server",
    is_flag=True,
    help="Let it introspect tokens of the organisation's other apps; needs --jwks.",
)
@json_option
def register_app(  # noqa: PLR0913 - an app is registered with this much
    *,
    organisation: str,
    name: str,
    redirect_uris: tuple[str, ...],
    scope: str,
    launch_url: str,
    jwks: Path | None,
    patients_per_hour: int,
    allow_own_scheme: bool,
    resource_server: bool,
    as_json: bool,
) -> None:
    """Register an app that acts for people, and print its client id.

    \b
    Example:
      wardkeep client register-app --organisation fernhill --name "Growth charts" \\
        --redirect-uri https://charts.example/back --launch-url \\
        https://charts.example/launch --scope "launch openid fhirUser patient/*.rs"
    """
    if jwks is not None and jwks.stat().st_size > _LARGEST_JWKS_BYTES:
        fail(f"{jwks} is larger than a key set can be (64 KiB).")
    if resource_server and jwks is None:
        fail("A resource server proves itself: add its public keys with --jwks.")
    made = ask_operator(
        RegisterApp(
            organisation=organisation,
            name=name,
            redirect_uris=redirect_uris,
            scope=scope,
            launch_url=launch_url,
            jwks=b"" if jwks is None else jwks.read_bytes(),
            patients_per_hour=patients_per_hour,
            allows_own_scheme=allow_own_scheme,
            is_resource_server=resource_server,
        ),
        Created,
    )
    if as_json:
        print_json({"client_id": made.id, "name": name, "scope": scope})
    else:
        click.echo(f"Registered. Its client id: {made.id}")


@client.command("list-apps")
@click.option("--organisation", required=True, help="The organisation's short name.")
@json_option
def list_apps(*, organisation: str, as_json: bool) -> None:
    """List the apps of an organisation that act for people.

    \b
    Example:
      wardkeep client list-apps --organisation fernhill
    """
    found = ask_operator(ListRegisteredApps(organisation), AppList)
    if as_json:
        print_json([msgspec.structs.asdict(one) for one in found.apps])
        return
    for one in found.apps:
        kind = "public" if one.is_public else "confidential"
        click.echo(
            f"{one.app}  {one.name} ({kind}), {one.consents} consents: {one.scope}"
        )


@client.command("end-app")
@click.argument("client_id")
def end_app(*, client_id: str) -> None:
    """End an app: every consent to it and every token ends at once.

    \b
    Example:
      wardkeep client end-app 6f1c1f0e-6a4e-4a4b-9a53-0d3a3c8f7a11
    """
    ask_operator(EndApp(client_id), Done)
    click.echo("The app has ended, and with it all that it was given.")


@client.command("rotate-signing-key")
def rotate_signing_key() -> None:
    """Sign id_tokens with a new key; the old one is shown for another day.

    \b
    Example:
      wardkeep client rotate-signing-key
    """
    made = ask_operator(RotateSigningKey(), Created)
    click.echo(f"The key in use is now {made.id}.")
