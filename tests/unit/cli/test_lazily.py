# SPDX-License-Identifier: Apache-2.0
"""Commands that are imported when asked for, and listed by their own words."""

import subprocess
import sys
from importlib import import_module  # noqa: TID251 - by their names, as they stand

import click
import pytest

from wardkeep.cli import commands
from wardkeep.cli.endings import EXPECTED
from wardkeep.cli.lazily import LazyGroup


def groups() -> list[LazyGroup]:
    context = click.Context(commands)
    named = [
        commands.get_command(context, one) for one in commands.list_commands(context)
    ]
    assert isinstance(commands, LazyGroup)
    return [commands, *[one for one in named if isinstance(one, LazyGroup)]]


@pytest.mark.parametrize("group", groups(), ids=lambda one: str(one.name))
def test_what_is_listed_is_what_the_command_says_of_itself(group: LazyGroup) -> None:
    context = click.Context(group)
    for name, offer in group.offers.items():
        command = group.get_command(context, name)
        assert command is not None
        assert command.name == name
        shown = "" if command.hidden else command.get_short_help_str(limit=200)
        assert offer.words == shown


def test_a_command_that_there_is_not_is_said_so() -> None:
    assert commands.get_command(click.Context(commands), "no-such") is None


def test_errors_that_end_a_command_in_words_are_there_by_their_names() -> None:
    for name in EXPECTED:
        module, _, kind = name.rpartition(".")
        error = getattr(import_module(module), kind)
        assert issubclass(error, Exception)
        # By where it is defined: that is the name which it has when it is raised.
        assert f"{error.__module__}.{error.__qualname__}" == name


def test_a_process_imports_what_it_runs_and_little_else() -> None:
    """The web server's parent holds no page, and asking for help no part at all."""
    seen = "import sys; print(*[one for one in sys.modules if 'wardkeep.' in one])"
    for words, without in (
        ("cli.web", "wardkeep.fhir"),
        ("cli", "wardkeep.assembly.w"),
    ):
        code = f"import wardkeep.{words}; {seen}"
        ran = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        there = [one for one in ran.stdout.split() if one.startswith(without)]
        assert there == []
