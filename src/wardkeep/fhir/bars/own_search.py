# SPDX-License-Identifier: Apache-2.0
"""A partner looks for its own referrals or bookings of one person, by NHS number.

Whatever it asks, it is shown what its own messages brought: a number that nobody has
here and one that others know are answered alike, with nothing.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from wardkeep.base.nhs_number import SYSTEM as NHS_NUMBER, parse
from wardkeep.disclosure.answers import Refusal, SessionView
from wardkeep.fhir.bars.codes import Error
from wardkeep.fhir.bars.errors import Fault, answer_of, coded
from wardkeep.fhir.bars.rows import Arrivals, Sender
from wardkeep.fhir.rest.answer import JSON, Answer
from wardkeep.fhir.rest.asked import read_asked
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.outcome import of_refusal
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.search_request import SearchRequest, TooCostly

Json = dict[str, Any]
MOST, MOST_PEOPLE = 50, 10
_BY = frozenset(
    {
        *("patient:identifier", "patient.identifier"),
        *("subject:identifier", "subject.identifier"),
    }
)
_NOT_ASKED = Fault(
    error=Error.BAD_REQUEST,
    code="invalid",
    words="Ask by patient:identifier, an NHS number with its system, and _count.",
    place="patient:identifier",
)


async def own_of_patient(
    asking: Asking, store: Store, arrivals: Arrivals, type_: str
) -> Answer:
    """A searchset of a type that is the sender's own."""
    session = asking.session
    asked = _asked(asking.query)
    if session is None or asked is None or asking.method != "GET":
        return answer_of((_NOT_ASKED,))
    number, count = asked
    people = await _people(asking, store, session, number)
    if isinstance(people, Answer):
        return coded(people)
    sender = Sender(asking.opener.organisation, session.account)
    ids = await arrivals.own_of(sender, type_, people, at_most=MOST) if people else ()
    found = []
    for id_ in ids[:count]:
        one = await store.reader.one(type_, id_, opener=asking.opener)
        if isinstance(one, Refusal):
            return coded(of_refusal(one))
        if not isinstance(one, NotFound):
            content = msgspec.json.decode(one.text, type=Json)
            found.append((f"{asking.base}/{type_}/{id_}", content))
    return _bundle(found)


def _asked(query: Sequence[tuple[str, str]]) -> tuple[str, int] | None:
    """The NHS number and how many at most; None where anything else is asked."""
    number, count = "", MOST
    for name, value in query:
        if name in _BY and not number:
            system, bar, said = value.partition("|")
            parsed = parse(said) if bar and system == NHS_NUMBER else None
            if parsed is None:
                return None
            number = str(parsed)
        elif name == "_count" and value.isascii() and value.isdigit():
            count = min(int(value), MOST)
        else:
            return None
    return (number, count) if number else None


async def _people(
    asking: Asking, store: Store, session: SessionView, number: str
) -> tuple[str, ...] | Answer:
    """Records with this number, by search tokens: nobody is opened."""
    pairs = [("identifier", f"{NHS_NUMBER}|{number}")]
    asked = read_asked("Patient", pairs, asking, session=session)
    if isinstance(asked, Answer):
        return asked
    request = SearchRequest(queries=(asked.query,), count=MOST_PEOPLE, told=asked.told)
    found = await store.searcher.ids(request, opener=asking.opener)
    if isinstance(found, Refusal):
        return of_refusal(found)
    if isinstance(found, TooCostly):
        fault = Fault(error=Error.UNPROCESSABLE, code="too-costly", words=found.wrong)
        return answer_of((fault,))
    return found.ids


def _bundle(found: Sequence[tuple[str, Json]]) -> Answer:
    entries = [
        {"fullUrl": url, "resource": content, "search": {"mode": "match"}}
        for url, content in found
    ]
    said = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
    body = msgspec.json.encode({**said, **({"entry": entries} if entries else {})})
    return Answer(body=body, headers=(JSON, (b"cache-control", b"no-store")))
