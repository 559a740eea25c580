# SPDX-License-Identifier: Apache-2.0
"""What drills found, for the terminal and for the page that is generated from it."""

from collections.abc import Sequence

from wardkeep.assembly.drills.result import DrillResult

OF_2022 = 79_404
"""People whose records left in August 2022, by one password without a second factor."""
_HOUR, _DAY = 3600.0, 86_400.0


_CHANGES = {
    "ledger-edited",
    "ledger-rolled-back",
    "ledger-and-the-owner",
    "witness-offline",
}
_COPIES = {"database-dump", "backup-theft", "disk-theft"}


def drills_text(results: Sequence[DrillResult]) -> str:
    """A line for each drill."""
    return "\n".join(_line(one) for one in results)


def _line(one: DrillResult) -> str:
    mark = "holds" if one.holds else "BROKEN"
    got = _got(one)
    return (
        f"  {mark:6} {one.scenario:22} {got}, promised at most {one.bound:,};"
        f" {one.tried:,} attempts in {_time(one.seconds)}\n"
        f"         they had {one.attacker}\n"
        f"         stopped by {one.stopped_by}"
    )


def _got(one: DrillResult) -> str:
    if one.scenario in _CHANGES:
        return f"{one.reached:,} changes unnoticed"
    if one.scenario in _COPIES:
        return f"{one.fields:,} fields readable"
    if one.scenario == "ways-into-homes":
        return f"{one.reached:,} ways in"
    if one.ways_in is not None:
        return f"{one.reached:,} patients, {one.ways_in:,} ways into homes"
    return f"{one.reached:,} patients"


def _time(seconds: float) -> str:
    if seconds >= _DAY:
        return f"{seconds / _DAY:.0f} days"
    if seconds >= _HOUR:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds:.1f} s"


_HEAD = """# Drills: what attackers got

Written by `tools/write_drills.py`, which runs them; never typed. Each drill attacks a
whole installation of its own (database, warden, ledger, store) with 1,000 synthetic
patients in each of two organisations; what is promised does not grow with their number.
A patient counts as reached when name and address were read in the clear.
"""
_COLUMNS = "| drill | the attacker had | got | promised | attempts | stopped by |"
_RULE = "| --- | --- | --- | --- | --- | --- |"
_TAIL = "Run them yourself: `wardkeep drill all`, or one by its name."


def drills_page(results: Sequence[DrillResult]) -> str:
    """docs/drills.md."""
    rows = [
        f"| `{one.scenario}` | {one.attacker} | {_got(one)} | {one.bound:,} at most |"
        f" {one.tried:,} in {_time(one.seconds)} | {one.stopped_by} |"
        for one in results
    ]
    return "\n".join(
        (_HEAD, comparison(results), "", _COLUMNS, _RULE, *rows, "", _TAIL, "")
    )


def comparison(results: Sequence[DrillResult]) -> str:
    """2022's figure beside ours."""
    ours = next(one for one in results if one.scenario == "2022")
    most = max(results, key=lambda one: one.reached)
    return (
        f"In August 2022 one password without a second factor gave {OF_2022:,} people's"
        f" records. The same steps here\ngave {ours.reached:,}; the most that any drill"
        f" got was {most.reached:,} (`{most.scenario}`)."
    )


def drills_table(results: Sequence[DrillResult]) -> str:
    """The short table of the README."""
    rows = [f"| {one.attacker} | {_got(one)} | {one.stopped_by} |" for one in results]
    head = ("| the attacker had | got | stopped by |", "| --- | --- | --- |")
    return "\n".join((comparison(results), "", *head, *rows))
