# SPDX-License-Identifier: Apache-2.0
"""What drills found, for the terminal and for the pages that are generated from it."""

from collections.abc import Sequence

from wardkeep.assembly.drills.as_in_2022 import PEOPLE
from wardkeep.assembly.drills.result import PATIENTS, DrillResult, Step

THE_ATTACK = "2022"
_HOUR, _DAY = 3600.0, 86_400.0


def drills_text(results: Sequence[DrillResult]) -> str:
    """A line for each drill; of one that was of several steps a table above it."""
    return "\n".join("\n".join((*_steps_text(one), _line(one))) for one in results)


def _line(one: DrillResult) -> str:
    mark = "holds" if one.holds else "BROKEN"
    got = _got(one)
    return (
        f"  {mark:6} {one.scenario:22} {got}, promised at most {one.bound:,};"
        f" {one.tried:,} attempts in {_time(one.seconds)}\n"
        f"         they had {one.attacker}\n"
        f"         stopped by {one.stopped_by}"
    )


def _steps_text(one: DrillResult) -> list[str]:
    """What was tried in turn: then and here, where it was tried then."""
    if not one.steps:
        return []
    lines = ["", f"  {one.scenario}, step by step"]
    for number, step in enumerate(one.steps, start=1):
        lines.append(f"    {number}. {step.what}")
        if step.then:
            lines.append(f"       in August 2022: {step.then}")
        mark = "" if step.holds else "  BROKEN"
        lines.append(f"       here: {_here(step)}{mark}")
        lines.append(f"       stopped by {step.stopped_by}")
    return [*lines, ""]


def _here(step: Step) -> str:
    return f"{step.got:,} {step.unit} ({step.tried:,} tried)"


def _got(one: DrillResult) -> str:
    found = f"{one.reached:,} {one.counts}"
    if one.reached and one.fields:
        found += f", {one.fields:,} fields"
    if one.ways_in is not None:
        found += f", {one.ways_in:,} ways into homes"
    return found


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
A patient counts as reached when name and address were read in the clear, or the key of
what says them was given; fields are the values of these that it has.

## August 2022, step by step
"""
_SOURCES = """
Figures of 2022, as law firms and the trade press have them; the regulator's own notice
was not read for it:
[79,404 people](https://actnowtraining.blog/2025/03/27/3-million-fine-for-nhs-it-supplier);
[ways into 890 homes](https://thelens.slaughterandmay.com/post/102k7c5/ico-ransomware-fine-cut-from-6m-to-3-07m-for-nhs-saas-provider);
[16 customers whose records were taken](https://inquisitiveminds.bristows.com/post/102k8rt/ico-issues-its-first-ever-processor-fine-under-uk-gdpr);
[the way in, 19 GB, about 658 customers, nine months](https://alstonprivacy.com/ico-fine-ransomware-saas-advanced-health).
"""
_NOT_TRIED = """\
Not among them: an invitation that somebody opens while the process is taken over, which
it reads as well ([threat model](threat-model.md)).
"""
_COLUMNS = "| drill | the attacker had | got | promised | attempts | stopped by |"
_RULE = "| --- | --- | --- | --- | --- | --- |"
_TAIL = "Run them yourself: `wardkeep drill all`, or one by its name."


def drills_page(results: Sequence[DrillResult]) -> str:
    """docs/drills.md."""
    told = first_of_all(results)
    rows = [
        f"| `{one.scenario}` | {one.attacker} | {_got(one)} | {one.bound:,} at most |"
        f" {one.tried:,} in {_time(one.seconds)} | {one.stopped_by} |"
        for one in told
    ]
    return "\n".join(
        (
            *(_HEAD, comparison(results), "", *beside(results), _SOURCES),
            *("## Every drill", "", _COLUMNS, _RULE, *rows, ""),
            *_other_steps(told),
            *(_TAIL, ""),
        )
    )


def first_of_all(results: Sequence[DrillResult]) -> list[DrillResult]:
    """The attack that all this is about, then the others as they ran."""
    return sorted(results, key=lambda one: one.scenario != THE_ATTACK)


def comparison(results: Sequence[DrillResult]) -> str:
    """2022's figure beside ours."""
    ours = next(one for one in results if one.scenario == THE_ATTACK)
    patients = [one for one in results if one.counts == PATIENTS]
    most = max(patients, key=lambda one: one.reached)
    return (
        f"In August 2022 one password without a second factor gave {PEOPLE:,} people's"
        f" records. Here it gives {ours.steps[0].got:,} {ours.steps[0].unit};\nwith a"
        f" doctor's live session in its place the same steps gave {ours.reached:,}, and"
        f" the most that any drill got was {most.reached:,} (`{most.scenario}`)."
    )


def beside(results: Sequence[DrillResult]) -> list[str]:
    """2022 beside ours, step by step."""
    steps = next(one.steps for one in results if one.scenario == THE_ATTACK)
    return [
        "| they tried to | in August 2022 | here | stopped by |",
        "| --- | --- | --- | --- |",
        *(
            f"| {one.what} | {one.then} | {_here(one)} | {one.stopped_by} |"
            for one in steps
        ),
    ]


def _other_steps(results: Sequence[DrillResult]) -> list[str]:
    lines: list[str] = []
    for result in results:
        if not result.steps or result.scenario == THE_ATTACK:
            continue
        lines += [
            f"`{result.scenario}` tried besides to:",
            "",
            "| they tried to | got | stopped by |",
            "| --- | --- | --- |",
            *(
                f"| {one.what} | {_here(one)} | {one.stopped_by} |"
                for one in result.steps
            ),
            "",
            _NOT_TRIED,
        ]
    return lines


def drills_table(results: Sequence[DrillResult]) -> str:
    """The short tables of the README."""
    rows = [
        f"| `{one.scenario}` | {one.attacker} | {_got(one)} | {one.stopped_by} |"
        f" {_time(one.seconds)} |"
        for one in first_of_all(results)
    ]
    head = (
        "| `wardkeep drill` … | the attacker had | got | stopped by | in |",
        "| --- | --- | --- | --- | --- |",
    )
    return "\n".join((comparison(results), "", *beside(results), "", *head, *rows))
