# SPDX-License-Identifier: Apache-2.0
"""`wardkeep demo`: everything set up with fictional people, on one command."""

import contextlib
import os
import shutil

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from wardkeep.assembly.demonstration import Person, make_demonstration
from wardkeep.assembly.layout import Layout
from wardkeep.assembly.serving import everything_running
from wardkeep.assembly.supervisor import until_told_to_stop
from wardkeep.assembly.synthetic_neighbours import REPEAT_CALLERS
from wardkeep.assembly.synthetic_telephone import FILE as TELEPHONE
from wardkeep.base.settings import PREFIX, Settings
from wardkeep.cli.terminal import fail, installation

_NO_AUTHENTICATOR = """
No passkey on this computer? Chromium can pretend to have one: open the developer
tools (F12), choose More tools > WebAuthn, tick "Enable virtual authenticator
environment" and add an authenticator: protocol ctap2, transport internal, with
resident keys and user verification. Keep the tools open while you sign in.
"""


@click.command()
@click.option("--reset", is_flag=True, help="Forget the demonstration's data first.")
def demo(*, reset: bool) -> None:
    """Set up a demonstration with fictional people and serve it until Ctrl-C.

    \b
    Example:
      wardkeep demo
      wardkeep demo --reset
    """
    os.environ[f"{PREFIX}DEMO"] = "yes"
    settings, layout = installation()
    if not settings.pds and f"{PREFIX}PDS" not in os.environ:
        # The synthetic national index listens beside the pages.
        near = f"http://127.0.0.1:{settings.port + 1}"
        os.environ[f"{PREFIX}PDS"] = near
        os.environ.setdefault(f"{PREFIX}REPEAT_CALLERS", f"{near}{REPEAT_CALLERS}")
        settings, layout = installation()
    if reset:
        _forget(layout)
        return
    with (
        until_told_to_stop(click.echo),
        everything_running(settings, layout, say=click.echo) as supervisor,
    ):
        people = _make(settings, layout)
        _greet(settings, people)
        supervisor.watch()


def _make(settings: Settings, layout: Layout) -> list[Person]:
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        task = progress.add_task("Loading patients", total=None)

        def show(*, done: int, total: int, rate: float) -> None:
            del rate
            progress.update(task, completed=done, total=total)

        return make_demonstration(settings, layout, say=click.echo, show=show)


def _greet(settings: Settings, people: list[Person]) -> None:
    click.echo(f"\nWardkeep is ready: {settings.public_origin}\n")
    organisation = ""
    for person in people:
        if person.organisation != organisation:
            organisation = person.organisation
            click.echo(organisation)
        link = person.link or "has a passkey already: just sign in"
        click.echo(f"  {person.role:22} {person.name:26} {link}")
    click.echo(_NO_AUTHENTICATOR)
    click.echo("What there is to try: docs/how-to, under “In the demonstration”.")
    click.echo("Stop with Ctrl-C; everything is kept. Start afresh: make reset-demo")


def _forget(layout: Layout) -> None:
    if layout.operator_socket.is_socket():
        fail("the demonstration is running; stop it first with Ctrl-C.")
    if not layout.data.exists():
        click.echo("There is nothing to forget.")
        return
    keys = layout.data / "partners"
    for folder in (
        layout.database,
        layout.warden,
        layout.run,
        layout.log,
        keys,
    ):
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)
    for name in ("demonstration", TELEPHONE):
        (layout.data / name).unlink(missing_ok=True)
    click.echo("Forgotten. The next start makes everything anew.")
