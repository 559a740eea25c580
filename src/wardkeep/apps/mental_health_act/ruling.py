# SPDX-License-Identifier: Apache-2.0
"""The rules of the Act: read by whoever works with them, loaded by an administrator.

A file is read by the browser and sent as text; without scripts its text can be pasted.
What is wrong with it is told with its place, and nothing is stored. What is loaded is a
version of a Library of the organisation's own, with who loaded it, in the ledger.
"""

import base64
from collections.abc import Sequence

from starlette.responses import Response

from wardkeep.apps.mental_health_act.opening import (
    LIBRARY,
    OFFICE,
    RULES_ID,
    RuleBook,
    rule_book,
)
from wardkeep.base.outcome import Problem
from wardkeep.care.of_patient import CHANGED, whole_number
from wardkeep.care.opening import author_of, instant, opener_of
from wardkeep.care.writing import drafted
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.mha.rules import BASES, MOST_BYTES, Rules, read_rules
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import Written
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

RULERS = Gate.SIGNED_IN.only("administrator")
_PERCENT = 3
"""A byte in a form takes up to three (`%0A`)."""


@page("/mental-health-act/rules", gate=Gate.SIGNED_IN)
async def show_rules(visit: Visit) -> Response:
    book = await rule_book(visit)
    if isinstance(book, Response):
        return book
    return _show(visit, book)


def _show(
    visit: Visit,
    book: RuleBook,
    *,
    text: str = "",
    problems: Sequence[Problem] = (),
) -> Response:
    return visit.render(
        "mental_health_act/rules.html",
        status=422 if problems else 200,
        book=book,
        bases=BASES,
        text=text,
        problems=problems,
        most=MOST_BYTES,
        may_load=RULERS.admits(visit.session.role),
        is_office=OFFICE.admits(visit.session.role),
        said=visit.query("said"),
        now=book.text.decode(),
    )


@page("/mental-health-act/rules", gate=RULERS, methods=("POST",))
async def load_rules(visit: Visit) -> Response:
    form = await visit.form(longest=MOST_BYTES * _PERCENT)
    if isinstance(form, Trouble):
        return visit.tell(form)
    book = await rule_book(visit)
    if isinstance(book, Response):
        return book
    text = form.values.get("file", "").replace("\r\n", "\n")
    rules = read_rules(text.encode())
    if not isinstance(rules, Rules):
        return _show(visit, book, text=text, problems=rules)
    if text.encode() == book.text:
        return visit.go_to("/mental-health-act/rules?said=same")
    content = await _library(visit, rules, text)
    change = Change(
        drafts=[drafted(content)],
        expected=[whole_number(form.values.get("version", ""))],
    )
    written = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(written, Refusal):
        return visit.refuse(written)
    if not isinstance(written, Written):
        return visit.tell(CHANGED)
    return visit.go_to("/mental-health-act/rules?said=loaded")


async def _library(visit: Visit, rules: Rules, text: str) -> dict[str, object]:
    author = await author_of(visit)
    kind = "http://terminology.hl7.org/CodeSystem/library-type"
    return {
        "resourceType": LIBRARY,
        "id": RULES_ID,
        "version": rules.version,
        "name": "MentalHealthActRules",
        "title": rules.title,
        "status": "active",
        "type": {"coding": [{"system": kind, "code": "asset-collection"}]},
        "date": instant(visit),
        "author": [{"name": author["display"]}],
        "content": [
            {
                "contentType": "application/toml",
                "data": base64.b64encode(text.encode()).decode(),
                "title": rules.title,
            }
        ],
    }
