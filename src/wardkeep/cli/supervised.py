# SPDX-License-Identifier: Apache-2.0
"""What the commands of single processes share."""

from collections.abc import Callable
from typing import Any

import click

from wardkeep.assembly.parent import end_with_parent

Decorated = Callable[..., Any]


def supervised(function: Decorated) -> Decorated:
    """The hidden option by which a supervisor ties a process to its own life."""
    return click.option("--supervised-by", type=int, default=0, hidden=True)(function)


passphrase_option = click.option(
    "--passphrase-fd",
    type=click.IntRange(min=0),
    help="A file descriptor that gives what the root key asks for, a line each.",
)


def tie(supervised_by: int) -> None:
    """End with that process, where there is one."""
    if supervised_by:
        end_with_parent(supervised_by)
