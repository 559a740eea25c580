# SPDX-License-Identifier: Apache-2.0
"""Search inside one record: titles, codes and values, within a bound that it tells.

Sealed rows cannot be searched by part of a word, so they are opened, the newest first,
and looked through here; the ledger names each. What was looked for is in no address.
Nothing of it is kept for the next search: a text kept open in the web process would be
what whoever takes that process over reads without the door.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.records.frame import open_section, render_section
from wardkeep.apps.records.inside import stretch_of, text_in
from wardkeep.care import reading
from wardkeep.care.timeline import TOLD_KINDS, Happening, happening_of, is_wrong
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.store.parts import Part
from wardkeep.web.forms import Form
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

MOST_LOOKED_THROUGH, MOST_SHOWN = 6_000, 100
_SHORTEST = 2
KINDS = (*TOLD_KINDS, "Alert", "Allergy", "Result")
"""What a line calls itself, in words that no resource has."""
_TYPES = tuple(
    one
    for one in reading.SHOWN_TYPES
    if one not in ("Patient", "AllergyIntolerance", "Flag", "ClinicalImpression")
    # A ward's rounds would fill the bound; what is given was prescribed.
    and one != "MedicationAdministration"
)


@page("/patients/{id}/search", gate=Gate.SIGNED_IN)
async def show_looking(visit: Visit) -> Response:
    return await _show(visit, Form({}))


@page("/patients/{id}/search", gate=Gate.SIGNED_IN, methods=("POST",))
async def look_through(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    # It is stored nowhere, so a number in it is no code that anybody could collect.
    words = form.text("words", called="what you look for", at_most=60, is_way_in=True)
    if words and len(words) < _SHORTEST:
        form.reject("words", wrong="One letter is in everything", mend="Enter two.")
    return await _show(visit, form, words)


async def _show(visit: Visit, form: Form, words: str = "") -> Response:
    is_asked = bool(words) and not form.problems
    parts = [Part(types=_TYPES, at_most=MOST_LOOKED_THROUGH)] if is_asked else []
    frame = await open_section(visit, *parts, is_charted=False)
    if isinstance(frame, Response):
        return frame
    found = found_in(frame.opened.resources, words) if is_asked else []
    problems = tuple(form.problems.values())
    return render_section(
        visit,
        "records/search.html",
        frame,
        section="search",
        status=422 if problems else 200,
        typed=form.values.get("words", ""),
        problems=problems,
        is_asked=is_asked,
        found=found[:MOST_SHOWN],
        left_out=max(0, len(found) - MOST_SHOWN),
        is_more=any(frame.is_more),
    )


_READ_WHOLE = frozenset({"Composition", "QuestionnaireResponse"})
"""Their words stand between marks, or are ours (Yes, No): only reading tells."""


def found_in(resources: tuple[OpenedResource, ...], words: str) -> list[Happening]:
    """What has every word somewhere, the newest first."""
    wanted = words.casefold().split()
    literal = [word.encode() for word in wanted if _stands_as_such(word)]
    found = []
    for one in resources:
        if one.type not in _READ_WHOLE and not _may_hold(one.text, literal):
            continue
        read = reading.read(one.type, one.id, one.text)
        line = line_of(read)
        if line is None:
            continue
        text = text_in(read, one.text)
        said = f"{line.kind} {line.words} {line.detail} {text}".casefold()
        if all(word in said for word in wanted):
            around = stretch_of(text, wanted[0])
            detail = "; ".join(part for part in (line.detail, around) if part)
            found.append(msgspec.structs.replace(line, detail=detail))
    return sorted(found, key=lambda line: line.when, reverse=True)


def _stands_as_such(word: str) -> bool:
    """Whether a line that has this word has it from its resource, letter by letter.

    Numbers are written anew (1e3 becomes 1E+3), and the kinds' words are ours.
    """
    is_ours = any(word in kind.casefold() for kind in KINDS)
    return word.isascii() and word.isalpha() and not is_ours


def _may_hold(text: bytes, words: list[bytes]) -> bool:
    """Whether its line may have these words: to read it takes ten times as long.

    Where letters may stand for others (escapes, what folds to ASCII), only reading
    tells.
    """
    if not text.isascii() or b"\\u" in text:
        return True
    lowered = text.lower()
    return all(word in lowered for word in words)


def line_of(part: object) -> Happening | None:
    """A resource as a line of results; None for one that has none, or was wrong."""
    if is_wrong(part):
        return None
    if isinstance(part, reading.Observation):
        return _of_observation(part)
    if isinstance(part, reading.AllergyIntolerance | reading.Flag):
        kind = "Alert" if isinstance(part, reading.Flag) else "Allergy"
        since = part.period.start if isinstance(part, reading.Flag) else ""
        return Happening(when=since, kind=kind, words=part.code.words, detail="")
    if isinstance(part, reading.MedicationStatement):
        detail = "; ".join(one.text for one in part.dosage if one.text)
        words = part.medication_codeable_concept.words
        when = part.effective_date_time or part.effective_period.start
        return Happening(when=when, kind="Medicine", words=words, detail=detail)
    return happening_of(part)


def _of_observation(one: reading.Observation) -> Happening:
    values = [one.value_quantity.words, one.value_codeable_concept.words]
    values += [one.value_string]
    values += [
        f"{part.code.words} {part.value_quantity.words}"
        for part in one.component
        if part.value_quantity.value is not None
    ]
    codes = ", ".join(coding.code for coding in one.code.coding if coding.code)
    shown = "; ".join(value for value in values if value)
    detail = f"{shown} ({codes})" if codes else shown
    return Happening(when=one.when, kind="Result", words=one.code.words, detail=detail)
