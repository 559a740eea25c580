# SPDX-License-Identifier: Apache-2.0
"""A protocol goes to review, is thrown away and brought back, or written on from."""

import msgspec
from starlette.responses import Response

from wardkeep.apps.protocols.shelf import (
    NOT_WRITTEN_ON,
    being_written,
    protocol_of,
    stored,
)
from wardkeep.apps.protocols.writing import copied, new_protocol, show_whole
from wardkeep.base.outcome import Problem
from wardkeep.care.leads import LEADS
from wardkeep.care.of_patient import CHANGED, whole_number
from wardkeep.fhir.store.change import Removal
from wardkeep.fhir.triage.authoring import Head, head_of
from wardkeep.fhir.triage.judging import judged
from wardkeep.fhir.triage.protocol import (
    IN_REVIEW,
    THROWN_AWAY,
    TYPE,
    WRITING,
    Protocol,
    Review,
    frozen_id,
)
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

_TAKEN = Problem(
    place="of-version",
    wrong="this version was sent to review before",
    mend="Give it another version, and send it again.",
)
_UNMENDED = Problem(
    place="problems",
    wrong="something is still wrong with it",
    mend="Mend what is listed, and send it again.",
)


@page("/protocols/{id}/send", gate=LEADS, methods=("POST",))
async def send(visit: Visit) -> Response:
    """What is sent is another resource, which nobody changes any more."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await being_written(visit)
    if isinstance(found, Response):
        return found
    if found.version != whole_number(form.values.get("version", "")):
        return visit.tell(CHANGED)
    told = judged(*found.pair)
    problem = _UNMENDED if told.problems or told.content is None else None
    if problem is None and await _is_there(visit, found):
        problem = _TAKEN
    if problem is not None:
        said = Form({})
        said.problems[problem.place] = problem
        return show_whole(visit, found, said)
    frozen = msgspec.structs.replace(
        found, id=frozen_id(found), stage=IN_REVIEW, review=Review(), version=0
    )
    draft = Removal(type=TYPE, id=found.id, expected_version=found.version)
    kept = await stored(visit, frozen, 0, removals=[draft])
    if isinstance(kept, Response):
        return kept
    return visit.go_to(f"/protocols/{frozen.id}?said=sent")


async def _is_there(visit: Visit, protocol: Protocol) -> bool:
    found = await protocol_of(visit, frozen_id(protocol))
    return isinstance(found, Protocol)


@page("/protocols/{id}/throw-away", gate=LEADS, methods=("POST",))
async def throw_away(visit: Visit) -> Response:
    return await _moved(visit, to=THROWN_AWAY, said="thrown-away")


@page("/protocols/{id}/bring-back", gate=LEADS, methods=("POST",))
async def bring_back(visit: Visit) -> Response:
    return await _moved(visit, to=WRITING, said="brought-back")


async def _moved(visit: Visit, *, to: str, said: str) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await protocol_of(visit)
    if isinstance(found, Response):
        return found
    was = WRITING if to == THROWN_AWAY else THROWN_AWAY
    if found.stage != was:
        return visit.tell(NOT_WRITTEN_ON)
    moved = msgspec.structs.replace(found, stage=to)
    kept = await stored(visit, moved, whole_number(form.values.get("version", "")))
    if isinstance(kept, Response):
        return kept
    return visit.go_to(f"/protocols/{found.id}?said={said}")


@page("/protocols/{id}/write-on", gate=LEADS, methods=("POST",))
async def write_on(visit: Visit) -> Response:
    """A new one from a version that does not change, under the same name."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await protocol_of(visit)
    if isinstance(found, Response):
        return found
    head: Head = head_of(found.plan)
    return await new_protocol(visit, *copied(visit, found.pair, head.title))
