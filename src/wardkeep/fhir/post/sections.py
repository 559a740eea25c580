# SPDX-License-Identifier: Apache-2.0
"""What a surgery reads: five sections in the published order, each of plain lines.

There is one rendering. The document's narrative is made of these lines, and a page that
shows the document reads them out of it again.
"""

import html
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from wardkeep.fhir.post.journey import Journey
from wardkeep.fhir.questionnaires.spoken import answers_of, title_of
from wardkeep.fhir.triage.record import DECIDED, SUGGESTED, WHY
from wardkeep.fhir.urgent.outcome import REVOKED, Outcome
from wardkeep.fhir.urgent.queueing import Did
from wardkeep.fhir.urgent.steps import Step
from wardkeep.fhir.work.expects import Content, listed
from wardkeep.ui.format import show_moment

REPORTED, DISPOSITION, CONSULTATION, ASSESSMENT, ADVICE = (
    *("reported", "disposition", "consultation", "assessment", "advice"),
)
TITLES = {
    REPORTED: "Patient's reported condition",
    DISPOSITION: "Disposition and selected service",
    CONSULTATION: "Consultation summary",
    ASSESSMENT: "Assessment",
    ADVICE: "Advice given",
}
"""In the order that the standard prescribes, and no other section."""
NOTHING = "Nothing was written down."
_TOLD = {
    Step.REACH: "Rung back and reached",
    Step.NO_ANSWER: "Rung back, no answer",
    Step.COMFORT: "Rung to say that it takes longer",
    Step.AWAIT: "Awaited",
    Step.SEE: "Seen at the treatment centre",
    Step.ARRIVE: "Visited at home",
    Step.NOTE: "Noted at the visit",
    Step.REFER: "Sent to another service",
    Step.WITHDRAW: "Taken back from another service",
    Step.SEND_ON: "Sent to another service",
    Step.END: "Ended",
}
"""The steps of which a surgery reads; who handed what to whom is ours."""
_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One of them."""

    code: str
    title: str
    lines: tuple[str, ...] = ()


def sections_of(
    journey: Journey, *, services: Sequence[str] = ()
) -> tuple[Section, ...]:
    """All five; `services` are those that it was referred to by message."""
    written = {
        REPORTED: _reported(journey),
        DISPOSITION: _disposition(journey, services),
        CONSULTATION: _consultation(journey),
        ASSESSMENT: _assessment(journey),
        ADVICE: _advice(journey),
    }
    return tuple(
        Section(code=code, title=TITLES[code], lines=tuple(_lines(said)))
        for code, said in written.items()
    )


def narrative(section: Section) -> str:
    """A section as XHTML."""
    said = section.lines or (NOTHING,)
    told = "".join(f"<p>{html.escape(one, quote=False)}</p>" for one in said)
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{told}</div>'


def lines_in(div: str) -> tuple[str, ...]:
    """Undo it."""
    return tuple(html.unescape(one) for one in _PARAGRAPH.findall(div))


def _lines(said: Iterator[str]) -> Iterator[str]:
    """Without what XML cannot hold, and each line of what was typed by itself."""
    for words in said:
        for line in words.splitlines():
            kept = "".join(one for one in line if one >= " " and one != "\x7f").strip()
            if kept:
                yield kept


def _at(moment: datetime) -> str:
    return show_moment(moment.astimezone(UTC).isoformat())


def _reported(journey: Journey) -> Iterator[str]:
    case = journey.case
    yield case.complaint
    caller = case.caller or "Somebody who is not named"
    relation = f" ({case.relation})" if case.relation else ""
    who = "The patient rang" if case.is_patient else f"{caller}{relation} rang"
    yield f"{who} on {_at(case.began)}."


def _disposition(journey: Journey, services: Sequence[str]) -> Iterator[str]:
    last = journey.last
    if last is None:
        return
    if journey.was_reached:
        yield _came_to(last.said)
    else:
        yield f"Nobody could be reached. Before that: {_came_to(last.said)}"
    if services:
        yield f"Selected service: {', '.join(dict.fromkeys(services))}"
    before = [
        one.said
        for one in journey.came_to[:-1]
        if one.said.status != REVOKED and one.said.words != last.said.words
    ]
    for one in before:
        yield f"Before that, on {_at(one.given)}: {one.words}"


def _came_to(said: Outcome) -> str:
    due = f", by {_at(said.due)}" if said.due else ""
    return f"{said.words}{due}"


def _consultation(journey: Journey) -> Iterator[str]:
    end = journey.case.outcome
    if end is not None and end.said:
        yield f"{_at(end.at)}, {end.by.words}: {end.said}"
    last = journey.last
    taken_back = {
        one.said.id
        for one in journey.came_to
        if one.said.status == REVOKED and one is not last
    }
    steps = [
        did
        for entry in journey.entries
        for did in entry.standing
        if did.step in _TOLD
        and not (did.step is Step.END and entry.outcome in taken_back)
    ]
    for did in sorted(steps, key=lambda one: one.at):
        yield _did(did)


def _did(did: Did) -> str:
    words = f": {did.words}" if did.words else ""
    return f"{_at(did.at)}, {did.by.words}: {_TOLD[did.step]}{words}"


def _assessment(journey: Journey) -> Iterator[str]:
    for one in journey.triages:
        yield from _triage(one)


def _triage(content: Content) -> Iterator[str]:
    author = content.get("author")
    by = str(author.get("display", "")) if isinstance(author, dict) else ""
    when = show_moment(str(content.get("authored", "")))
    yield ", ".join(filter(None, (title_of(content, otherwise="Triage"), by, when)))
    yield from answers_of(content)
    said = {str(one.get("url")): one for one in listed(content, "extension")}
    for url, words in ((SUGGESTED, "Suggested"), (DECIDED, "Decided")):
        coding = said.get(url, {}).get("valueCoding")
        display = coding.get("display") if isinstance(coding, dict) else ""
        if display:
            yield f"{words}: {display}"
    why = said.get(WHY, {}).get("valueString")
    if isinstance(why, str) and why:
        yield f"Why: {why}"


def _advice(journey: Journey) -> Iterator[str]:
    end = journey.case.outcome
    if end is not None:
        yield end.advice
