# SPDX-License-Identifier: Apache-2.0
"""What the commands share: asking the warden, and printing for people or programs."""

import asyncio
import sys
from typing import NoReturn, TypeVar

import click
import msgspec

from wardkeep.assembly.configuration import load_settings
from wardkeep.assembly.layout import Layout
from wardkeep.base.settings import Settings
from wardkeep.disclosure.answers import Answer, Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import Question

A = TypeVar("A", bound=Answer)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, for a program to read."
)


def installation() -> tuple[Settings, Layout]:
    """The settings and the folders of this installation."""
    settings = load_settings()
    return settings, Layout.of(settings)


def ask_operator(question: Question, answer: type[A]) -> A:
    """Ask the running warden on the operator's socket; a refusal ends the command."""

    async def ask() -> A | Refusal:
        _, layout = installation()
        client = WardenClient(layout.operator_socket, asker="cli")
        try:
            return await client.ask(question, answer)
        finally:
            await client.close()

    given = asyncio.run(ask())
    if isinstance(given, Refusal):
        fail(f"{given.why} {given.mend}")
    return given


def fail(words: str) -> NoReturn:
    """End with exit code 1 and words on standard error."""
    click.echo(f"wardkeep: {words}", err=True)
    sys.exit(1)


def print_json(value: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
