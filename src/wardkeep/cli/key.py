# SPDX-License-Identifier: Apache-2.0
"""`wardkeep key`: which keys are in use, replacing them, and the root key on paper."""

import time
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from wardkeep.assembly.asking import asking
from wardkeep.assembly.ceremony import Paper, make_papers, recover_root_key
from wardkeep.assembly.checkup import (
    DATA_KEYS_ARE_BACK,
    data_keys_mend,
    key_is_back,
    key_mend,
)
from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.cli.terminal import (
    ask_operator,
    fail,
    installation,
    json_option,
    print_json,
)
from wardkeep.crypto.share_words import Share, ShareRefusedError, read_share
from wardkeep.disclosure.answers import Created, Done
from wardkeep.disclosure.keys import (
    LEDGER,
    LEVELS,
    ORGANISATION,
    PATIENT,
    ROOT,
    TOKENS,
    AskKeys,
    Keys,
    NoteSplit,
    ResumeRotation,
    RotateKey,
    RotationView,
)
from wardkeep.ledger.succession import KEYS_NAME
from wardkeep.warden.root_key import Place, kind_at
from wardkeep.warden.root_key_ring import read_record, write_record
from wardkeep.warden.root_keys import kinds, open_root_key

_LOOK_AGAIN_SECONDS = 0.5
_KEEPERS_WARNING = (
    "The old root key is destroyed once nothing is wrapped by it. Copies of the"
    " database from before then open only with it, and shares of it on paper open"
    " nothing else. Take a backup and split the new key afterwards, or use --keep-old."
    " Go on?"
)


@click.group()
def key() -> None:
    """See, replace, split and recover keys."""


@key.command()
@json_option
def status(*, as_json: bool) -> None:
    """Say which root key is in use, whether it answers, and how far rotations are.

    \b
    Example:
      wardkeep key status
    """
    found = ask_operator(AskKeys(), Keys)
    if as_json:
        print_json(msgspec.structs.asdict(found))
        return
    click.echo(f"Root key: {found.root_key}. {found.fault or 'It answers.'}")
    if found.older_root_key:
        click.echo(f"Until the rotation has ended, also: {found.older_root_key}")
    for slug in found.behind:
        click.echo(f"{DATA_KEYS_ARE_BACK.format(slug)} {data_keys_mend(slug)}")
    for slug, level in found.back:
        click.echo(f"{key_is_back(slug, level)} {key_mend(slug, level)}")
    for one in found.rotations:
        click.echo(_line(one))


def _line(one: RotationView) -> str:
    which = f"{one.level} {one.organisation} {one.patient}".strip()
    began = from_microseconds(one.began_at).astimezone(LONDON)
    of_all = f" of {one.total:,}" if one.total else ""
    how_far = "" if one.is_finished else f", {one.done:,}{of_all} read"
    words = "were nobody's of ours" if one.level == TOKENS else "open by no key"
    lost = f", {one.unreadable:,} {words}" if one.unreadable else ""
    return (
        f"{began:%Y-%m-%d %H:%M}  {which}: {one.state};"
        f" {one.rewrapped:,} wrapped anew{how_far}{lost}"
    )


@key.command()
@click.option("--level", required=True, type=click.Choice(LEVELS), help="Which key.")
@click.option("--organisation", default="", help="Whose, by its short name.")
@click.option("--patient", default="", help="Whose data keys, by the record's id.")
@click.option("--every-patient", is_flag=True, help="All data keys, one by one.")
@click.option("--to", default="", help="The new root key: file:NAME, pkcs11:…, …")
@click.option("--keep-old", is_flag=True, help="Leave the old root key where it is.")
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@click.option("--wait", is_flag=True, help="Wait until the old key is destroyed.")
@click.option(
    "--passphrase-fd",
    type=click.IntRange(min=0),
    help="A file descriptor that gives what the new root key asks for.",
)
def rotate(  # noqa: PLR0913 - what can be said of a rotation
    *,
    level: str,
    organisation: str,
    patient: str,
    every_patient: bool,
    to: str,
    keep_old: bool,
    yes: bool,
    wait: bool,
    passphrase_fd: int | None,
) -> None:
    """Replace a key while everything goes on.

    The warden does it, and goes on by itself after any interruption; Ctrl-C ends the
    showing alone.

    \b
    Example:
      wardkeep key rotate --level organisation --organisation fernhill
      wardkeep key rotate --level patient --organisation fernhill --patient 9d2f…
      wardkeep key rotate --level tokens --organisation fernhill
      wardkeep key rotate --level root --to passphrase:root-2.key
    """
    is_root = level == ROOT
    if (level in {ORGANISATION, PATIENT, TOKENS}) is not bool(organisation):
        fail("name --organisation for all keys but root and ledger, and only then.")
    if (level == PATIENT) is not (bool(patient) or every_patient):
        fail("say --patient ID or --every-patient with --level patient, and only then.")
    if patient and every_patient:
        fail("say either --patient or --every-patient.")
    if is_root and not (keep_old or yes):
        click.confirm(_KEEPERS_WARNING, abort=True)
    made = ask_operator(
        RotateKey(
            level=level,
            organisation=organisation,
            to=to,
            secret=_secret_for(to, passphrase_fd) if is_root else "",
            keeps_older=keep_old,
            patient=patient,
        ),
        Created,
    )
    if level == LEDGER:
        click.echo(f"The ledger is signed by {made.id} from now on. Hand that out.")
        click.echo(f"Witnesses: wardkeep witness follow < {_changes_of_key()}")
        return
    _show(made.id, is_to_the_end=wait)


def _changes_of_key() -> Path:
    _, layout = installation()
    return layout.ledger / KEYS_NAME


def _secret_for(to: str, descriptor: int | None) -> str:
    """What the new root key asks for; at a terminal it is typed twice."""
    settings, layout = installation()
    current = read_record(layout.warden, usual=settings.root_key).current
    kind, rest = kind_at(to or current, kinds())
    words = kind.asks(rest)
    if not words:
        return ""
    if descriptor is not None:
        return asking(descriptor)(words)
    typed: str = click.prompt(words, hide_input=True, confirmation_prompt=True)
    return typed


def _show(id_: str, *, is_to_the_end: bool) -> None:
    """Show a rotation until nothing is under the old key, or that is destroyed."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Wrapping anew", total=None)
        while True:
            found = ask_operator(AskKeys(), Keys)
            [one] = [each for each in found.rotations if each.id == id_]
            progress.update(task, completed=one.done, total=one.total or None)
            is_waiting = one.state.startswith("all wrapped")
            if one.is_finished or (is_waiting and not is_to_the_end):
                break
            progress.update(task, description=one.state.capitalize())
            time.sleep(_LOOK_AGAIN_SECONDS)
    click.echo(_line(one))
    if not one.is_finished:
        click.echo("The warden ends it by itself; see: wardkeep key status")


@key.command()
def resume() -> None:
    """Go on now with rotations that wait for something that was away.

    \b
    Example:
      wardkeep key resume
    """
    ask_operator(ResumeRotation(), Done)
    found = ask_operator(AskKeys(), Keys)
    under_way = [one for one in found.rotations if not one.is_finished]
    for one in under_way:
        click.echo(_line(one))
    if not under_way:
        click.echo("No rotation is under way.")


@key.command()
@click.option("--shares", required=True, type=click.IntRange(2, 16), help="How many.")
@click.option(
    "--threshold",
    required=True,
    type=click.IntRange(2, 16),
    help="How many of them give the key back.",
)
@click.option("--keeper", "keepers", multiple=True, help="A keeper's name; repeat it.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write one file a share there, in the place of showing them.",
)
def split(
    *, shares: int, threshold: int, keepers: tuple[str, ...], folder: Path | None
) -> None:
    """Put the root key on paper, in shares of which some together give it back.

    The ceremony is in docs/how-to/key-ceremony.md.

    \b
    Example:
      wardkeep key split --shares 5 --threshold 3
    """
    if threshold > shares or len(keepers) not in {0, shares}:
        fail("no more shares are needed than there are, and each has one keeper.")
    settings, layout = installation()
    record = read_record(layout.warden, usual=settings.root_key)
    root = open_root_key(record.current, Place(layout.warden, asking(None)))
    papers = make_papers(
        root, settings.public_origin, shares=shares, threshold=threshold, names=keepers
    )
    # First the ledger has it: who cannot write it down gets nothing.
    ask_operator(NoteSplit(shares, threshold), Done)
    if folder is not None:
        _write_papers(folder, papers)
        return
    for paper in papers:
        click.clear()
        click.pause(f"{paper.title}: the keeper alone at the screen, then any key …")
        click.echo(paper.text)
        click.pause("Written down and read back? Any key clears the screen …")
    click.clear()
    click.echo("Every share was shown once, and none of them was stored.")


def _write_papers(folder: Path, papers: list[Paper]) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for paper in papers:
        path = folder / paper.file_name
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(paper.text, encoding="utf-8")
        click.echo(str(path))
    click.echo("Print each one for its keeper, then destroy these files.")


@key.command()
def recover() -> None:
    """Bring the root key back from shares, which their keepers type one by one.

    The file of the root key must be gone; it is never written over.

    \b
    Example:
      wardkeep key recover
    """
    settings, layout = installation()
    record = read_record(layout.warden, usual=settings.root_key)
    shares: list[Share] = []
    while not shares or len(shares) < shares[0].threshold:
        words = click.prompt(f"Share {len(shares) + 1}, its words")
        click.clear()
        try:
            shares.append(_new_share(words, shares))
        except ShareRefusedError as error:
            click.echo(f"Not taken. {error}")
            continue
        left = shares[0].threshold - len(shares)
        click.echo(f"Taken. {left} more needed." if left else "Taken.")
    ask = _ask_twice if record.current.startswith("passphrase:") else asking(None)
    try:
        made = recover_root_key(record.current, Place(layout.warden, ask), shares)
    except ShareRefusedError as error:
        fail(str(error))
    click.echo(f"The root key is back: {made}. Start with: wardkeep serve")


def _ask_twice(words: str) -> str:
    typed: str = click.prompt(words, hide_input=True, confirmation_prompt=True)
    return typed


def _new_share(words: str, before: list[Share]) -> Share:
    """A further share, which belongs to those before.

    Raises:
        ShareRefusedError: it does not, or was given already.
    """
    found = read_share(words)
    if before and found.family != before[0].family:
        message = "It is of another splitting than the first one."
        raise ShareRefusedError(message)
    if any(found.index == one.index for one in before):
        message = "This share was given already."
        raise ShareRefusedError(message)
    return found


@key.command("use-older")
@click.argument("address")
def use_older(*, address: str) -> None:
    """Open a backup from before the root key was replaced, with the older key kept.

    Stop the warden first. At its next start it opens what either key wrapped, and wraps
    all of it by the one in use.

    \b
    Example:
      wardkeep key use-older file:root.key
    """
    settings, layout = installation()
    record = read_record(layout.warden, usual=settings.root_key)
    if record.older:
        fail(f"{record.older} is in use already, until its rotation has ended.")
    older = open_root_key(address, Place(layout.warden, asking(None)))
    write_record(
        layout.warden, msgspec.structs.replace(record, older=address, keeps_older=True)
    )
    click.echo(f"At the next start also {older.identity} is used.")
