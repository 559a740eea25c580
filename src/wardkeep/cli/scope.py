# SPDX-License-Identifier: Apache-2.0
"""`wardkeep scope`: exactly what an account or session was given, with proof."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.breach.told import onward_words
from wardkeep.cli.ledger_key import key_option, named_key
from wardkeep.cli.moments import moment_option
from wardkeep.cli.terminal import fail, installation, json_option
from wardkeep.cli.whose import (
    NOBODY_NAMED,
    account_named,
    address_named,
    client_named,
    device_named,
    organisation_named,
    refuse_backwards,
    session_named,
    unknown_words,
)
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.canaries import (
    MOST_NAMED as MOST_PICKED,
    PickCanaries,
    PickedCanaries,
)
from wardkeep.disclosure.client import (
    WardenBusyError,
    WardenClient,
    WardenUnavailableError,
)
from wardkeep.ledger.fields import fields_of
from wardkeep.ledger.onward import MOST_NAMED, SEND
from wardkeep.ledger.scope import ALL, PersonReached, Scope, scope_of
from wardkeep.ledger.wanted import Wanted

_MOST_SHOWN = 20
_MOMENTS = {"first", "last", "on_phone_until"}


class _Asked(NamedTuple):
    folder: Path | None
    public_key: str | None
    with_proofs: bool
    as_json: bool


@click.command()
@click.option("--account", default="", help="The id of a person or program.")
@click.option("--session", default="", help="The id of one session.")
@click.option("--device", default="", help="A passkey's id, in hexadecimal.")
@click.option("--client", default="", help="The id of a program or an app.")
@click.option("--address", default="", help="The address that sessions began at.")
@click.option(
    "--organisation", default="", help="An organisation's short name or number."
)
@moment_option("--from", "since", words="From then on.")
@moment_option("--to", "until", words="Up to then, not including it.")
@click.option("--proofs", is_flag=True, help="With a proof for each entry.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The ledger's folder; this installation's own where it is left out.",
)
@key_option
@json_option
def scope(  # noqa: PLR0913 - one for each option
    *,
    account: str,
    session: str,
    device: str,
    client: str,
    address: str,
    organisation: str,
    since: int,
    until: int,
    proofs: bool,
    folder: Path | None,
    public_key: str | None,
    as_json: bool,
) -> None:
    """Exactly whose records an account was given, and which resources of them.

    To the resource and version: a key opens a resource whole, so every element of that
    version counts as read. --json says so of each, and in `fields` by part and type.

    By passkey or address: all sessions that began with it, as their sign-ins tell.
    Reads the whole ledger, so that what is not named was surely not disclosed. Needs
    the files and a public key, nothing of the server. Exit code 1 when the ledger is
    not whole: then it says where, and the list may lack something; and when no entry,
    at any time, is of what was named: then nothing is proven. Canaries are set apart
    where the warden of this installation answers.

    \b
    Example:
      wardkeep scope --account 5e5510f0-… --from 2026-11-23 --to 2026-11-24T14:00
      wardkeep scope --address 203.0.113.7 --from 2026-11-23
      wardkeep scope --session 5e5510f0-… --proofs --json
    """
    refuse_backwards(since, until)
    wanted = Wanted(
        account=account_named(account),
        session=session_named(session),
        device=device_named(device),
        client=client_named(client),
        address=address_named(address),
        organisation=organisation_named(organisation, is_here=folder is None),
        since=since,
        until=until,
    )
    if wanted == Wanted(since=since, until=until):
        fail(NOBODY_NAMED)
    found = _read(wanted, _Asked(folder, public_key, proofs, as_json))
    if folder is None:
        set_canaries_apart(found)
    if as_json:
        click.echo(_json(found))
    else:
        _tell(found)
    if found.unknown:
        fail(unknown_words(found.unknown, msgspec.structs.asdict(wanted)))
    sys.exit(0 if found.is_whole else 1)


def _read(wanted: Wanted, asked: _Asked) -> Scope:
    settings, layout = installation()
    name, key = named_key(settings, layout, asked.public_key)
    console = Console(stderr=True)
    with Progress(console=console, disable=asked.as_json, transient=True) as progress:
        task = progress.add_task("Reading entries", total=None)
        return scope_of(
            asked.folder or layout.ledger,
            key,
            wanted,
            origin=name,
            with_proofs=asked.with_proofs,
            progress=lambda done: progress.update(task, completed=done),
        )


def set_canaries_apart(found: Scope) -> None:
    """Ask the warden who is no person; where it does not answer, that is said."""
    try:
        found.set_apart(asyncio.run(_pick_canaries((*found.people, *found.looked_at))))
    except (WardenUnavailableError, WardenBusyError):
        return


async def _pick_canaries(people: Sequence[PersonReached]) -> set[tuple[int, str]]:
    _, layout = installation()
    client = WardenClient(layout.operator_socket, asker="scope")
    found: set[tuple[int, str]] = set()
    try:
        for number in dict.fromkeys(one.organisation for one in people):
            named = [one.patient for one in people if one.organisation == number]
            for start in range(0, len(named), MOST_PICKED):
                asked = PickCanaries(number, tuple(named[start : start + MOST_PICKED]))
                given = await client.ask(asked, PickedCanaries)
                if isinstance(given, Refusal):
                    raise WardenUnavailableError
                found.update((number, one) for one in given.patients)
    finally:
        await client.close()
    return found


def _json(found: Scope) -> str:
    told = {
        **msgspec.structs.asdict(found),
        "opened": found.opened,
        "listed_only": found.listed_only,
        "looked_at_only": found.looked_at_only,
        "certainly_not": [] if found.unknown else found.certainly_not,
        "resources": found.resources,
        "fields": fields_of(found.people),
        "onward": found.onward,
    }
    plain = msgspec.to_builtins(told)
    # Left out where a file keeps them for thousands of resources; said here.
    for person in plain["people"]:
        for one in person.get("resources", ()):
            one.setdefault("elements", ALL)
    plain = _with_moments(plain)
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode()


def _with_moments(value: Any) -> Any:
    """With each moment in ISO 8601 beside its microseconds, as `first_utc`."""
    if isinstance(value, list | tuple):
        return [_with_moments(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for name, one in value.items():
        made[name] = _with_moments(one)
        if name in _MOMENTS and one:
            moment = from_microseconds(one)
            made[f"{name}_utc"] = f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"
    return made


def _tell(found: Scope) -> None:
    for fault in found.faults:
        click.echo(f"NOT WHOLE: {fault}")
    click.echo(
        f"Records of {_people(found.opened)} opened, {_people(found.listed_only)} more"
        f" only shown in lists, {found.resources:,} resources in all;"
        f" {found.refusals:,} questions refused."
    )
    _tell_looks(found)
    if found.canaries:
        click.echo(
            f"Canaries, which are not among them: {len(found.canaries):,}. Patients who"
            " do not exist, and nobody to tell."
        )
    elif found.people and not found.is_known_who_exists:
        click.echo(
            "Canaries may be among them: the warden, which alone knows, was not asked."
        )
    _tell_onward(found)
    for person in found.people[:_MOST_SHOWN]:
        click.echo(_line(person))
    if len(found.people) > _MOST_SHOWN:
        rest = len(found.people) - _MOST_SHOWN
        click.echo(f"  and {rest:,} more: --json has them all")
    if not found.unknown:
        _tell_what_is_certain(found)


def _tell_what_is_certain(found: Scope) -> None:
    for words in found.certainly_not[2:]:
        click.echo(f"Certainly not: {words}")
    if found.is_whole:
        click.echo(
            f"All {found.entries_read:,} entries were read and have the signed root"
            f" {found.root[:16]}…: nobody else was disclosed in this scope."
        )


def _tell_looks(found: Scope) -> None:
    """Who looked at whose list of openings: no record was opened by that."""
    looked = sum(1 for one in found.people if one.looked_at)
    if looked:
        click.echo(
            f"Of {_people(looked)} the list of who opened their record was read;"
            f" nothing else of {found.looked_at_only:,} of these."
        )
    if found.looked_at:
        click.echo(
            f"Not among them: {_people(len(found.looked_at))} whose records stood in"
            " lists of openings that were read, under a number, without a name. No"
            " record was opened by that, and no letter is due."
        )


def _people(many: int) -> str:
    return f"{many:,} {'person' if many == 1 else 'people'}"


def _tell_onward(found: Scope) -> None:
    """Where it went on to: disclosed there as well, and counted above."""
    onward = found.onward
    for one in onward[:MOST_NAMED]:
        click.echo(
            f"{onward_words(one.way, one.to)}: {_people(one.people)},"
            f" {one.records:,} resources."
        )
    if len(onward) > MOST_NAMED:
        click.echo(f"And {len(onward) - MOST_NAMED:,} more: --json has them all")
    if any(one.way == SEND for one in onward):
        click.echo(
            "What a service got by message was disclosed to it, and is not in the hands"
            " of whoever asked. Its name is as the web process said it."
        )


def _line(person: PersonReached) -> str:
    first, last = (_clock(one) for one in (person.first, person.last))
    how = ", ".join(person.tiers) or "no part named"
    if person.is_looked_at_only:
        how = "no part, but who opened it"
    phone = ""
    if person.on_phone_until:
        phone = f"; lay sealed on a phone until {_clock(person.on_phone_until)}"
    onward = "".join(f"; {onward_words(one.way, one.to)}" for one in person.onward)
    return (
        f"  {person.patient}: {how}; {len(person.resources):,} resources,"
        f" {first} to {last}{phone}{onward}"
    )


def _clock(microseconds: int) -> str:
    moment = from_microseconds(microseconds).astimezone(LONDON)
    return f"{moment:%Y-%m-%d %H:%M:%S}"
