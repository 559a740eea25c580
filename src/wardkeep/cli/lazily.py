# SPDX-License-Identifier: Apache-2.0
"""A group whose commands are imported when they are asked for, one at a time.

Every process of `wardkeep serve` is a command. Imported together they cost each of
them a second of computing before its first line; alone, what it runs itself.
"""

from importlib import import_module  # noqa: TID251 - of this package alone: no layer is passed by
from typing import NamedTuple

import click


class Offer(NamedTuple):
    """A command that is not imported yet."""

    place: str
    """`module:name` of the command, the module one of this package."""
    words: str
    """What it says of itself where commands are listed; none, and it is not listed."""


class LazyGroup(click.Group):
    """A group over offers, beside what is added to it as to any other."""

    def __init__(self, *, offers: dict[str, Offer], **as_ever: object) -> None:
        super().__init__(**as_ever)  # type: ignore[arg-type]
        self.offers = offers

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *self.offers]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        offer = self.offers.get(cmd_name)
        if offer is None:
            return super().get_command(ctx, cmd_name)
        module, _, name = offer.place.partition(":")
        command: click.Command = getattr(import_module(f"wardkeep.cli.{module}"), name)
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List them in the order of the table and by its words, importing none."""
        own = super().list_commands(ctx)
        rows = [(name, self.commands[name].get_short_help_str(80)) for name in own]
        rows += [(name, one.words) for name, one in self.offers.items() if one.words]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
