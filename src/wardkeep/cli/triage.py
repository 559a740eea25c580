# SPDX-License-Identifier: Apache-2.0
"""`wardkeep triage`: what authors of triage content ask before anybody uses it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.cli.terminal import json_option, print_json
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.triage.checking import Checked, check_plan
from wardkeep.fhir.triage.library import NAMES, shipped

_PLAN, _ASKED = "PlanDefinition", "Questionnaire"


class _Checked(msgspec.Struct, frozen=True, kw_only=True):
    checked: tuple[Checked, ...]
    problems: tuple[Problem, ...]

    @property
    def count(self) -> int:
        return len(self.problems) + sum(len(one.problems) for one in self.checked)


@click.group()
def triage() -> None:
    """Decision support of urgent care: check its content."""


@triage.command("check")
@click.argument(
    "files",
    nargs=-1,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@json_option
def check(*, files: tuple[Path, ...], as_json: bool) -> None:
    """Check PlanDefinitions and their Questionnaires; run the examples of each rule.

    Each problem is told with its place and its mend. Without FILES it checks what comes
    with Wardkeep. Nothing is written, and nothing must be running. The exit code is 0
    where nothing is wrong, and 1 where something is.

    \b
    Example:
      wardkeep triage check chest.plan.json chest.questionnaire.json
    """
    found = _read(files) if files else _own()
    if as_json:
        print_json(found)
    else:
        _tell(found)
    sys.exit(1 if found.count else 0)


def _own() -> _Checked:
    pairs = [shipped(name) for name in NAMES]
    return _Checked(
        checked=tuple(check_plan(plan, [asked]) for plan, asked in pairs), problems=()
    )


def _read(files: tuple[Path, ...]) -> _Checked:
    problems: list[Problem] = []
    resources: list[Resource] = []
    for path in files:
        read = parse(path.read_bytes())
        if not isinstance(read, Resource):
            problems += [_at(path, one) for one in read]
        elif read.type not in (_PLAN, _ASKED):
            wrong = f"it is a {read.type}"
            mend = f"Give a {_PLAN} or a {_ASKED}."
            problems.append(Problem(place=str(path), wrong=wrong, mend=mend))
        else:
            resources.append(read)
    plans = [one for one in resources if one.type == _PLAN]
    others = [one for one in resources if one.type == _ASKED]
    if not plans and not problems:
        wrong = f"there is no {_PLAN} among the files"
        problems.append(Problem(place="files", wrong=wrong, mend="Give one."))
    others += [asked for _, asked in map(shipped, NAMES)]
    return _Checked(
        checked=tuple(check_plan(one, others) for one in plans),
        problems=tuple(problems),
    )


def _at(path: Path, problem: Problem) -> Problem:
    place = f"{path}: {problem.place}"
    return Problem(place=place, wrong=problem.wrong, mend=problem.mend)


def _tell(found: _Checked) -> None:
    for one in found.problems:
        click.echo(f"  {one}")
    for checked in found.checked:
        for line in _lines(checked):
            click.echo(line)
    count = found.count
    words = "1 problem" if count == 1 else f"{count:,} problems"
    click.echo("Nothing is wrong." if not count else f"{words}. Nothing was changed.")


def _lines(checked: Checked) -> Iterator[str]:
    yield checked.canonical
    if checked.rules:
        yield (
            f"  {checked.engine}: {checked.questions} questions, {checked.rules} rules"
            f" ({checked.red_flags} red flags), {checked.examples} examples run"
        )
    if checked.unchecked:
        yield (
            f"  {checked.unchecked} rules were not held against the original"
            " publication: each says what is missing (urn:wardkeep:triage:unchecked)"
        )
    for problem in checked.problems:
        yield f"  {problem}"
