# SPDX-License-Identifier: Apache-2.0
"""Checking in by a link from the clinic, on one's own phone, without an account.

The link alone opens nothing: two facts about the person it was made for do, once. Then
the phone shows how many wait before them; that page knows a place in a queue, no name.
"""

from starlette.responses import Response

from wardkeep.apps.check_in.visiting import tell, waiting
from wardkeep.apps.check_in.words import Language, language, languages
from wardkeep.base.ids import OrganisationId
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.check_in import AskByLink, CheckInAnswer
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.fhir.clinics.outcomes import Line
from wardkeep.fhir.clinics.words import Standing
from wardkeep.fhir.questionnaires.answers import read_date
from wardkeep.web.gates import Gate
from wardkeep.web.pace import Pace, WaitingPace
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, TOO_MANY, Trouble
from wardkeep.web.visit import PublicVisit

PHONE = "phone"
LONGEST_SECRET, LONGEST_FACT = 100, 60
_BIGGEST, _DIGITS = 2**31, 11


def _form(
    visit: PublicVisit,
    words: Language,
    wrong: str = "",
    *,
    born: str = "",
    family: str = "",
) -> Response:
    return visit.render(
        "check_in/link.html",
        status=422 if wrong else 200,
        words=words,
        languages=tuple(languages().values()),
        at=PHONE,
        secret=visit.path("secret")[:LONGEST_SECRET],
        wrong=wrong,
        born=born,
        family=family,
    )


@page("/check-in/by/{secret}", gate=Gate.CHECK_IN)
async def show_link(visit: PublicVisit) -> Response:
    return _form(visit, language(visit.query("in")))


@page("/check-in/by/{secret}", gate=Gate.CHECK_IN, methods=("POST",))
async def use_link(visit: PublicVisit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    if not visit.services[Pace].admits(visit.address):
        return visit.tell(TOO_MANY)
    words = language(form.values.get("in", ""))
    typed = form.values.get("born", "")[:LONGEST_FACT]
    family = form.values.get("family", "")[:LONGEST_FACT]
    born = read_date(typed)
    if born is None:
        wrong = words.say("unreadable")
        return _form(visit, words, wrong, born=typed, family=family)
    secret = visit.path("secret")[:LONGEST_SECRET]
    question = AskByLink(secret, born.isoformat(), family)
    given = await visit.warden.ask(question, CheckInAnswer)
    if isinstance(given, Refusal):
        return tell(visit, words, PHONE, words.say("link_over"), 403)
    if given.outcome != "go-on":
        wrong = words.say("look_again")
        return _form(visit, words, wrong, born=typed, family=family)
    return visit.render(
        "check_in/onward.html", words=words, at=PHONE, ticket=given.ticket
    )


@page("/waiting/{organisation}/{appointment}", gate=Gate.CHECK_IN)
async def show_waiting(visit: PublicVisit) -> Response:
    words = language(visit.query("in"))
    # Before anything is looked for: whoever goes through ids learns of none sooner.
    if not visit.services[WaitingPace].admits(visit.address):
        return tell(visit, words, PHONE, words.say("wait"), 429)
    # Cut first: of thousands of digits no number is made.
    number = visit.path("organisation")[:_DIGITS]
    if not (number.isascii() and number.isdigit() and int(number) < _BIGGEST):
        return visit.tell(NOT_FOUND)
    organisation = OrganisationId(int(number))
    found = await waiting(visit, organisation, visit.path("appointment")[:64])
    if found is None or found.line.day != visit.services[Clinic].desk.today():
        return tell(visit, words, PHONE, words.say("over"), 404)
    if not found.line.standing.is_open:
        return _ended(visit, words, found.line)
    return visit.render(
        "check_in/waiting.html",
        words=words,
        at=PHONE,
        wait=found,
        is_called=found.line.standing is Standing.CALLED,
    )


def _ended(visit: PublicVisit, words: Language, line: Line) -> Response:
    """It waits no more. Of who was never in the queue nothing is said."""
    if line.standing is Standing.SEEN and line.entry:
        return tell(visit, words, PHONE, words.say("visit_over"))
    if line.standing is Standing.LEFT and line.entry:
        return tell(visit, words, PHONE, words.say("desk"))
    return tell(visit, words, PHONE, words.say("over"), 404)
