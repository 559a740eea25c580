# SPDX-License-Identifier: Apache-2.0
"""Adding many people from a list: read line by line, shown before anything happens.

Comma-separated values (RFC 4180), or what a spreadsheet puts on the clipboard (tabs).
The first line may name the columns: name, role, until (a date as 2026-12-31), team.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date

import msgspec
from starlette.responses import Response

from wardkeep.apps.people.adding import ROLES, end_of_day, is_to_come, teams_of
from wardkeep.apps.people.overview import MANAGERS
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.people import MOST_PEOPLE, AddPeople, NewPerson
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

COLUMNS = ("name", "role", "until", "team")
LONGEST_LIST = 100_000
LONGEST_NAME = 120


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list, as it was read."""

    number: int
    cells: tuple[str, str, str, str]
    person: NewPerson | None
    wrong: str
    """What is wrong with it and how to mend it; empty where nothing is."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What lines are read against."""

    teams: Mapping[str, str]
    """Ids by the name in small letters."""
    today: date


def read_list(text: str, reading: Reading) -> list[Line]:
    """Every line that says something; a heading is left out."""
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    rows = csv.reader(io.StringIO(text.strip("\ufeff\r\n")), delimiter=delimiter)
    lines = []
    seen: set[str] = set()
    for number, row in enumerate(_readable(rows), start=1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and cells[0].lower() == COLUMNS[0]):
            continue
        line = _read(number, cells, reading)
        name = line.cells[0].lower()
        if not line.wrong and name in seen:
            wrong = "This name stands on an earlier line too. Leave one of them out."
            line = msgspec.structs.replace(line, person=None, wrong=wrong)
        seen.add(name)
        lines.append(line)
    return lines


def _readable(rows: Iterable[list[str]]) -> Iterable[list[str]]:
    """Rows until one cannot be read: that becomes a row that is told to be wrong."""
    try:
        yield from rows
    except csv.Error:
        yield ["", "", "", "", "this line cannot be read"]


def _read(number: int, cells: list[str], reading: Reading) -> Line:
    name, role, until, team = (*cells, "", "", "", "")[: len(COLUMNS)]
    known = {words.lower(): value for value, words in ROLES.items()}
    value = known.get(role.lower(), role.lower().replace(" ", "_"))
    end = _end(until, reading.today)
    team_id = reading.teams.get(team.lower()) if team else ""
    wrong = ""
    if len(cells) > len(COLUMNS):
        wrong = "It has more than four parts. Put quotes around a name with a comma."
    elif not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        wrong = "The name is missing or too long."
    elif value not in ROLES:
        wrong = f"“{role[:40]}” is no role. Choose one of those listed below."
    elif end is None:
        wrong = (
            f"“{until[:20]}” is no day of the next five years. Write it as 2026-12-31."
        )
    elif team_id is None:
        wrong = f"There is no team “{team[:40]}”. Set it up first, or leave it out."
    person = None
    if not wrong:
        person = NewPerson(name, value, end or 0, team_id or "")
    return Line(
        number=number, cells=(name, role, until, team), person=person, wrong=wrong
    )


def _end(text: str, today: date) -> int | None:
    """The end of that day; 0 where there is none, None where it is no day to come."""
    if not text:
        return 0
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return end_of_day(day) if is_to_come(day, today) else None


@page("/people/import", gate=MANAGERS)
async def show_import(visit: Visit) -> Response:
    return _show(visit, Form({}), [])


def _show(visit: Visit, form: Form, lines: list[Line]) -> Response:
    problems = tuple(form.problems.values())
    return visit.render(
        "people/import.html",
        status=422 if problems else 200,
        problems=problems,
        text=form.values.get("list", ""),
        lines=lines,
        wrong=[one for one in lines if one.wrong],
        roles=tuple(ROLES.values()),
        most=MOST_PEOPLE,
    )


@page("/people/import", gate=MANAGERS, methods=("POST",))
async def import_people(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    teams = await teams_of(visit)
    if isinstance(teams, Refusal):
        return visit.refuse(teams)
    text = form.text("list", called="the list", at_most=LONGEST_LIST)
    reading = Reading(
        teams={one.name.lower(): one.id for one in teams},
        today=visit.today,
    )
    lines = read_list(text, reading)
    _judge(form, lines)
    people = tuple(one.person for one in lines if one.person is not None)
    if form.problems:
        return _show(visit, form, lines)
    return await ask_to_confirm(
        visit,
        AddPeople(people),
        back="/people/import",
        after="/people?standing=without-passkey&said=added",
        button=f"Add these {len(people)} with my passkey",
    )


def _judge(form: Form, lines: list[Line]) -> None:
    if "list" in form.problems:
        return
    wrong = sum(1 for one in lines if one.wrong)
    if not lines:
        form.reject("list", wrong="the list has no lines", mend="Paste some.")
    elif len(lines) > MOST_PEOPLE:
        mend = f"Add {MOST_PEOPLE} at a time."
        form.reject("list", wrong=f"the list has {len(lines)} lines", mend=mend)
    elif wrong:
        told = "1 line is wrong" if wrong == 1 else f"{wrong} lines are wrong"
        form.reject("list", wrong=told, mend="Nobody was added. Correct the list.")
