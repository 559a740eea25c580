# SPDX-License-Identifier: Apache-2.0
"""A protocol tried by hand, and held beside the version in use; nobody is opened."""

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from wardkeep.apps.protocols.shelf import STAGE_WORDS, protocol_of
from wardkeep.base.outcome import Problem
from wardkeep.care.leads import LEADS
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.triage.checking import played
from wardkeep.fhir.triage.comparing import compared
from wardkeep.fhir.triage.content import Content
from wardkeep.fhir.triage.engine import Question, Turn
from wardkeep.fhir.triage.evaluating import question_of
from wardkeep.fhir.triage.judging import judged
from wardkeep.fhir.triage.library import PLACES, engine_of
from wardkeep.fhir.triage.protocol import Protocol
from wardkeep.fhir.triage.standing import Standing, standing
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

MOST_FIELDS = 400
_FIELD = "q-"
NOT_RUN = Trouble(
    status=409,
    title="It cannot be run yet",
    why="Something is wrong with this protocol that keeps it from being run at all.",
    mend="Mend what its page lists, and come back.",
)


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What some answers came to."""

    given: str
    """As an example of a rule writes it."""
    turn: Turn | None = None
    problem: Problem | None = None


@page("/protocols/{id}/try", gate=LEADS)
async def show_trying(visit: Visit) -> Response:
    found = await _runs(visit)
    if isinstance(found, Response):
        return found
    return _show(visit, *found, {"age": "40"}, None)


async def _runs(visit: Visit) -> tuple[Protocol, Content] | Response:
    found = await protocol_of(visit)
    if isinstance(found, Response):
        return found
    content = judged(*found.pair).content
    return visit.tell(NOT_RUN) if content is None else (found, content)


def _show(
    visit: Visit,
    protocol: Protocol,
    content: Content,
    typed: Mapping[str, str],
    tried: Tried | None,
) -> Response:
    return visit.render(
        "protocols/try.html",
        one=protocol,
        content=content,
        questions=[question_of(item) for item in content.items.values()],
        typed=typed,
        tried=tried,
        words={link: item.words() for link, item in content.items.items()},
        dispositions=DISPOSITIONS,
    )


@page("/protocols/{id}/try", gate=LEADS, methods=("POST",))
async def try_out(visit: Visit) -> Response:
    form = await visit.form(most_fields=MOST_FIELDS)
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await _runs(visit)
    if isinstance(found, Response):
        return found
    protocol, content = found
    asked = [question_of(item) for item in content.items.values()]
    given = given_in(form.values, asked)
    turn = played(content, engine_of(content), given)
    tried = (
        Tried(given=given, turn=turn)
        if isinstance(turn, Turn)
        else Tried(given=given, problem=turn)
    )
    return _show(visit, protocol, content, form.values, tried)


def given_in(values: Mapping[str, str], asked: list[Question]) -> str:
    """The answers of a form as an example writes them."""
    pairs = [(name, values.get(name, "").strip()) for name in ("age", "sex")]
    pairs += [
        (one.link, values.get(f"{_FIELD}{one.link}", "").strip().replace(",", "."))
        for one in asked
    ]
    said = [(name, value.replace(";", " ")) for name, value in pairs if value]
    return "; ".join(f"{name}={value}" for name, value in said)


@page("/protocols/{id}/compare", gate=LEADS)
async def show_compared(visit: Visit) -> Response:
    found = await _runs(visit)
    if isinstance(found, Response):
        return found
    protocol, content = found
    stands = await stands_for(visit, content)
    if isinstance(stands, Response):
        return stands
    return visit.render(
        "protocols/compare.html",
        one=protocol,
        content=content,
        before=stands.content,
        is_in_use=stands.is_on,
        stage=STAGE_WORDS[protocol.stage],
        found=compared(stands.content, content),
        dispositions=DISPOSITIONS,
    )


async def stands_for(visit: Visit, content: Content) -> Standing | Response:
    """What the organisation uses of the same engine, else what was shipped."""
    name = PLACES[content.engine]
    found = await standing(visit.services[Reader], name, opener=opener_of(visit))
    return visit.refuse(found) if isinstance(found, Refusal) else found
