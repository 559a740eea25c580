# SPDX-License-Identifier: Apache-2.0
"""A schedule as a resource and back; what entries make of it; what is taken back."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from wardkeep.care.chart import build_chart
from wardkeep.care.depots import depots_in
from wardkeep.care.writing import content_of, drafted
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.depots.dose import Dose, dose_content, dose_id, read_dose
from wardkeep.fhir.depots.schedule import (
    GIVEN,
    MISTAKE,
    NOT_DONE,
    PUT_OFF,
    STOPPED,
    STRUCK,
    Entry,
    Schedule,
    every_words,
    flag_content,
    read_schedule,
    schedule_content,
)
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.validation import check

NURSE = Person("Practitioner/n", "Nils Oak")
FIRST = date(2026, 12, 2)
NOW = datetime(2026, 12, 2, 10, 30, tzinfo=UTC)
Json = dict[str, Any]


def schedule(*entries: Entry, **more: Any) -> Schedule:
    fields: Json = {
        "id": "d1",
        "patient": "p1",
        "medicine": "Paliperidone palmitate injection",
        "code": "78421000",
        "dose": Decimal("37.50"),
        "unit": "mg",
        "route": "im",
        "every": 28,
        "early": 2,
        "late": 3,
        "counts": "due",
        "first": FIRST,
        "place": Person("Location/clinic", "Depot clinic"),
        "prescriber": "Dr Fictional",
        "began": NOW,
        "author": Person("", "Nils Oak"),
        "entries": entries,
    }
    return Schedule(**(fields | more))


def entry(kind: str, nth: int = 1, **more: Any) -> Entry:
    at = NOW + timedelta(days=nth)
    fields: Json = {"id": f"e{nth}", "kind": kind, "at": at, "recorded": at}
    return Entry(**(fields | {"by": NURSE} | more))


def stored(one: Schedule) -> Json:
    """As the store has it: a draft that the validator finds nothing wrong with."""
    made = drafted(schedule_content(one))
    assert check(made.resource) == ()
    return content_of(made.resource.compact)


def test_a_schedule_comes_back_as_it_was_written() -> None:
    one = schedule(
        entry(GIVEN, 1, due=FIRST, to=date(2026, 12, 30), side="left"),
        entry(PUT_OFF, 2, to=date(2027, 1, 3), words="Away", who="Dr Fictional"),
        entry(STRUCK, 3, about="e2", words="Came back"),
    )
    assert read_schedule(stored(one)) == one
    assert stored(one)["dosageInstruction"][0]["text"] == (
        "37.50 mg into a muscle (IM), every 28 days (4 weeks)"
    )


def test_what_other_software_wrote_beside_stays() -> None:
    theirs = {"url": "https://example.org/theirs", "valueString": "kept"}
    before = stored(schedule()) | {"note": [{"text": "Theirs"}]}
    before["extension"] = [*before["extension"], theirs]
    longer = schedule(entry(PUT_OFF, 1, to=date(2027, 1, 3)))
    made = schedule_content(longer, over=before)
    assert made["note"] == [{"text": "Theirs"}]
    assert made["extension"].count(theirs) == 1
    assert read_schedule(content_of(drafted(made).resource.compact)) == longer
    assert check(drafted(made).resource) == ()


def test_what_is_due_follows_from_the_last_entry_that_holds() -> None:
    given = entry(GIVEN, 1, due=FIRST, to=date(2026, 12, 30), side="left")
    later = entry(PUT_OFF, 2, to=date(2027, 1, 3))
    assert schedule().due == FIRST
    assert schedule(given).due == date(2026, 12, 30)
    assert schedule(given, entry(NOT_DONE, 3)).due == date(2026, 12, 30)
    assert schedule(given, later).due == date(2027, 1, 3)
    # Taken back, the one before holds again; an older one taken back moves nothing
    assert schedule(given, later, entry(STRUCK, 3, about="e2")).due == (
        date(2026, 12, 30)
    )
    assert schedule(given, later, entry(STRUCK, 3, about="e1")).due == (
        date(2027, 1, 3)
    )
    assert schedule(given, entry(STRUCK, 2, about="e1")).due == FIRST
    assert schedule(given, entry(STRUCK, 2, about="e1")).last_given is None


def test_the_last_side_is_that_of_the_last_dose_by_its_own_time() -> None:
    newest = entry(GIVEN, 9, side="right")
    written_late = entry(GIVEN, 2, side="left")
    last = schedule(newest, written_late).last_given
    assert last is not None
    assert last.side == "right"


def test_stopped_it_ends_and_taken_back_it_goes_on() -> None:
    stop = entry(STOPPED, 1, words="Changed to tablets")
    assert stored(schedule(stop))["status"] == "stopped"
    on = schedule(stop, entry(STRUCK, 2, about="e1", words="The wrong patient"))
    assert stored(on)["status"] == "active"
    read = read_schedule(stored(on))
    assert read is not None
    assert read.ended is None
    wrong = schedule(entry(MISTAKE, 1, words="Never prescribed"))
    assert stored(wrong)["status"] == "entered-in-error"
    assert read_schedule(stored(wrong)) == wrong


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("stopped", STOPPED),
        ("completed", STOPPED),
        ("cancelled", STOPPED),
        ("entered-in-error", MISTAKE),
        ("on-hold", None),
    ],
)
def test_what_other_software_ends_is_ended(status: str, kind: str | None) -> None:
    read = read_schedule(stored(schedule()) | {"status": status})
    assert read is not None
    assert (None if read.ended is None else read.ended.kind) == kind


@pytest.mark.parametrize(
    "harm",
    [
        {"medicationCodeableConcept": {"text": "Paracetamol"}},
        {"dosageInstruction": []},
        {"authoredOn": "2026-12-02"},
        {"extension": []},
    ],
)
def test_what_is_no_schedule_is_none(harm: Json) -> None:
    assert read_schedule(stored(schedule()) | harm) is None


@pytest.mark.parametrize("period", [0, 28.5, "28", True, 400])
def test_an_interval_that_is_no_number_of_days_makes_none(period: object) -> None:
    content = stored(schedule())
    content["dosageInstruction"][0]["timing"]["repeat"]["period"] = period
    assert read_schedule(content) is None


def test_the_flag_begins_when_the_window_is_over_and_ends_with_the_schedule() -> None:
    flag = flag_content(schedule(), now=NOW)
    assert flag["period"] == {"start": "2026-12-06T00:00:00+00:00"}
    assert flag["code"]["text"] == (
        "Depot overdue: Paliperidone palmitate injection, was due 2 December 2026"
    )
    over = flag_content(schedule(entry(STOPPED)), now=NOW)
    assert (over["status"], over["period"]) == (
        "inactive",
        {"start": "2026-12-02T10:30:00+00:00", "end": "2026-12-02T10:30:00+00:00"},
    )
    assert flag_content(schedule(entry(MISTAKE)), now=NOW)["status"] == (
        "entered-in-error"
    )
    assert check(drafted(flag).resource) == ()


def test_an_alert_that_has_not_begun_is_none_yet() -> None:
    text = msgspec.json.encode(flag_content(schedule(), now=NOW))
    [alert] = build_chart([("Flag", "f", text)]).alerts
    assert not alert.has_begun(datetime(2026, 12, 5, 23, 59, tzinfo=UTC))
    assert alert.has_begun(datetime(2026, 12, 6, tzinfo=UTC))


def test_a_dose_comes_back_as_it_was_written() -> None:
    one = schedule()
    dose = Dose(
        entry="e1",
        at=NOW,
        by=NURSE,
        dose=Decimal("37.50"),
        unit="mg",
        site="deltoid",
        side="left",
        batch="B1",
        expires="2028-08",
        why="Agreed by Dr Fictional",
        seen="Well",
    )
    made = drafted(dose_content(dose, one))
    assert check(made.resource) == ()
    content = content_of(made.resource.compact)
    assert read_dose(content) == ("d1", dose)
    assert content["id"] == dose_id("d1", "e1")
    assert dose.where == "Left upper arm (deltoid)"
    assert "37.50" in made.resource.compact.decode()


def test_what_was_not_given_has_a_reason_and_no_dose() -> None:
    tried = Dose(
        entry="e1", at=NOW, by=NURSE, status="not-done", reason="declined", seen="Rang"
    )
    made = drafted(dose_content(tried, schedule()))
    assert check(made.resource) == ()
    content = content_of(made.resource.compact)
    assert read_dose(content) == ("d1", tried)
    assert "dosage" not in content
    assert not tried.is_given
    assert read_dose({"request": {"reference": "MedicationRequest/x"}}) is None


def test_a_records_page_has_those_that_go_on_the_soonest_first() -> None:
    def opened(one: Schedule) -> OpenedResource:
        return OpenedResource(
            type="MedicationRequest",
            id=one.id,
            version=1,
            patient="p1",
            tier=Tier.RECORD,
            clinical_at=None,
            last_updated=NOW,
            text=drafted(schedule_content(one)).resource.compact,
        )

    found = depots_in(
        [
            opened(schedule(id="later", first=date(2026, 12, 9))),
            opened(schedule(id="sooner")),
            opened(schedule(entry(STOPPED), id="over")),
        ],
        date(2026, 12, 6),
    )
    assert [(one.id, one.tag) for one in found] == [
        ("sooner", "Overdue"),
        ("later", ""),
    ]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (1, "every day"),
        (7, "every 7 days (1 week)"),
        (14, "every 14 days (2 weeks)"),
        (30, "every 30 days"),
    ],
)
def test_an_interval_is_told_in_weeks_where_it_is_whole_ones(
    days: int, words: str
) -> None:
    assert every_words(days) == words
