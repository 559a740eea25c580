# SPDX-License-Identifier: Apache-2.0
"""What has been kept for as long as it must be, and how long that is."""

import msgspec
from starlette.responses import Response

from wardkeep.apps.erasures.overview import DECIDERS, RULE_WORDS
from wardkeep.base.clock import from_microseconds
from wardkeep.base.ids import OrganisationId
from wardkeep.disclosure.answers import Done, Refusal, Terms, TermView
from wardkeep.disclosure.questions import ListRetention, SetRetention
from wardkeep.disclosure.retention import HEALTH_RECORD, MOST_YEARS, RULES
from wardkeep.fhir.store.retained import DueItems, RetainedReader
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

MOST_RECORDS = 50


class _Line(msgspec.Struct, frozen=True):
    """A rule as the page shows it."""

    term: TermView
    words: str
    types: str
    due: DueItems | None
    """None for whole records, which are listed one by one."""


async def _terms(visit: Visit) -> tuple[TermView, ...] | Refusal:
    given = await visit.warden.ask(ListRetention(visit.token), Terms)
    return given if isinstance(given, Refusal) else given.terms


@page("/erasures/due", gate=DECIDERS)
async def show_due(visit: Visit) -> Response:
    terms = await _terms(visit)
    if isinstance(terms, Refusal):
        return visit.refuse(terms)
    lines = [await _line(visit, term) for term in terms]
    [whole] = [one for one in terms if one.rule == HEALTH_RECORD.name]
    records = (
        []
        if whole.is_held
        else await visit.services[RetainedReader].records(
            organisation=OrganisationId(visit.session.organisation),
            before=from_microseconds(whole.before),
            now=visit.clock.now(),
            at_most=MOST_RECORDS + 1,
        )
    )
    return visit.render(
        "erasures/due.html",
        lines=lines,
        records=records[:MOST_RECORDS],
        is_more=len(records) > MOST_RECORDS,
        whole=whole,
        said=visit.query("said"),
    )


async def _line(visit: Visit, term: TermView) -> _Line:
    rule = RULES[term.rule]
    due = None
    if rule.types and not term.is_held:
        due = await visit.services[RetainedReader].items(
            rule,
            organisation=OrganisationId(visit.session.organisation),
            before=from_microseconds(term.before),
        )
    types = ", ".join(rule.types.values())
    return _Line(term, RULE_WORDS[rule.name], types, due)


async def _named(visit: Visit) -> TermView | Response:
    terms = await _terms(visit)
    if isinstance(terms, Refusal):
        return visit.refuse(terms)
    rule = visit.path("rule")
    return next((one for one in terms if one.rule == rule), visit.tell(NOT_FOUND))


@page("/erasures/due/{rule}", gate=DECIDERS)
async def show_term(visit: Visit) -> Response:
    term = await _named(visit)
    if isinstance(term, Response):
        return term
    typed = {"years": str(term.years), "held": "yes" if term.is_held else "no"}
    return _show(visit, term, Form(typed))


def _show(visit: Visit, term: TermView, form: Form) -> Response:
    problems = tuple(form.problems.values())
    return visit.render(
        "erasures/term.html",
        status=422 if problems else 200,
        words=RULE_WORDS[term.rule],
        rule=term.rule,
        least=RULES[term.rule].least_years,
        years=form.values.get("years", ""),
        held=form.values.get("held", ""),
        problems=problems,
    )


@page("/erasures/due/{rule}", gate=DECIDERS, methods=("POST",))
async def set_term(visit: Visit) -> Response:
    term = await _named(visit)
    if isinstance(term, Response):
        return term
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    least = RULES[term.rule].least_years
    years = form.whole_number(
        "years", called="the number of years", least=least, most=MOST_YEARS
    )
    held = form.choice("held", called="yes or no", among=("no", "yes"))
    if years is None or form.problems:
        return _show(visit, term, form)
    question = SetRetention(visit.token, term.rule, years, held == "yes")
    given = await visit.warden.ask(question, Done)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.go_to("/erasures/due?said=set")
