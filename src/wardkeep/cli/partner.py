# SPDX-License-Identifier: Apache-2.0
"""`wardkeep partner`: services of others, to and from which messages go (BaRS)."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

import click

from wardkeep.assembly import partners
from wardkeep.cli.terminal import (
    ask_operator,
    fail,
    installation,
    json_option,
    print_json,
)
from wardkeep.disclosure.answers import Created
from wardkeep.disclosure.questions import RegisterClient
from wardkeep.fhir.bars.building import ODS
from wardkeep.fhir.bars.codes import SERVICE_ID
from wardkeep.fhir.bars.directory import OLDEST
from wardkeep.fhir.bars.partners import SCOPE

T = TypeVar("T")
_LARGEST_JWKS_BYTES = 65_536
_organisation = click.option(
    "--organisation", required=True, help="Our own, as in: fernhill."
)


@click.group()
def partner() -> None:
    """Send referrals to other services by message, and take theirs in.

    Read docs/how-to/partners.md first.
    """


@partner.command()
@_organisation
def begin(*, organisation: str) -> None:
    """Make the key that an organisation sends with, and print its public half.

    \b
    Example:
      wardkeep partner begin --organisation fernhill > fernhill.jwks.json
    """
    settings, layout = installation()
    click.echo(_run(partners.begin(settings, layout, organisation)))


@partner.command()
@_organisation
def key(*, organisation: str) -> None:
    """Print the public half of that key again, for a partner to register.

    \b
    Example:
      wardkeep partner key --organisation fernhill > fernhill.jwks.json
    """
    settings, layout = installation()
    try:
        click.echo(partners.public_keys(settings, layout, organisation))
    except partners.PartnerError as wrong:
        fail(str(wrong))


@partner.command()
@_organisation
@click.option("--name", required=True, help="What the partner is called.")
@click.option(
    "--jwks",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Its public keys, a JSON Web Key Set (RFC 7517).",
)
@click.option(
    "--patients-per-hour",
    default=500,
    show_default=True,
    type=click.IntRange(min=1),
    help="About how many different patients it may send in an hour.",
)
@json_option
def register(
    *, organisation: str, name: str, jwks: Path, patients_per_hour: int, as_json: bool
) -> None:
    """Let a partner send us messages, and print its client id.

    It sends referrals and bookings, looks for free slots, and reads what its own
    messages brought: nothing else.

    \b
    Example:
      wardkeep partner register --organisation fernhill --name "111 North" \\
        --jwks north.jwks.json
    """
    if jwks.stat().st_size > _LARGEST_JWKS_BYTES:
        fail(f"{jwks} is larger than a key set can be (64 KiB).")
    asked = RegisterClient(
        organisation=organisation,
        name=name,
        jwks=jwks.read_bytes(),
        scope=SCOPE,
        patients_per_hour=patients_per_hour,
    )
    made = ask_operator(asked, Created)
    if as_json:
        print_json({"client_id": made.id, "name": name})
    else:
        click.echo(f"Registered. Its client id: {made.id}")


@partner.command()
@_organisation
@click.option("--service", required=True, help="The id of its service.")
@click.option("--system", default=SERVICE_ID, show_default=True, help="Of that id.")
@click.option("--name", required=True, help="What people call the service.")
@click.option("--endpoint", required=True, help="Its FHIR API, as https://….")
@click.option("--token-url", required=True, help="Where we sign in there.")
@click.option("--client", required=True, help="The client id that it gave us.")
@click.option("--account", required=True, help="The client id that we gave it.")
@click.option(
    "--tells-surgery",
    is_flag=True,
    help="It tells a patient's surgery itself what came of whom we sent there.",
)
@click.option(
    "--takes",
    multiple=True,
    help="A disposition that it takes, as in: emergency-department-1h; said again for"
    " each. None: whatever somebody attends, rings or speaks to.",
)
@click.option("--books", is_flag=True, help="It offers times to book.")
@click.option("--validates", is_flag=True, help="It looks again at what calls came to.")
@click.option(
    "--from-age", default=0, show_default=True, type=click.IntRange(0, OLDEST)
)
@click.option(
    "--to-age", default=OLDEST, show_default=True, type=click.IntRange(0, OLDEST)
)
def add(  # noqa: PLR0913 - a partner is this much
    *,
    organisation: str,
    service: str,
    system: str,
    name: str,
    endpoint: str,
    token_url: str,
    client: str,
    account: str,
    tells_surgery: bool,
    takes: tuple[str, ...],
    books: bool,
    validates: bool,
    from_age: int,
    to_age: int,
) -> None:
    """Have messages go to a partner's service; said again, it is changed.

    \b
    Example:
      wardkeep partner add --organisation fernhill --service 2000000111 \\
        --name "Northgate emergency department" \\
        --endpoint https://northgate.example/fhir \\
        --token-url https://northgate.example/oauth/token \\
        --client 6f1c… --account 0b7e… \\
        --takes emergency-department-1h --books
    """
    settings, layout = installation()
    made = partners.Partner(
        service=service,
        system=system,
        name=name,
        endpoint=endpoint,
        token_url=token_url,
        client=client,
        account=account,
        tells_surgery=tells_surgery,
        takes=takes,
        books=books,
        validates=validates,
        least_age=from_age,
        most_age=to_age,
    )
    _run(partners.add(settings, layout, organisation, made))
    click.echo(f"Messages to {name} go to {endpoint}.")


@partner.command()
@_organisation
@click.option("--service", default="", help="The id of its service.")
@click.option("--nobody", is_flag=True, help="No partner sends ambulances any more.")
def ambulances(*, organisation: str, service: str, nobody: bool) -> None:
    """Have requests for an ambulance go to a partner; said again, to another one.

    One partner an organisation: `partner add` comes first. What was asked for before
    goes as it would have gone.

    \b
    Example:
      wardkeep partner ambulances --organisation fernhill --service 2000000333
      wardkeep partner ambulances --organisation fernhill --nobody
    """
    if nobody == bool(service):
        fail("Say --service, or --nobody.")
    settings, layout = installation()
    _run(partners.name_ambulances(settings, layout, organisation, service))
    where = f"to {service}" if service else "to no partner"
    click.echo(f"Requests for an ambulance go {where}.")


@partner.command()
@_organisation
@click.option("--ods", required=True, help="The surgery's ODS code.")
@click.option("--name", required=True, help="What people call the surgery.")
@click.option("--endpoint", required=True, help="Its FHIR API, as https://….")
@click.option("--token-url", required=True, help="Where we sign in there.")
@click.option("--client", required=True, help="The client id that it gave us.")
def surgery(
    *,
    organisation: str,
    ods: str,
    name: str,
    endpoint: str,
    token_url: str,
    client: str,
) -> None:
    """Have a surgery told what came of its patients' calls; said again, it changes.

    \b
    Example:
      wardkeep partner surgery --organisation fernhill --ods Y99999 \\
        --name "Puddle Lane Surgery" --endpoint https://puddle.example/fhir \\
        --token-url https://puddle.example/oauth/token --client 6f1c…
    """
    settings, layout = installation()
    made = partners.Partner(
        service=ods,
        name=name,
        endpoint=endpoint,
        token_url=token_url,
        client=client,
        account="",
        system=ODS,
        kind="surgery",
    )
    _run(partners.add(settings, layout, organisation, made))
    click.echo(f"What came of calls goes to {name} at {endpoint}.")


@partner.command()
@_organisation
@click.option("--service", required=True, help="The id of its service.")
def end(*, organisation: str, service: str) -> None:
    """Have nothing new go to a service. What waits already is still sent.

    \b
    Example:
      wardkeep partner end --organisation fernhill --service 2000000111
    """
    settings, layout = installation()
    _run(partners.end(settings, layout, organisation, service))
    click.echo(f"Nothing new goes to {service}.")


def _run(work: Coroutine[object, object, T]) -> T:
    try:
        return asyncio.run(work)
    except partners.PartnerError as wrong:
        fail(str(wrong))
