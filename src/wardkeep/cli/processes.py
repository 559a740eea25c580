# SPDX-License-Identifier: Apache-2.0
"""`wardkeep serve`, `web`, `warden`, `worker`: the processes, together or alone."""

from collections.abc import Callable
from typing import Any

import click

from wardkeep.assembly.asking import asking, asking_supervisor
from wardkeep.assembly.parent import end_with_parent
from wardkeep.assembly.serving import serve_everything
from wardkeep.assembly.synthetic_pds import run_synthetic_pds
from wardkeep.assembly.warden_process import run_warden
from wardkeep.assembly.web_process import run_web
from wardkeep.assembly.worker_process import run_worker_process
from wardkeep.cli.terminal import installation

Decorated = Callable[..., Any]


def supervised(function: Decorated) -> Decorated:
    """The hidden option by which a supervisor ties a process to its own life."""
    return click.option("--supervised-by", type=int, default=0, hidden=True)(function)


passphrase_option = click.option(
    "--passphrase-fd",
    type=click.IntRange(min=0),
    help="A file descriptor that gives what the root key asks for, a line each.",
)


def _tie(supervised_by: int) -> None:
    if supervised_by:
        end_with_parent(supervised_by)


@click.command()
@passphrase_option
def serve(*, passphrase_fd: int | None) -> None:
    """Run every process, supervised, until Ctrl-C.

    A process that dies is started again, and that is said. With no
    WARDKEEP_DATABASE_URL the embedded PostgreSQL runs too.

    \b
    Example:
      wardkeep serve
    """
    settings, layout = installation()
    ask = asking(passphrase_fd)
    serve_everything(settings, layout, say=click.echo, ask=ask)


@click.command()
@supervised
def web(*, supervised_by: int) -> None:
    """Run the web process alone, as in production under its own OS user.

    \b
    Example:
      wardkeep web
    """
    _tie(supervised_by)
    run_web(*installation())


@click.command()
@supervised
@passphrase_option
def warden(*, supervised_by: int, passphrase_fd: int | None) -> None:
    """Run the warden alone, as in production under its own OS user.

    A root key that asks for a passphrase or PIN is given it by the systemd credential
    `wardkeep-root-key`, by --passphrase-fd, or at the terminal; never by an argument
    or the environment.

    \b
    Example:
      wardkeep warden
    """
    _tie(supervised_by)
    settings, layout = installation()
    ask = (
        asking_supervisor(passphrase_fd)
        if supervised_by and passphrase_fd is not None
        else asking(passphrase_fd)
    )
    run_warden(settings, layout, ask=ask)


@click.command()
@supervised
def worker(*, supervised_by: int) -> None:
    """Run the worker alone, as in production under its own OS user.

    \b
    Example:
      wardkeep worker
    """
    _tie(supervised_by)
    run_worker_process(*installation())


@click.command(name="synthetic-pds", hidden=True)
@supervised
def synthetic_pds(*, supervised_by: int) -> None:
    """Run what stands for the national index in a demonstration.

    \b
    Example:
      WARDKEEP_PDS=http://127.0.0.1:8112 wardkeep synthetic-pds
    """
    _tie(supervised_by)
    settings, _ = installation()
    run_synthetic_pds(settings.pds)
