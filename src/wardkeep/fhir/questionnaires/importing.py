# SPDX-License-Identifier: Apache-2.0
"""A Questionnaire from a file: what is wrong with it and where, or a draft to approve.

What cannot be asked, added up or shown as its author meant it is refused whole: a scale
without one of its questions is another scale. Nothing of a file is in use before
somebody who may says so.
"""

from collections.abc import Iterator

from wardkeep.base.ids import new_uuid
from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.resource import parse
from wardkeep.fhir.questionnaires.editing import Json
from wardkeep.fhir.questionnaires.questionnaire import (
    Questionnaire,
    cannot_ask,
    read_questionnaire,
)
from wardkeep.fhir.questionnaires.scale import faults_of
from wardkeep.fhir.questionnaires.shelf import ASSESSMENT, DRAFT, TYPE, Kept
from wardkeep.fhir.validation import check

MOST_BYTES = 150_000
"""Of a file: the longest published scales have a tenth of it."""
MOST_TOLD = 20
"""Faults that are told at once: more are told when these are mended."""
_OURS = ("id", "meta", "text", "status", "contained")
_AGAIN = "Change it in the file, and bring it in again."


def read_file(text: bytes) -> Json | tuple[Problem, ...]:
    """The resource as it is stored: a new draft, for clinicians; or what is wrong."""
    made = parse(text, most_bytes=MOST_BYTES)
    if isinstance(made, tuple):
        return made
    if made.type != TYPE:
        wrong = f"it is a {made.type}, and no Questionnaire"
        return (_problem("resourceType", wrong, "Choose another file."),)
    found = check(made)
    if found:
        return found[:MOST_TOLD]
    read = read_questionnaire(made.compact)
    if read is None:
        wrong = "its questions cannot be read"
        return (_problem(TYPE, wrong, "Have it written as FHIR R4 says."),)
    faults = tuple(_faults(made.content, read))
    return faults[:MOST_TOLD] or _as_draft(made.content)


def _faults(content: Json, read: Questionnaire) -> Iterator[Problem]:
    if not read.title.strip():
        yield _problem(f"{TYPE}.title", "it has no title", "Give it one.")
    if not read.item:
        yield _problem(f"{TYPE}.item", "it asks nothing", "Choose another file.")
    if "contained" in content:
        wrong = "it holds other resources, which are not read"
        yield _problem(f"{TYPE}.contained", wrong, "Write its answers into its items.")
    for sentence in (*cannot_ask(read), *faults_of(read)):
        yield _problem(f"{TYPE}.item", sentence.rstrip("."), _AGAIN)


def _problem(place: str, wrong: str, mend: str) -> Problem:
    return Problem(place=place, wrong=wrong, mend=mend)


def _as_draft(content: Json) -> Json:
    id_ = new_uuid()
    kept = {name: value for name, value in content.items() if name not in _OURS}
    code = {"system": ASSESSMENT.system, "code": ASSESSMENT.code}
    codes = [one for one in kept.get("code", ()) if one != code]
    return {
        "resourceType": TYPE,
        "id": id_,
        "url": f"urn:uuid:{id_}",
        "version": "1",
        **kept,
        "status": DRAFT,
        "code": [*codes, code],
    }


def twin_of(content: Json, shelf: tuple[Kept, ...]) -> Kept | None:
    """The same Questionnaire on the shelf, at whatever version; None: it is new."""
    url = str(content.get("url", ""))
    return next((one for one in shelf if one.questionnaire.url == url), None)
