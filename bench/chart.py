# SPDX-License-Identifier: Apache-2.0
"""The chart of a record with 5,000 entries, section by section, and a caseload of 40.

Pages are asked for over HTTP, one after the other, through every guard: session, door,
ledger, database; some of them in a real browser on a slow network and machine. The
record is made here: 16 years of observations, reports, stays.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from bench._stack import Stack, Visitor, stack
from bench._throttled import visited
from bench.records import waits
from wardkeep.base.clock import SystemClock
from wardkeep.base.nhs_number import SYSTEM
from wardkeep.care.risk import review_request
from wardkeep.care.writing import drafted
from wardkeep.fhir.depots.schedule import Schedule, schedule_content
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.plans.kinds import RISK
from wardkeep.fhir.plans.plan import Plan, plan_resource

ORGANISATION, LONG = "bench", "long-record"
ENTRIES, CASELOAD = 5_000, 40
PAGES = 60
NUMBER = "9990000018"
SECTIONS = (
    *("", "/problems", "/medicines", "/allergies", "/observations", "/results"),
    *("/results/series/8867-4", "/growth", "/visits", "/documents", "/timeline"),
)
IN_A_BROWSER = ("", "/results", "/observations", "/timeline")
_VITALS = (
    ("9279-1", "Respiration rate", "/min", 16),
    ("59408-5", "Oxygen saturation", "%", 97),
    ("3151-8", "Oxygen flow", "L/min", 0),
    ("8867-4", "Pulse", "/min", 72),
    ("8310-5", "Temperature", "Cel", 37),
    ("29463-7", "Weight", "kg", 80),
)
Json = dict[str, object]


def run() -> dict[str, float]:
    with stack() as made:
        made.await_ready()
        made.found(ORGANISATION)
        with tempfile.TemporaryDirectory(prefix="wardkeep-bench-") as folder:
            write_records(Path(folder), SystemClock().now())
            made.command("import", folder, "--organisation", ORGANISATION)
        people = [LONG, *(f"ward-{n}" for n in range(CASELOAD - 1))]
        token = made.sign_in(ORGANISATION, people)
        return _pages(made, token)


def _pages(made: Stack, token: str) -> dict[str, float]:
    browser = Visitor(made.port, token)
    figures: dict[str, float] = {"entries in the record": ENTRIES}
    for section in SECTIONS:
        place = f"/patients/{LONG}{section}"
        page = browser.get(place)
        name = section.removeprefix("/") or "summary"
        figures[f"{name}, kB"] = len(page) / 1000
        figures |= _measured(made, name, lambda at=place: browser.get(at))  # type: ignore[misc]  # bound now
    words = {"words": "pulse 72"}
    found = f"/patients/{LONG}/search"
    figures |= _measured(made, "search inside", lambda: browser.post(found, words))
    page = browser.get("/caseload")
    figures["people on the caseload"] = page.count(b"wk-caseload__name")
    figures |= _measured(made, "caseload", lambda: browser.get("/caseload"))
    number = {"nhs_number": NUMBER}
    figures |= _measured(made, "find by number", lambda: browser.post("/find", number))
    browser.close()
    slow = [f"/patients/{LONG}{section}" for section in IN_A_BROWSER]
    return figures | visited(made.origin, token, slow)


def _measured(made: Stack, what: str, ask: Callable[[], object]) -> dict[str, float]:
    """Percentiles, and processor time a page."""
    before = made.spent()
    found = waits(what, ask, times=PAGES)
    return {**found, **made.spent_since(before, what=what, times=PAGES)}


def write_records(folder: Path, now: datetime) -> None:
    """Bundles to import: one long record, and people of a ward."""
    _write(folder / "long.json", [patient(LONG, NUMBER), *_long(now)])
    for number in range(CASELOAD - 1):
        id_ = f"ward-{number}"
        _write(folder / f"{id_}.json", [patient(id_, ""), *_short(id_, now)])


def _write(path: Path, resources: list[Json]) -> None:
    entries = [
        {
            "fullUrl": f"urn:uuid:{one['id']}",
            "resource": one,
            "request": {"method": "POST", "url": one["resourceType"]},
        }
        for one in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    path.write_text(json.dumps(bundle), encoding="utf-8")


def patient(id_: str, number: str) -> Json:
    local = {"system": "https://example.org/patient-number", "value": id_}
    known = {"system": SYSTEM, "value": number} if number else local
    return {
        "resourceType": "Patient",
        "id": id_,
        "identifier": [known],
        "name": [{"family": f"Bench{id_.title()}", "given": ["Test"]}],
        "birthDate": "1950-02-03",
        "gender": "other",
    }


def _long(now: datetime) -> list[Json]:
    """So many entries that the whole has `ENTRIES`: sets, reports, stays, documents."""
    found: list[Json] = []
    for number in range(60):
        found += _listed(LONG, number, now - timedelta(days=97 * number))
    number = 0
    while len(found) < ENTRIES - 1:
        at = now - timedelta(hours=28 * number)
        found += list(observations(LONG, number, at))
        if number % 8 == 0:
            found.append(_report(LONG, number, at))
        number += 1
    return found[: ENTRIES - 1]


def _short(id_: str, now: datetime) -> list[Json]:
    sets = [
        one
        for number in range(8)
        for one in observations(id_, number, now - timedelta(hours=4 * number))
    ]
    report = _report(id_, 0, now - timedelta(days=1))
    return [*sets, report, *_listed(id_, 0, now), *_due(id_, now)]


def _due(id_: str, now: datetime) -> list[Json]:
    """A depot that is past its day, and a risk assessment with its day of review."""
    by, today = Person("", "Bench"), now.date()
    depot = Schedule(
        id=f"{id_}-depot",
        patient=id_,
        medicine="Matter in a muscle",
        dose=Decimal(100),
        unit="mg",
        route="im",
        every=28,
        early=2,
        late=2,
        counts="given",
        first=today - timedelta(days=1),
        place=Person("Location/bench", "Bench"),
        prescriber="Bench",
        began=now,
        author=by,
    )
    plan = Plan(
        sections={"self": "Nothing"},
        agreed="Bench",
        review=today,
        author=by,
        written=_at(now),
    )
    risk: Json = json.loads(plan_resource(plan, RISK, patient=id_).compact)
    made: Json = json.loads(drafted(schedule_content(depot)).resource.compact)
    return [made, risk, review_request(id_, plan, now=now)]


def _at(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def observations(id_: str, number: int, at: datetime) -> Iterator[Json]:
    for code, words, unit, value in _VITALS:
        coding = {"system": "http://loinc.org", "code": code, "display": words}
        yield {
            "resourceType": "Observation",
            "id": f"{id_}-o-{number}-{code}",
            "status": "final",
            "code": {"coding": [coding], "text": words},
            "subject": {"reference": f"Patient/{id_}"},
            "effectiveDateTime": _at(at),
            "valueQuantity": {"value": value + number % 3, "unit": unit},
        }


def _report(id_: str, number: int, at: datetime) -> Json:
    return {
        "resourceType": "DiagnosticReport",
        "id": f"{id_}-r-{number}",
        "status": "final",
        "code": {"text": "Full blood count"},
        "subject": {"reference": f"Patient/{id_}"},
        "effectiveDateTime": _at(at),
    }


def _listed(id_: str, number: int, at: datetime) -> list[Json]:
    """A problem, a medicine, a stay, a letter and an alert."""
    subject = {"subject": {"reference": f"Patient/{id_}"}}
    words = {"text": f"Matter number {number}"}
    ended = {"start": _at(at - timedelta(days=3)), "end": _at(at)}
    kinds: dict[str, Json] = {
        "Condition": {"code": words, "onsetDateTime": _at(at)},
        "MedicationStatement": {
            "status": "active",
            "medicationCodeableConcept": words,
            "effectiveDateTime": _at(at),
        },
        "Encounter": {"status": "finished", "class": {"code": "AMB"}, "period": ended},
        "DocumentReference": {
            "status": "current",
            "date": _at(at),
            "description": "A letter",
            "content": [{"attachment": {"contentType": "text/plain", "data": "QQ=="}}],
        },
        "Flag": {"status": "inactive", "code": words, "period": ended},
    }
    return [
        {"resourceType": kind, "id": f"{id_}-{kind}-{number}", **fields, **subject}
        for kind, fields in kinds.items()
    ]
