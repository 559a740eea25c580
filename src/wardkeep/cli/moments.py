# SPDX-License-Identifier: Apache-2.0
"""A moment on the command line: a date, or a date and time, in London's time."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from wardkeep.base.clock import LONDON, microseconds_since_epoch

_Command = TypeVar("_Command", bound=Callable[..., Any])


def moment_option(
    option: str, name: str, *, words: str
) -> Callable[[_Command], _Command]:
    """An option that gives UTC microseconds since 1970; 0 where it is left out."""
    return click.option(option, name, callback=_moment, help=words)


def _moment(_context: click.Context, _option: click.Parameter, text: str | None) -> int:
    """UTC microseconds of `2022-08-02`, or `2022-08-02T14:00`, in London's time."""
    if not text:
        return 0
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no date; write 2026-11-24 or 2026-11-24T14:00"
        raise click.BadParameter(message) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=LONDON)
    return microseconds_since_epoch(found.astimezone(UTC))
