# SPDX-License-Identifier: Apache-2.0
"""The reckoning that drills and benchmarks of urgent care rest on finds each fault."""

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import given, strategies as st

from support.urgent_book import (
    Book,
    Call,
    Found,
    SoFar,
    reckon,
    so_far,
    told_in,
)
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Kind

CODES = st.sampled_from(sorted(DISPOSITIONS))
OVER = st.sampled_from([one.code for one in DISPOSITIONS.values() if not one.waits])
Row = dict[str, Any]


class Day:
    """What happened, once in the book and once in the database, and both are right."""

    def __init__(self, calls: list[tuple[bool, str, list[str], str]]) -> None:
        self.book = Book()
        self.rows: dict[str, Row] = {}
        self.entries: dict[str, Row] = {}
        self.versions: dict[str, dict[str, int]] = {
            "Encounter": {},
            "Task": {},
            "ServiceRequest": {},
        }
        self.prescriptions: dict[str, tuple[str, int]] = {}
        for nth, (is_here, first, moves, last) in enumerate(calls):
            self._call(str(nth), first, [*moves, last], is_here=is_here)

    def _call(
        self, nth: str, first: str, comes_to: list[str], *, is_here: bool
    ) -> None:
        case = f"case-{nth}"
        begun = f"begun-{nth}" if is_here else case
        call = Call(placeholder=begun, case=case, patient=nth, disposition=first)
        call.versions = 2 if is_here else 0
        self.book.answered(call)
        if is_here:
            self.rows[begun] = {"patient": f"nobody-{nth}", "state": "mistake"}
        self.rows[case] = {"patient": nth, "state": "closed"}
        self.versions["Encounter"][case] = 2
        self._outcome()
        code = first
        for place, after in enumerate(comes_to):
            if not DISPOSITIONS[code].waits:
                return
            self._place(f"{case}-{place}", case, code, after)
            code = after
            if not DISPOSITIONS[code].waits:
                self.versions["Encounter"][case] += 1

    def _outcome(self) -> None:
        made = self.versions["ServiceRequest"]
        made[f"outcome-{len(made)}"] = 1

    def _place(self, entry: str, case: str, code: str, after: str) -> None:
        is_ambulance = DISPOSITIONS[code].kind is Kind.AMBULANCE
        self.entries[entry] = {
            "case_key": f"Encounter/{case}",
            "is_open": False,
            "state": "done",
            "held": False,
            "asked": is_ambulance,
            "acknowledged": is_ambulance,
            "called_off": False,
        }
        self.book.taken(entry)
        self.book.places[entry].version = self.versions["Task"][entry] = 4
        self.book.ended[entry].append(after)
        self._outcome()
        self.book.prescribed[f"rx-{entry}"] = case
        self.prescriptions[f"rx-{entry}"] = (case, 1)

    @property
    def wrong(self) -> list[str]:
        return reckon(self.book, self.found)

    @property
    def found(self) -> Found:
        return Found(self.rows, self.entries, self.versions, self.prescriptions)


def _stuck(rows: Mapping[str, Row], **fault: object) -> Callable[[], None]:
    return lambda: next(iter(rows.values())).update(fault)


def faults(day: Day) -> dict[str, Callable[[], object]]:
    """What can be wrong with this day."""
    here, book = day.entries, day.book
    found: dict[str, Callable[[], object]] = {
        "a call is lost": lambda: day.rows.pop(book.calls[0].case),
        "a call is nobody's": lambda: day.rows.update(
            {"more": {"patient": "0", "state": "open"}}
        ),
        "a call is another patient's": lambda: day.rows[book.calls[0].case].update(
            {"patient": "other"}
        ),
        "a call is open": lambda: day.rows[book.calls[0].case].update(
            {"state": "open"}
        ),
        "an outcome is lost": day.versions["ServiceRequest"].popitem,
        "a prescription is nobody's": lambda: day.prescriptions.update(
            {"more": ("0", 1)}
        ),
        "somebody was told of trouble": lambda: book.trouble("Trouble"),
    }
    if here:
        entry = next(iter(here))
        written = f"rx-{entry}"
        found |= {
            "a prescription is lost": lambda: day.prescriptions.pop(written),
            "a prescription is another patient's": lambda: day.prescriptions.update(
                {written: ("other", 1)}
            ),
            "a prescription was written twice": lambda: day.prescriptions.update(
                {written: (book.prescribed[written], 2)}
            ),
            "a place is lost": lambda: here.pop(entry),
            "a place is there twice": lambda: here.update({"more": here[entry]}),
            "a place is open": _stuck(here, is_open=True),
            "a place is held": _stuck(here, held=True),
            "two took one": lambda: book.taken(entry),
            "a step is lost": lambda: day.versions["Task"].update({entry: 3}),
            "a step was done twice": lambda: day.versions["Task"].update({entry: 5}),
            "an end was done twice": lambda: book.ended[entry].append("self-care"),
            "an ambulance is asked for by nobody": _stuck(
                here, asked=not here[entry]["asked"]
            ),
        }
        if here[entry]["asked"]:
            found["an ambulance is not acknowledged"] = _stuck(here, acknowledged=False)
    return found


CALLS = st.tuples(st.booleans(), CODES, st.lists(CODES, max_size=2), OVER)


@given(st.lists(CALLS, min_size=1, max_size=6), st.data())
def test_a_day_that_is_right_is_and_each_fault_is_found(
    calls: list[tuple[bool, str, list[str], str]], data: st.DataObject
) -> None:
    day = Day(calls)
    assert day.wrong == []
    possible = faults(day)
    name = data.draw(st.sampled_from(sorted(possible)))
    possible[name]()
    assert day.wrong != [], name


def _stands(day: Day, before: Found | None = None) -> SoFar:
    return so_far(told_in(day.book), day.found, before)


def test_so_far_a_day_that_goes_on_is_right() -> None:
    day = Day([(True, "ambulance-2", ["clinician-1h"], "self-care")])
    # Begun and not told of yet: whoever answers it is between the act and its answer.
    day.rows["begun"] = {"patient": "somebody", "state": "open"}
    day.prescriptions["just now"] = ("somebody", 1)
    first = next(iter(day.entries.values()))
    first.update(acknowledged=False)
    day.entries["waits"] = first | {"is_open": True, "asked": False}
    assert _stands(day) == SoFar(lost=0, doubled=0, stuck=0, waiting=1)


def test_so_far_what_is_wrong_is_told_before_the_day_is_over() -> None:
    day = Day([(False, "ambulance-2", [], "self-care"), (False, "self-care", [], "")])
    day.rows["more"] = {"patient": "somebody", "state": "open"}
    next(iter(day.entries.values())).update(acknowledged=False)
    before = day.found._replace(calls=dict(day.rows))
    day.rows.pop(day.book.calls[1].case)
    assert _stands(day, before) == SoFar(lost=1, doubled=1, stuck=1, waiting=0)
    day.prescriptions["more"] = ("somebody", 1)
    assert _stands(day, before) == SoFar(lost=1, doubled=2, stuck=1, waiting=0)
    written, _ = day.prescriptions.popitem()
    day.prescriptions.pop(next(iter(day.book.prescribed)))
    assert written == "more"
    assert _stands(day, before) == SoFar(lost=2, doubled=1, stuck=1, waiting=0)
    day.book.prescribed.clear()
    next(iter(day.entries.values())).update(is_open=True, acknowledged=True)
    day.book.trouble("Trouble")
    assert _stands(day, before) == SoFar(lost=2, doubled=1, stuck=1, waiting=1)
