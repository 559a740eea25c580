# SPDX-License-Identifier: Apache-2.0
"""`wardkeep incident`: declare one, and have all that must be told made ready."""

import sys
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from wardkeep.assembly.proof import ledger_name, verify_key_from
from wardkeep.base.clock import SystemClock, microseconds_since_epoch
from wardkeep.base.ids import new_uuid
from wardkeep.breach import drafts
from wardkeep.breach.drafts import Made
from wardkeep.breach.told import clock
from wardkeep.cli.moments import moment_option
from wardkeep.cli.scope import set_canaries_apart
from wardkeep.cli.terminal import (
    ask_operator,
    fail,
    installation,
    json_option,
    print_json,
)
from wardkeep.cli.whose import (
    CALLED,
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
from wardkeep.disclosure.client import WardenBusyError, WardenUnavailableError
from wardkeep.disclosure.incidents import (
    CheckIncident,
    IncidentChecked,
    IncidentWritten,
    WriteIncident,
)
from wardkeep.ledger import incidents as kept
from wardkeep.ledger.incidents import (
    Finding,
    Incident,
    IncidentUnknownError,
)
from wardkeep.ledger.scope import Scope, scope_of
from wardkeep.ledger.together import together
from wardkeep.ledger.wanted import Wanted

FEWEST_CHARACTERS, MOST_CHARACTERS = 10, 2000
_BY: dict[str, Callable[[str], str]] = {
    "account": account_named,
    "session": session_named,
    "device": device_named,
    "client": client_named,
    "address": address_named,
}
"""How somebody is named, and what makes one spelling of it, or ends the command."""
_Command = TypeVar("_Command", bound=Callable[..., Any])


class _Known(NamedTuple):
    """What the ledger says of an incident."""

    finding: Finding
    scope: Scope


def _selecting(command: _Command) -> _Command:
    """The options that name whose openings were not rightful, as often as needed."""
    for name, words in (
        ("address", "An address that sessions began at."),
        ("client", "A program or an app, by its id."),
        ("device", "A passkey, by its id in hexadecimal."),
        ("session", "One session, by its id."),
        ("account", "A person or program, by its id."),
    ):
        command = click.option(f"--{name}", multiple=True, help=words)(command)
    command = click.option(
        "--organisation",
        default="",
        help="In this organisation alone: its short name or number.",
    )(command)
    command = moment_option("--from", "since", words="From then on.")(command)
    return moment_option("--to", "until", words="Up to then, without it.")(command)


@click.group()
def incident() -> None:
    """Say that somebody got at records without a right to, and what must be told."""


@incident.command()
@_selecting
@moment_option("--found", "found_at", words="When it was found out; now if left out.")
@click.option("--what", required=True, help="What happened, in plain sentences.")
@json_option
def declare(*, what: str, found_at: int, as_json: bool, **named: Any) -> None:
    """Declare an incident: the clocks begin, and every draft is made.

    Whose openings were not rightful is named as `wardkeep scope` takes it, each as
    often as needed: whatever any of them reached is part of it. The declaration is
    written into the ledger for each organisation that it touches. Run it as the user
    that runs Wardkeep.

    \b
    Example:
      wardkeep incident declare --account 5e5510f0-… --address 203.0.113.7 \\
        --from 2026-11-23 --found 2026-11-24T09:30 \\
        --what "A nurse's session was used by somebody else."
    """
    _fit(what, "--what")
    now = microseconds_since_epoch(SystemClock().now())
    if found_at > now:
        fail("--found is in the future; write when it was found out.")
    selectors = _selectors(named)
    known = _look(selectors, why="As declared.", is_quiet=as_json, new=selectors)
    made = Incident(
        id=new_uuid(),
        found_at=found_at or now,
        declared_at=now,
        what=what.strip(),
        findings=(known.finding,),
    )
    _keep(made)
    _make_and_tell(made.id, known.scope, as_json=as_json)


@incident.command()
@click.argument("id_", metavar="INCIDENT")
@_selecting
@click.option("--why", required=True, help="What is new, in a sentence.")
@json_option
def revise(*, id_: str, why: str, as_json: bool, **named: Any) -> None:
    """Add what was found since: a new version, beside the ones before.

    What is named is added to what was named before; nothing named just reads anew.

    \b
    Example:
      wardkeep incident revise 0b9d… --account 77aa… --why "A second account."
    """
    _fit(why, "--why")
    before = _open(id_)
    is_named = any(named[by] for by in _BY) or named["organisation"]
    more = _selectors(named) if is_named else ()
    selectors = tuple(dict.fromkeys((*before.newest.selectors, *more)))
    known = _look(selectors, why=why.strip(), is_quiet=as_json, new=more)
    _keep(msgspec.structs.replace(before, findings=(*before.findings, known.finding)))
    _make_and_tell(id_, known.scope, as_json=as_json)


@incident.command("drafts")
@click.argument("id_", metavar="INCIDENT")
@json_option
def drafts_(*, id_: str, as_json: bool) -> None:
    """Go on making the newest version's drafts, where that broke off.

    \b
    Example:
      wardkeep incident drafts 0b9d…
    """
    found = _open(id_)
    if not _checked(found).is_newest:
        _keep(found)
    known = _look(found.newest.selectors, why=found.newest.why, is_quiet=as_json)
    if known.finding.people != found.newest.people:
        fail(
            "the ledger tells of other people than when this version was written:"
            f" wardkeep incident revise {id_} --why … makes a new one."
        )
    _make_and_tell(id_, known.scope, as_json=as_json)


@incident.command()
@click.argument("id_", metavar="INCIDENT")
@click.option("--why", required=True, help="Why it was none, in a sentence.")
def withdraw(*, id_: str, why: str) -> None:
    """Say that it was declared by mistake. It stays in the list and in the ledger.

    Where an earlier withdrawal broke off before the ledger had it, this writes it down,
    with the reason that was given then.

    \b
    Example:
      wardkeep incident withdraw 0b9d… --why "It was our own drill."
    """
    _fit(why, "--why")
    found = _own(id_)
    if not found.withdrawn_at:
        now = microseconds_since_epoch(SystemClock().now())
        found = msgspec.structs.replace(
            found, withdrawn_at=now, withdrawn_why=why.strip()
        )
    elif _checked(found).is_there:
        fail(f"incident {id_} was withdrawn before: {found.withdrawn_why}")
    _keep(found)
    click.echo(f"Incident {id_} is withdrawn. Its drafts stay where they are.")


@incident.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """All incidents, the newest first, with their clocks.

    Each file is held against the newest entries that the ledger has about it.

    \b
    Example:
      wardkeep incident list
    """
    try:
        found = kept.all_in(_folder())
    except IncidentUnknownError as error:
        fail(str(error))
    if as_json:
        print_json(
            [
                {
                    **msgspec.structs.asdict(one),
                    "is_written": _is_written(one),
                }
                for one in found
            ]
        )
        return
    for one in found:
        click.echo(f"{one.id}  {_state(one)}")
        click.echo(f"  {one.what[:100]}")
    if not found:
        click.echo("No incident was declared here.")


def _state(one: Incident) -> str:
    if one.withdrawn_at:
        when = clock(one.withdrawn_at)
        return f"withdrawn {when}: {one.withdrawn_why}{_as_written(one)}"
    left = one.report_due_at - microseconds_since_epoch(SystemClock().now())
    hours = abs(left) // 3_600_000_000
    when = f"{hours} h left" if left >= 0 else f"{hours} h OVER"
    return (
        f"found {clock(one.found_at)}, {_people_in(one)}, version {len(one.findings)},"
        f" report to the regulator: {when}{_as_written(one)}"
    )


def _people_in(one: Incident) -> str:
    organisations = len(one.newest.people)
    people = "person" if one.people == 1 else "people"
    where = "organisation" if organisations == 1 else "organisations"
    return f"{one.people:,} {people} in {organisations} {where}"


def _as_written(one: Incident) -> str:
    is_written = _is_written(one)
    if is_written is None:
        return "  NOT HELD AGAINST THE LEDGER: the warden does not answer"
    if is_written:
        return ""
    return "  NOT AS THE LEDGER HAS IT: changed since, or not written there yet"


def _is_written(one: Incident) -> bool | None:
    """Whether the ledger says the same; None where the warden does not answer."""
    try:
        return _checked(one).is_newest
    except (WardenUnavailableError, WardenBusyError):
        return None


def _checked(one: Incident) -> IncidentChecked:
    """What the ledger's own entries say of it."""
    return ask_operator(
        CheckIncident(
            incident=one.id,
            step=one.step,
            version=len(one.findings),
            digest=one.digest,
            organisations=one.touched,
        ),
        IncidentChecked,
    )


def _fit(words: str, option: str) -> None:
    if not FEWEST_CHARACTERS <= len(words.strip()) <= MOST_CHARACTERS:
        fail(
            f"{option} is {FEWEST_CHARACTERS} to {MOST_CHARACTERS} characters:"
            " it is read by a regulator."
        )


def _folder() -> Path:
    _, layout = installation()
    return layout.warden / "incidents"


def _own(id_: str) -> Incident:
    """One that the operator declared; an organisation's own is its own to change."""
    try:
        found = kept.read(_folder(), id_)
    except IncidentUnknownError as error:
        fail(f"{error} See: wardkeep incident list")
    if found.organisation:
        fail(
            f"incident {id_} was declared by {found.name_of(found.organisation)}:"
            " its privacy officer revises and withdraws it on the security desk."
        )
    return found


def _open(id_: str) -> Incident:
    found = _own(id_)
    if found.withdrawn_at:
        fail(f"incident {id_} was withdrawn; declare a new one.")
    return found


def _selectors(named: dict[str, Any]) -> tuple[Wanted, ...]:
    """One for each name given; where none is, one for the organisation."""
    refuse_backwards(named["since"], named["until"])
    rest: dict[str, Any] = {
        "organisation": organisation_named(named["organisation"]),
        "since": named["since"],
        "until": named["until"],
    }

    def each(by: str) -> Iterator[Wanted]:
        # Named as nothing, it would be everybody.
        names = (_BY[by](name) or fail(NOBODY_NAMED) for name in named[by])
        return (Wanted(**{**rest, by: name}) for name in names)

    found = tuple(chain.from_iterable(map(each, _BY)))
    if found:
        return found
    if not rest["organisation"]:
        fail(NOBODY_NAMED)
    return (Wanted(**rest),)


def _look(
    selectors: tuple[Wanted, ...],
    *,
    why: str,
    is_quiet: bool,
    new: tuple[Wanted, ...] = (),
) -> _Known:
    """What the whole ledger says, and who of those reached exists.

    Of what is named anew there is an entry at least, or a slip begins the clocks.
    """
    scopes = _read(selectors, is_quiet=is_quiet)
    for one, found in zip(selectors, scopes, strict=True):
        if one in new:
            _refuse_nothing(one, found)
    sessions = tuple(tuple(one.sessions) for one in scopes)
    scope = together(scopes)
    set_canaries_apart(scope)
    if scope.people and not scope.is_known_who_exists:
        fail("the warden does not answer, which alone knows canaries from people.")
    people: dict[int, int] = {}
    for reached in scope.people:
        people[reached.organisation] = people.get(reached.organisation, 0) + 1
    for one in selectors:
        if one.organisation:
            people.setdefault(one.organisation, 0)
    finding = Finding(
        at=microseconds_since_epoch(SystemClock().now()),
        why=why,
        selectors=selectors,
        is_whole=scope.is_whole,
        people=tuple(sorted(people.items())),
        sessions=sessions if any(sessions) else (),
    )
    return _Known(finding, scope)


def _read(selectors: tuple[Wanted, ...], *, is_quiet: bool) -> list[Scope]:
    """What the whole ledger says of each."""
    settings, layout = installation()
    key = verify_key_from(layout, None)
    if key is None:
        fail("there is no public key here; run it where Wardkeep runs.")
    scopes = []
    console = Console(stderr=True)
    with Progress(console=console, disable=is_quiet, transient=True) as progress:
        for number, one in enumerate(selectors, 1):
            words = f"Reading the ledger, {number} of {len(selectors)}"
            task = progress.add_task(words, total=None)
            scopes.append(
                scope_of(
                    layout.ledger,
                    key,
                    one,
                    origin=ledger_name(settings),
                    progress=lambda done, task=task: progress.update(  # type: ignore[misc]
                        task, completed=done
                    ),
                )
            )
    return scopes


def _refuse_nothing(wanted: Wanted, found: Scope) -> None:
    """End the command where no entry at all is what was named."""
    values = msgspec.structs.asdict(wanted)
    if found.unknown:
        fail(f"{unknown_words(found.unknown, values)} Nothing was declared.")
    if not found.entries_matching:
        named = " and ".join(
            f"{words} {values[name]}" for name, words in CALLED.items() if values[name]
        )
        fail(
            f"there is not one entry of the {named}, as names and times are put here."
            " Nothing was declared."
        )


def _keep(found: Incident) -> None:
    """On the disk first, then in the ledger: what is not there yet says so."""
    folder = _folder()
    kept.keep(folder, found)
    written = ask_operator(
        WriteIncident(
            incident=found.id,
            step=found.step,
            version=len(found.findings),
            digest=found.digest,
            touched=found.newest.people,
        ),
        IncidentWritten,
    )
    kept.keep(
        folder,
        msgspec.structs.replace(found, names=written.names, written=found.digest),
    )


def _make_and_tell(id_: str, scope: Scope, *, as_json: bool) -> None:
    found = kept.read(_folder(), id_)
    console = Console(stderr=True)
    with Progress(console=console, disable=as_json, transient=True) as progress:
        task = progress.add_task("Writing letters", total=found.people)
        made = drafts.make(
            found,
            scope,
            _folder() / id_,
            progress=lambda done: progress.update(task, completed=done),
        )
    if as_json:
        print_json({"incident": found, "drafts": made, "faults": scope.faults})
    else:
        _tell(found, scope, made)
    sys.exit(0 if scope.is_whole else 1)


def _tell(found: Incident, scope: Scope, made: Made) -> None:
    for fault in scope.faults:
        click.echo(f"NOT WHOLE: {fault}")
    click.echo(f"Incident {found.id}, version {len(found.findings)}")
    click.echo(f"  {_people_in(found)}")
    for number, people in found.newest.people:
        click.echo(f"    {found.name_of(number)}: {people:,}")
    if scope.canaries:
        click.echo(f"  and {len(scope.canaries):,} canaries, whom nobody need tell")
    click.echo(f"  early notice due by {clock(found.early_notice_due_at)}")
    click.echo(f"  report due by {clock(found.report_due_at)}")
    click.echo(f"  {made.letters:,} letters and the other drafts: {made.folder}")
    click.echo("  Gaps that only people can fill are marked in each; nothing was sent.")
