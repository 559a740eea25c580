# SPDX-License-Identifier: Apache-2.0
"""People at work in urgent care over HTTP: they press again until they are answered.

What each was told stands in a `Book`. How long it takes is real time, and of acts that
were answered at once; those that were sent again are counted.
"""

import http.client
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlencode

from support.authenticator import KEYS
from support.calls import CALL
from support.served import LOST, Visitor
from support.urgent_book import Book, Call
from wardkeep.assembly.demo.chance import Chance
from wardkeep.base.ids import new_uuid
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.urgent.steps import MOST_ATTEMPTS

BOARD = "/urgent-queue"
PATIENCE_SECONDS = 90.0
NEEDS_CLINICIAN = "clinician-2h"
OVER = "own-surgery-24h"
OK, SEE_OTHER, FORBIDDEN, FAILED = 200, 303, 403, 500
TO_QUESTIONS = "from the number to the questions, the server's part"
_HIDDEN = re.compile(r'<input type="hidden" name="([a-z]+)" value="([^"]*)"')
_JSON = {"Content-Type": "application/json"}
_CEREMONY = re.compile(rb'data-begin="/(prove|wake)/begin"')
_ENTRY = re.compile(r"/cases/([^/?]+)\?said=(took|first)")


class Ring(NamedTuple):
    """Somebody who rings."""

    number: str
    patient: str
    """The id of somebody who is here; empty: somebody new."""
    family: str
    disposition: str
    """What it comes to, where the page does not say otherwise."""
    is_cut_off: bool = False
    """In the middle of it; whoever rings again is gone on with."""
    goes_on: Call | None = None
    """The call that was cut off before, from the same number."""


class Ways(NamedTuple):
    """What a call here has besides."""

    questions: tuple[str, ...] = ()
    """Each as a line of the log answers no to it, without its time; empty: none is
    asked."""
    is_traced: bool = False
    """Whether the national index is asked."""


NOTHING_BESIDES = Ways()


class Answer(NamedTuple):
    """What came back."""

    status: int
    to: str
    page: bytes
    seconds: float = 0.0
    is_again: bool = False
    """Whether it was sent more than once."""

    @property
    def said(self) -> str:
        return self.to.partition("said=")[2]


class TroubleError(Exception):
    """A page answered what nobody at work expects."""


class Times:
    """How long acts took, by their name."""

    def __init__(self) -> None:
        self.of: dict[str, list[float]] = defaultdict(list)
        """Milliseconds."""
        self.again: Counter[str] = Counter()
        """How often something was sent once more, by why; ten times a second. And how
        often no case was given although one may have waited."""
        self.longest_seconds = 0.0
        """Until somebody was answered who had to press again."""

    def figures(self, *names: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for name in names or sorted(self.of):
            took = sorted(self.of[name])
            for share in (50, 95, 99) if took else ():
                at = min(len(took) - 1, len(took) * share // 100)
                found[f"{name}, p{share} ms"] = took[at]
        return found


class Seat(Visitor):
    """Somebody's session, and what they do with it."""

    def __init__(self, port: int, token: str, *, book: Book, times: Times) -> None:
        super().__init__(port, token)
        self.token, self.book, self.times = token, book, times
        self.seconds = 0.0
        """Spent until answers came, all together."""
        self.again = 0

    def presses(self, act: str, path: str, **fields: str) -> Answer:
        """A form, until it is answered; without an act's name nothing is noted."""
        return self._until_answered(act, "POST", path, urlencode(fields))

    def looks(self, act: str, path: str) -> Answer:
        return self._until_answered(act, "GET", path, "")

    def _until_answered(self, act: str, method: str, path: str, body: str) -> Answer:
        began, is_again = time.perf_counter(), False
        while True:
            why = "no answer came"
            with suppress(*LOST):
                found = self._once(method, path, body)
                asked = found.status == FORBIDDEN and _CEREMONY.search(found.page)
                if asked:
                    why = f"{self._uses_passkey(asked[1].decode())}, {act}"
                elif found.status < FAILED:
                    took = time.perf_counter() - began
                    self.seconds += took
                    answer = found._replace(seconds=took, is_again=is_again)
                    return self.notes(act, answer) if act else answer
                else:
                    why = f"answered {found.status}"
            is_again = True
            self.again += 1
            self.times.again[why] += 1
            self._connection.close()
            if time.perf_counter() - began > PATIENCE_SECONDS:
                raise TroubleError(act, path)
            time.sleep(0.1)

    def _uses_passkey(self, what: str) -> str:
        """The touch that a page asks for, as its script carries it; what it was for."""
        begun, options = self.ask("POST", f"/{what}/begin", b"{}", _JSON)
        if begun != OK:
            return f"passkey to {what}: begun {begun}"
        response = json.loads(KEYS[self.token].sign_in(options))
        sent = json.dumps({"next": "/", "response": response}).encode()
        done, _ = self.ask("POST", f"/{what}/finish", sent, _JSON)
        return f"passkey to {what}: {done}"

    def _once(self, method: str, path: str, body: str) -> Answer:
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        self._connection.request(method, path, body, {**self._headers, **form})
        answer: http.client.HTTPResponse = self._connection.getresponse()
        page = answer.read()
        return Answer(answer.status, answer.getheader("Location") or "", page)

    def notes(self, act: str, answer: Answer) -> Answer:
        """How long it took, by the act's name."""
        if answer.is_again:
            longest = self.times.longest_seconds
            self.times.longest_seconds = max(longest, answer.seconds)
        else:
            self.times.of[act].append(answer.seconds * 1000)
        return answer


def expected(answer: Answer, act: str, *statuses: int) -> Answer:
    if answer.status not in (statuses or (SEE_OTHER,)):
        words = re.sub(rb"<[^>]+>|\s+", b" ", answer.page.partition(b"<main")[2])
        raise TroubleError(act, answer.status, answer.to, words[:300])
    return answer


Typed = Callable[[Seat, bytes], None]
"""What is done while the form is filled in, given the page that shows it."""


def answer_call(
    seat: Seat,
    ring: Ring,
    *,
    talk: Callable[[], None],
    typed: Typed | None = None,
    ways: Ways = NOTHING_BESIDES,
) -> Call:
    """From the number to the end of a call, which stands in the book.

    One that is cut off has no disposition afterwards.
    """
    before, again = seat.seconds, seat.again
    if ring.goes_on is None:
        call = _who_it_is(seat, ring, typed, ways)
    else:
        call = _go_on(seat, ring.number, ring.goes_on)
    call.taker = seat.token
    path = f"/patients/{call.patient}/calls/{call.case}"
    shown = expected(seat.looks("where the questions begin", path), "the call", 200)
    if ring.goes_on is None:
        if seat.again == again:
            seat.times.of[TO_QUESTIONS].append((seat.seconds - before) * 1000)
        seat.book.answered(call)
    _read_warnings(seat, call, path, shown.page)
    talk()
    if ring.is_cut_off:
        return call
    log = _ask(seat, path, ways.questions)
    call.disposition = _end(seat, path, ring.disposition, log)
    if call.versions:
        call.versions += 1
    return call


def _go_on(seat: Seat, number: str, call: Call) -> Call:
    """By the number they ring from, and not by what we know of it."""
    form = {"which": new_uuid(), "number": number}
    act = "somebody was cut off"
    offered = expected(seat.presses(act, "/calls", **form), act, 200)
    if call.case.encode() not in offered.page:
        raise TroubleError("lost: nobody was offered the call", call.case)
    act = "go on with a call"
    expected(seat.presses(act, "/calls/go-on", case=call.case), act)
    if call.versions and call.taker != seat.token:
        call.versions += 1
    return call


def _read_warnings(seat: Seat, call: Call, path: str, page: bytes) -> None:
    """Where danger is stood before all else, it is read first."""
    marks = hidden_in(page).get("marks")
    if marks is None:
        return
    act = "read a warning"
    expected(seat.presses(act, f"{path}/read", marks=marks), act)
    if call.versions:
        call.versions += 1


def questions_of(seat: Seat, path: str) -> tuple[str, ...]:
    """What is asked where every answer is no, one after the other; empty: nothing."""
    lines: list[str] = []
    while True:
        told = _look_ahead(seat, path, "\n".join(f" | {one}" for one in lines))
        if "no" not in told["ahead"]:
            return tuple(lines)
        lines.append(told["ahead"]["no"]["line"])


LOOKED_AHEAD = 3
"""Of some twenty answers; the form brings the others, as it does without a network."""


def _ask(seat: Seat, path: str, questions: Sequence[str]) -> str:
    """No to everything: the log that goes with the end."""
    log, at = "", ""
    for many in range(LOOKED_AHEAD if questions else 0):
        log = "\n".join(f"{at} | {one}" for one in questions[:many])
        at = _look_ahead(seat, path, log)["at"]
    return "\n".join(f"{at} | {one}" for one in questions)


def _look_ahead(seat: Seat, path: str, log: str) -> dict[str, Any]:
    act, about = "the next question", {"of-years": "46", "of-whom": "patient"}
    answer = seat.presses(act, f"{path}/questions/next", log=log, **about)
    told: dict[str, Any] = json.loads(expected(answer, act, 200).page)
    return told


def _who_it_is(seat: Seat, ring: Ring, typed: Typed | None, ways: Ways) -> Call:
    form = {"which": new_uuid(), "number": ring.number, "new": "yes"}
    begun = expected(seat.presses("answer a call", "/calls", **form), "answer")
    found = CALL.match(begun.to)
    if found is None:
        raise TroubleError("answer", begun.to)
    nobody, placeholder = found.groups()
    path = f"/patients/{nobody}/calls/{placeholder}"
    shown = expected(seat.looks("the call's form", f"{path}/details"), "form", 200)
    if typed is not None:
        typed(seat, shown.page)
    said = hidden_in(shown.page) | {
        "number": ring.number,
        "who": "patient",
        "family": ring.family,
        "given": "Test",
        "complaint": f"Feels unwell, {ring.number}",
        **BORN,
    }
    if ways.is_traced:
        act = "ask the national index"
        expected(seat.presses(act, f"{path}/trace", **said), act, 200)
    if not ring.patient:
        expected(seat.presses("somebody new", f"{path}/details", **said), "new")
        return Call(placeholder=placeholder, case=placeholder, patient=nobody)
    expected(seat.presses("look somebody up", f"{path}/look", **said), "look", 200)
    said["chosen"] = ring.patient
    to = expected(
        seat.presses("this is the patient", f"{path}/identify", **said), "identify"
    ).to
    moved = CALL.match(to) or _on_own_list(seat, ring.patient)
    if moved is None:
        raise TroubleError("identify", to)
    return Call(placeholder=placeholder, case=moved[2], patient=moved[1], versions=1)


def _on_own_list(seat: Seat, patient: str) -> re.Match[str] | None:
    """Where one's call about somebody is, by the list of one's calls.

    Whoever pressed twice, because the answer was lost, is led to the record that was
    held for nobody, and may be asked why there: after ten such records in a day.
    """
    page = seat.looks("one's own calls", "/calls").page.decode()
    return next((one for one in CALL.finditer(page) if one[1] == patient), None)


def hidden_in(page: bytes) -> dict[str, str]:
    """The hidden fields of a page's form, as a browser sends them."""
    return dict(_HIDDEN.findall(page.decode()))


BORN = {"born-day": "3", "born-month": "2", "born-year": "1980"}
"""As everybody here is."""
_TO_A_CLINICIAN = (b"rang twice before", b"obody here waits for it")
"""A third call in four days; and what a health advisor may not end by themself."""


def _end(seat: Seat, path: str, code: str, log: str) -> str:
    """What it came to, which may have to be a clinician."""
    shown = expected(seat.looks("how it ends", f"{path}/end"), "how it ends", 200)
    for choice in (code, NEEDS_CLINICIAN):
        words = {"disposition": choice, "said": "Agreed.", "advice": "Ring if worse."}
        asked = {"log": log, "why": "Agreed with the caller"} if log else {}
        form = hidden_in(shown.page) | words | asked
        done = seat.presses("end the call", f"{path}/end", **form)
        # It was done before, and the answer was lost on its way.
        if done.status == SEE_OTHER or b"This call has ended" in done.page:
            return choice
        if not any(one in done.page for one in _TO_A_CLINICIAN):
            raise TroubleError("end", done.status, done.to, done.page[-1500:])
    raise TroubleError("end", NEEDS_CLINICIAN)


class Chances(NamedTuple):
    """What happens in a hundred of a clinician's cases."""

    comfort: int = 6
    no_answer: int = 10
    never_answers: int = 3
    hand_back: int = 2
    moves_on: int = 12
    ambulance: int = 2


Prescribe = Callable[[Seat, "Work", bytes, Chance], bool]
"""Prescribes or not, from the case that a page shows; whether it is over by that."""


def prescribes_nothing(_seat: Seat, _work: "Work", _page: bytes, _: Chance) -> bool:
    return False


def clinician_turn(
    seat: Seat,
    chance: Chance,
    *,
    consult: Callable[[], None],
    of: Chances,
    prescribe: Prescribe = prescribes_nothing,
) -> str:
    """Take the next case and see it through; its entry, or empty: nothing waits.

    Whom nobody reaches is the shift lead's then, and a case may be handed back.
    """
    entry = take_next(seat)
    if not entry:
        return ""
    work = Work(seat, entry)
    page = work.opens()
    if chance.happens(of.comfort):
        work.does("comfort", word="Still waiting, no worse")
    if chance.happens(of.hand_back):
        work.hands_back()
        return entry
    if not _is_reached(work, chance, of):
        return entry
    work.does("reach")
    consult()
    if prescribe(seat, work, page, chance):
        return entry
    drawn = chance.below(100)
    code = OVER
    if drawn < of.ambulance:
        code = "ambulance-2"
    elif drawn < of.ambulance + of.moves_on:
        code = "base-2h"
    work.ends(code)
    return entry


def _is_reached(work: "Work", chance: Chance, of: Chances) -> bool:
    drawn = chance.below(100)
    tries = 0
    if drawn < of.never_answers:
        tries = MOST_ATTEMPTS
    elif drawn < of.no_answer:
        tries = 1
    for _ in range(tries):
        if work.does("no-answer", word="Rang out") == "escalated":
            return False
    return True


def take_next(seat: Seat, skill: str = "") -> str:
    """The entry of the case that one press gives; empty: nothing waits."""
    taken = expected(
        seat.presses("take the next", f"{BOARD}/next", skill=skill), "next"
    )
    found = _ENTRY.search(taken.to)
    if found is None:
        # `taking`: a process died while it gave one; for a few seconds it is kept.
        if taken.said not in ("nothing", "busy", "taking"):
            raise TroubleError("next", taken.to)
        if taken.said != "nothing":
            seat.times.again[f"the next: {taken.said}"] += 1
        return ""
    entry, said = found.groups()
    place = seat.book.places[entry]
    # `first`: the answer that gave it was lost, and it is shown again.
    if said == "took" or not seat.book.took[entry]:
        seat.book.taken(entry)
        place.version += 1
    return entry


class Work:
    """What one does with a case that one has: each step is one version."""

    def __init__(self, seat: Seat, entry: str) -> None:
        self._seat, self.entry = seat, entry
        self._place = seat.book.places[entry]
        self._path = f"{BOARD}/cases/{entry}"

    def opens(self) -> bytes:
        return expected(self._seat.looks("open the case", self._path), "open", 200).page

    def does(self, step: str, **fields: str) -> str:
        """What it is said to have come to."""
        version = str(self._place.version)
        act = f"step: {step}"
        done = self._seat.presses(
            act, f"{self._path}/do/{step}", version=version, **fields
        )
        said = expected(done, act).said
        if said not in (step, "escalated", "handed-back"):
            raise TroubleError(act, self.entry, version, done.to)
        self._place.version += 1
        self._place.is_escalated = said == "escalated"
        return said

    def hands_back(self) -> None:
        version = str(self._place.version)
        form = {"version": version, "word": "Called away"}
        done = self._seat.presses(
            "step: hand-back", f"{self._path}/do/hand-back", **form
        )
        # Answered before, it is nobody's: the page says that it is otherwise now.
        if expected(done, "hand-back").said not in ("handed-back", "hand-back"):
            raise TroubleError("hand-back", self.entry, done.to)
        self._place.version += 1
        self._seat.book.took[self.entry] -= 1

    def ends(self, code: str, why: str = "Agreed on the telephone") -> None:
        form = {"version": str(self._place.version), "code": code, "why": why}
        done = self._seat.presses("end the case", f"{self._path}/end", **form)
        if expected(done, "end").said not in ("ended", "moved", "asked"):
            raise TroubleError("end", self.entry, form["version"], done.to)
        self._is_over(code if code in DISPOSITIONS else "")

    def is_answered(self) -> None:
        """It ended with the prescription that it asked for, in one change."""
        self._is_over("")

    def _is_over(self, code: str) -> None:
        self._place.version += 1
        self._place.is_open = False
        self._seat.book.ended[self.entry].append(code)


def read_until(seat: Seat, path: str, words: bytes, *, seconds: float) -> bool:
    """Look again and again; whether it says so in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if words in seat.looks("look at the ambulance", path).page:
            return True
        time.sleep(0.3)
    return False
