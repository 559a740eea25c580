# SPDX-License-Identifier: Apache-2.0
"""What somebody has on their screen in urgent care, at the moment before the press.

Each is about somebody of its own, so that all of them are pressed at once.
"""

import asyncio
import http.server
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

from support.asgi import call as asks
from support.calls import SEE_OTHER, Answered, answer, details, identify, send
from support.form_pages import FormPage
from support.house import free_port
from support.partners import SERVICE
from support.prescribing import AMOXICILLIN, typed
from support.served import Visitor
from support.two_sites import TwoSites
from support.urgent import whole_call
from support.visits import CENTRE, at_home, slot
from support.ward_beds import now
from wardkeep.assembly.synthetic_pds import application_of
from wardkeep.base.clock import LONDON
from wardkeep.base.ids import derived_uuid, new_uuid
from wardkeep.base.nhs_number import numbers_of_test_range
from wardkeep.fhir.urgent.permission import permission_id
from wardkeep.fhir.urgent.queueing import Entry, entry_in
from wardkeep.fhir.urgent.steps import State, Step
from wardkeep.fhir.urgent.tracing import VERIFIED, WORDS

Json = dict[str, Any]
OK = 200
DEPARTMENT = "emergency-department-1h"
TRACED = {
    "resourceType": "Patient",
    "id": "traced",
    "identifier": [
        {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000042"}
    ],
    "name": [{"use": "official", "family": "Tracey", "given": ["Ann"]}],
    "birthDate": "1950-01-02",
    "gender": "female",
}
_NUMBERS = iter(f"0770090{nth:04d}" for nth in range(1000, 9999))
_PEOPLE = numbers_of_test_range()
_DAYS = iter(range(10_000))
_SLOTS = iter(range(100, 999))
_TIMES = re.compile(rf'name="choice" value="({SERVICE}\|[^"]+)"')
_VERSION = re.compile(r'name="version" value="(\d+)"')
_MARKS = re.compile(r'name="marks" value="([^"]*)"')


@contextmanager
def national_index() -> Iterator[str]:
    """The demonstration's own, with one person; it outlives what is killed."""
    own = application_of([TRACED])

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = dict(self.headers)
            got = asyncio.run(asks(own, "GET", self.path, headers=sent))
            self.send_response(got.status)
            self.send_header("Content-Length", str(len(got.body)))
            self.end_headers()
            self.wfile.write(got.body)

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    port = free_port()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        server.server_close()


class Act(NamedTuple):
    """A press, and what is so once it is done, however often it was pressed."""

    name: str
    token: str
    path: str
    form: dict[str, str]
    stores: str
    """The id of a resource that has one version more afterwards."""
    shows: str
    """The page on which it stands."""
    words: str
    holds: Callable[[], None]
    answers: str = ""
    """What the answer to the press says itself; empty: it leads to the page."""


class Screens:
    """Of a call taker, a clinician and a shift lead at North."""

    def __init__(self, sites: TwoSites, taker: str, ann: str, lead: str) -> None:
        self._sites, self._north = sites, sites.north
        self._taker, self._ann, self._lead = taker, ann, lead

    def all(self, turn: str) -> list[Act]:
        makers = (
            *(
                self.answered,
                self.looked_up,
                self.traced,
                self.permission,
                self.warned,
                self.rang,
            ),
            *(self.ended, self.taken_back, self.taken_out, self.sent_on),
            *(self.prescribed, self.booked, self.visit, self.sent, self.end_back),
        )
        with (
            closing(Visitor(self._sites.stack.port, self._taker)) as self.tim,
            closing(Visitor(self._sites.stack.port, self._ann)) as self.ann,
        ):
            return [one(f"{one.__name__.replace('_', '')}-{turn}") for one in makers]

    # What is looked at afterwards

    def version(self, reference: str) -> int:
        return int(self._north.get(reference).json["meta"]["versionId"])

    def _of(self, type_: str, patient: str) -> list[Json]:
        return self._north.search(type_, ("patient", patient)).resources

    def _entries(self, patient: str) -> list[Entry]:
        found = map(entry_in, self._of("Task", patient))
        return [one for one in found if one is not None]

    def _is_once(self, reference: str, version: int) -> None:
        assert self.version(reference) == version, reference

    # A call taker's

    def _known(self, id_: str) -> str:
        """Somebody with a record here who is like nobody else; their surname."""
        family = f"Kept{id_.replace('-', '')}"
        number, born = next(_PEOPLE), now().date() - timedelta(9_000 + next(_DAYS))
        self._north.put(
            {
                "resourceType": "Patient",
                "id": id_,
                "name": [{"family": family, "given": ["Ann"]}],
                "birthDate": born.isoformat(),
                "gender": "female",
                "identifier": [
                    {
                        "system": "https://fhir.nhs.uk/Id/nhs-number",
                        "value": str(number),
                    }
                ],
            }
        )
        return family

    def _call(self, id_: str) -> Answered:
        """A call about somebody who is here, before its first question."""
        self._known(id_)
        begun = answer(self.tim, next(_NUMBERS))
        status, page, to = identify(self.tim, begun, id_, complaint="A sore knee")
        assert status == SEE_OTHER, page[-2000:]
        _, _, patient, _, case = to.split("/")
        return Answered(patient, case)

    def _over(self, id_: str, code: str) -> Answered:
        call = self._call(id_)
        status, page, _ = send(self.tim, f"{call.path}/end", **_end_as(code))
        assert status == SEE_OTHER, page[-2000:]
        return call

    def _of_call(self, call: Answered, step: str, **more: Any) -> Act:
        form = {"path": f"{call.path}/{step}", "shows": call.path} | more
        case = f"Encounter/{call.case}"
        form.setdefault("stores", call.case)
        was = self.version(case)
        form.setdefault("holds", lambda: self._is_once(case, was + 1))
        return Act(name=step, token=self._taker, **form)

    def answered(self, id_: str) -> Act:
        """The number was kept while it was typed, and is let go of with the answer."""
        del id_
        page = FormPage(self.tim, "/calls")
        account = re.findall(r'data-account="([^"]+)"', page.page)[0]
        number, which = next(_NUMBERS), page.hidden["which"]
        assert page.save({"number": number})[0] == OK
        case = derived_uuid("case", account, which)
        call = Answered(derived_uuid("case-patient", account, which), case)

        def holds() -> None:
            self._is_once(f"Encounter/{case}", 1)
            with closing(Visitor(self._sites.stack.port, self._taker)) as tim:
                assert b"You typed this number" not in tim.get("/calls")

        return Act(
            name="answer",
            token=self._taker,
            path="/calls",
            form={**page.hidden, "number": number, "new": "yes"},
            stores=case,
            shows=f"{call.path}/details",
            words=number,
            holds=holds,
        )

    def looked_up(self, id_: str) -> Act:
        family, call = self._known(id_), answer(self.tim, next(_NUMBERS))
        form = details(self.tim, call) | {"family": family, "complaint": "A cough"}
        number = self._north.get(f"Patient/{id_}").json["identifier"][0]["value"]
        form["nhs_number"] = str(number)
        at = f"{call.path}/details"
        return self._of_call(
            call, "look", form=form, shows=at, words="A cough", answers="This is the"
        )

    def traced(self, id_: str) -> Act:
        del id_
        call = answer(self.tim, next(_NUMBERS))
        form = details(self.tim, call) | {"nhs_number": "9990000042"}
        form |= {"family": "Tracey", "complaint": "A cold"}
        form |= {"born-day": "2", "born-month": "1", "born-year": "1950"}

        def holds() -> None:
            self._is_once(f"Encounter/{call.case}", 2)
            case = self._north.get(f"Encounter/{call.case}").json
            assert "verified" in str(case["extension"])

        at, said = f"{call.path}/details", WORDS[VERIFIED]
        return self._of_call(
            call, "trace", form=form, shows=at, words="", holds=holds, answers=said
        )

    def permission(self, id_: str) -> Act:
        call = self._call(id_)
        consent = permission_id(call.case)

        def holds() -> None:
            [one] = self._of("Consent", id_)
            assert (one["id"], one["meta"]["versionId"]) == (consent, "1")

        form = {"version": "0", "said": "given", "why": "Asked twice"}
        words = "Asked twice"
        return self._of_call(
            call, "permission", form=form, stores=consent, words=words, holds=holds
        )

    def warned(self, id_: str) -> Act:
        call = self._call(id_)
        code = {"system": "https://fhir.nhs.uk/CodeSystem/flag-categories-bars"}
        self._north.put(
            {
                "resourceType": "Flag",
                "id": f"{id_}-dog",
                "status": "active",
                "category": [{"coding": [{**code, "code": "SS"}]}],
                "code": {"text": "Loose dog in the yard"},
                "subject": {"reference": f"Patient/{id_}"},
            }
        )
        marks = _MARKS.search(self.tim.get(call.path).decode())
        assert marks is not None
        form = {"marks": marks[1]}
        return self._of_call(call, "read", form=form, words="A sore knee")

    def rang(self, id_: str) -> Act:
        call = self._call(id_)
        words = "knows of no two earlier calls"
        return self._of_call(call, "rang-before", form={"then": "page"}, words=words)

    def ended(self, id_: str) -> Act:
        call = self._call(id_)
        form, was = _end_as("clinician-1h"), 1

        def holds() -> None:
            self._is_once(f"Encounter/{call.case}", was + 1)
            assert len(self._of("Task", id_)) == 1
            assert len(self._of("ServiceRequest", id_)) == 1

        return self._of_call(call, "end", form=form, words="Agreed.", holds=holds)

    def taken_back(self, id_: str) -> Act:
        call = self._over(id_, "clinician-1h")

        def holds() -> None:
            self._is_once(f"Encounter/{call.case}", 3)
            [task], [order] = self._of("Task", id_), self._of("ServiceRequest", id_)
            assert (task["status"], order["status"]) == ("cancelled", "revoked")

        at = f"{call.path}/end?again=yes"
        return self._of_call(
            call, "take-back", form={"x": ""}, shows=at, words="Agreed.", holds=holds
        )

    def taken_out(self, id_: str) -> Act:
        call = self._over(id_, "self-care")
        before = len(self._of("Communication", id_))

        def holds() -> None:
            self._is_once(f"Encounter/{call.case}", 3)
            assert len(self._of("Communication", id_)) == before + 1

        words = "somebody else"
        return self._of_call(
            call, "somebody-else", form={"x": ""}, words=words, holds=holds
        )

    def sent_on(self, id_: str) -> Act:
        call = self._over(id_, DEPARTMENT)
        page = self.tim.get(f"{call.path}/send?times=yes").decode()
        version, free = _VERSION.search(page), _TIMES.search(page)
        assert version is not None, page
        assert free is not None, page
        form = {"version": version[1], "choice": free[1], "summary": "Words"}
        [entry] = self._entries(id_)

        def holds() -> None:
            [one] = self._entries(id_)
            assert (one.state, one.owner.reference) == (State.NEW, "")
            assert [it.step for it in one.did].count(Step.SEND_ON) == 1
            family = ("patient.family", f"Kept{id_.replace('-', '')}")
            for type_ in ("ServiceRequest", "Appointment"):
                there = self._sites.fernhill.search(type_, family).resources
                assert len(there) == 1, type_

        return self._of_call(
            call,
            "send",
            form=form,
            stores=entry.id,
            shows=f"{call.path}/send",
            words="The time is booked",
            holds=holds,
        )

    # A clinician's, and a shift lead's

    def _waits(self, id_: str, code: str, *steps: str) -> str:
        """Somebody waits, with whom this was done; the address of their case."""
        for one in whole_call(id_, code, given=now() - timedelta(minutes=5)):
            self._north.put(one)
        case = f"/urgent-queue/cases/{id_}-entry"
        for nth, step in enumerate(steps, 1):
            status, page, _ = send(self.ann, f"{case}/do/{step}", version=str(nth))
            assert status == SEE_OTHER, page[-2000:]
        return case

    def _of_case(self, id_: str, step: str, **more: Any) -> Act:
        task = f"Task/{id_}-entry"
        was = self.version(task)
        sent = {"version": str(was)} | more.pop("form")
        said: dict[str, Any] = {"token": self._ann, "stores": f"{id_}-entry"} | more
        said.setdefault("holds", lambda: self._is_once(task, was + 1))
        return Act(name=step, form=sent, **said)

    def prescribed(self, id_: str) -> Act:
        self._waits(id_, "prescription-next-day", "take", "reach")
        which = new_uuid()
        rx = derived_uuid("prescription", id_, which)
        at = f"/patients/{id_}/prescriptions"

        def holds() -> None:
            [one] = self._of("MedicationRequest", id_)
            assert (one["id"], one["meta"]["versionId"]) == (rx, "1")
            [entry] = self._entries(id_)
            assert entry.state is State.DONE

        return self._of_case(
            id_,
            "prescribe",
            path=f"{at}/for/{id_}-entry",
            form=typed(AMOXICILLIN, which=which),
            stores=rx,
            shows=f"{at}/{rx}",
            words="Back spasm",
            holds=holds,
        )

    def booked(self, id_: str) -> Act:
        self._waits(id_, "base-2h")
        nth = next(_SLOTS)
        self._north.put(slot(nth, starts=now() + timedelta(minutes=30 + nth - 100)))
        at = f"/bases/book/{id_}-entry"

        def holds() -> None:
            self._is_once(f"Task/{id_}-entry", 2)
            assert len(self._of("Appointment", id_)) == 1

        form, words = {"slot": f"slot-{nth}", "at": CENTRE}, "Moor Lane"
        return self._of_case(
            id_, "book", path=at, form=form, shows=at, words=words, holds=holds
        )

    def visit(self, id_: str) -> Act:
        """A visit is asked for: what the case came to waits in the cars' queue."""
        at = self._waits(id_, "clinician-1h", "take", "reach")

        def holds() -> None:
            states = sorted(one.state for one in self._entries(id_))
            assert states == sorted([State.DONE, State.NEW])
            assert len(self._of("ServiceRequest", id_)) == 2

        form = {"code": "visit-6h", "why": "Cannot leave the house"}
        return self._of_case(
            id_,
            "end",
            path=f"{at}/end",
            form=form,
            shows=at,
            words="Cannot leave",
            holds=holds,
        )

    def sent(self, id_: str) -> Act:
        """To a car, by the shift lead."""
        for one in at_home(id_, ago=5, family=f"Home{id_.replace('-', '')}"):
            self._north.put(one)
        car, at = self._car(), f"/home-visits/visits/{id_}-entry"

        def holds() -> None:
            self._is_once(f"Task/{id_}-entry", 2)
            assert len(self._of("Appointment", id_)) == 1

        when = f"{(now() + timedelta(minutes=20)).astimezone(LONDON):%H:%M}"
        return self._of_case(
            id_,
            "send",
            token=self._lead,
            path=f"{at}/send",
            form={"car": car, "expected": when},
            shows=at,
            words="Car of doc",
            holds=holds,
        )

    def _car(self) -> str:
        id_ = new_uuid()
        form = {"name": "Car of doc", "area": "LS17", "hours": "8", "id": id_}
        form |= {"version": "0", "first": "Practitioner/doc", "second": ""}
        with closing(Visitor(self._sites.stack.port, self._lead)) as lead:
            status, page, _ = send(lead, "/home-visits/cars/new", **form)
        assert status == SEE_OTHER, page[-2000:]
        return id_

    def end_back(self, id_: str) -> Act:
        """The end of a case is taken back."""
        at = self._waits(id_, "clinician-1h", "take", "reach")
        form = {"version": "3", "code": "self-care", "why": "Agreed"}
        status, page, _ = send(self.ann, f"{at}/end", **form)
        assert status == SEE_OTHER, page[-2000:]

        def holds() -> None:
            self._is_once(f"Task/{id_}-entry", 5)
            [entry] = self._entries(id_)
            assert entry.is_open

        return self._of_case(
            id_,
            "take-back",
            path=f"{at}/take-back",
            form={},
            shows=at,
            words="What came of it",
            holds=holds,
        )


def _end_as(code: str) -> dict[str, str]:
    return {"disposition": code, "said": "Agreed.", "advice": "Ring if worse."}
