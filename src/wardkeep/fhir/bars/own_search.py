# SPDX-License-Identifier: Apache-2.0
"""A partner looks for its own referrals or bookings of one person, by NHS number.

Whatever it asks, it is shown what its own messages brought: a number that nobody has
here and one that others know are answered alike, with nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from wardkeep.base.ids import is_fhir_id
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
"""On one page; records with one number."""
_BY = frozenset(
    {
        *("patient:identifier", "patient.identifier"),
        *("subject:identifier", "subject.identifier"),
    }
)
_NOT_ASKED = Fault(
    error=Error.BAD_REQUEST,
    code="invalid",
    words="Ask by patient:identifier, an NHS number with its system, _count, and the"
    " _cursor of the page before.",
    place="patient:identifier",
)


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted."""

    by: str
    """The parameter and value that say of whom, as they came."""
    number: str
    count: int
    after: str
    """The last id of the page before. It is no secret: whatever it is, what comes
    after it is the sender's own."""


async def own_of_patient(
    asking: Asking, store: Store, arrivals: Arrivals, type_: str
) -> Answer:
    """A searchset of a type that is the sender's own."""
    session = asking.session
    asked = _asked(asking.query)
    if session is None or asked is None or asking.method != "GET":
        return answer_of((_NOT_ASKED,))
    people = await _people(asking, store, session, asked.number)
    if isinstance(people, Answer):
        return coded(people)
    sender = Sender(asking.opener.organisation, session.account)
    ids: tuple[str, ...] = ()
    if people:
        ids = await arrivals.own_of(
            sender, type_, people, after=asked.after, at_most=asked.count + 1
        )
    found, page = [], ids[: asked.count]
    for id_ in page:
        one = await store.reader.one(type_, id_, opener=asking.opener)
        if isinstance(one, Refusal):
            return coded(of_refusal(one))
        if not isinstance(one, NotFound):
            content = msgspec.json.decode(one.text, type=Json)
            found.append((f"{asking.base}/{type_}/{id_}", content))
    links = {"self": _link(asking, type_, asked, after=asked.after)}
    if len(ids) > len(page):
        links["next"] = _link(asking, type_, asked, after=page[-1])
    is_whole = len(links) == 1 and not asked.after
    return _bundle(found, links, is_whole=is_whole)


def _link(asking: Asking, type_: str, asked: _Asked, *, after: str) -> str:
    pairs = [(asked.by, f"{NHS_NUMBER}|{asked.number}"), ("_count", str(asked.count))]
    if after:
        pairs.append(("_cursor", after))
    return f"{asking.base}/{type_}?{urlencode(pairs)}"


def _asked(query: Sequence[tuple[str, str]]) -> _Asked | None:
    """None where anything else is asked."""
    by, number, count, after = "", "", MOST, ""
    for name, value in query:
        if name in _BY and not number:
            system, bar, said = value.partition("|")
            parsed = parse(said) if bar and system == NHS_NUMBER else None
            if parsed is None:
                return None
            by, number = name, str(parsed)
        elif name == "_count" and value.isascii() and value.isdigit():
            count = max(1, min(int(value), MOST))
        elif name == "_cursor" and is_fhir_id(value):
            after = value
        else:
            return None
    return _Asked(by=by, number=number, count=count, after=after) if number else None


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


def _bundle(
    found: Sequence[tuple[str, Json]], links: Mapping[str, str], *, is_whole: bool
) -> Answer:
    entries = [
        {"fullUrl": url, "resource": content, "search": {"mode": "match"}}
        for url, content in found
    ]
    said: Json = {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": [{"relation": name, "url": url} for name, url in links.items()],
        **({"entry": entries} if entries else {}),
        **({"total": len(entries)} if is_whole else {}),
    }
    body = msgspec.json.encode(said)
    return Answer(body=body, headers=(JSON, (b"cache-control", b"no-store")))
