# SPDX-License-Identifier: Apache-2.0
"""A call's questions: where they stand by the form's log, and what they fill in.

Pure: a log is read as it was sent, whatever refuses to be read is told, and the same
log comes to the same. No page, clock or store is in it.
"""

from collections.abc import Mapping, MutableMapping
from functools import partial

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.care.triage_shown import Shown, shown_in
from wardkeep.fhir.triage.checklist import answers_in
from wardkeep.fhir.triage.engine import (
    NO,
    NOT_SURE,
    TAKEN_BACK,
    YES,
    About,
    Answer,
    Entry,
    Question,
    SetAside,
    Turn,
    take,
)
from wardkeep.fhir.triage.evaluating import known
from wardkeep.fhir.triage.strict_order import StrictOrder
from wardkeep.fhir.triage.written_log import entries_in, lines_of

ADVICE = (
    "If it gets worse, if something new starts, or if you are worried, ring 111 again."
    " If somebody cannot breathe, will not wake or bleeds heavily, ring 999."
)
"""What the form begins with; whoever reads it out changes it to fit."""
BACK = "back"
CHOICES = ((YES, "Yes"), (NO, "No"), (NOT_SURE, "Not sure"))
"""In the order of their keys: 1, 2, 3."""
FILLED = ("disposition", "said", "advice")
_WORDS = dict(CHOICES)
MOST_OF_A_CALL = 200
"""Answers, and answers taken back; more is no conversation, and each is replayed."""
_CHANGED = Problem(
    place="log",
    wrong="An answer does not fit the questions",
    mend="It was left out: go on from the question that is asked now.",
)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Where the questions of a call stand."""

    engine: StrictOrder
    turn: Turn
    is_to_patient: bool
    """Whether the patient answers; else somebody speaks of them."""
    problems: tuple[Problem, ...] = ()

    @property
    def log(self) -> str:
        return lines_of(self.turn.log.entries)


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked now, or what it came to, in words."""

    number: int
    """Of the question that is asked, from one."""
    words: str
    """Of the question; empty: nothing is asked any more."""
    help: str
    last: str
    """What the key that takes back would take back; empty: nothing."""
    shown: Shown


def read(
    engine: StrictOrder, about: About, text: str, *, by: str, is_to_patient: bool
) -> Asked:
    """The log as the form has it; an entry that is refused is left out, and told.

    `by`: who sets red flags aside; empty where they may not.
    """
    turn, problems = engine.start(about), []
    entries = entries_in(text, by=by)
    if len(entries) > MOST_OF_A_CALL:
        entries, problems = entries[:MOST_OF_A_CALL], [_CHANGED]
    for entry in entries:
        found = take(engine, turn, entry)
        if isinstance(found, Turn):
            turn = found
        else:
            problems = [_CHANGED]
    return Asked(
        engine=engine, turn=turn, is_to_patient=is_to_patient, problems=tuple(problems)
    )


def entry_for(asked: Asked, key: str, *, at: str) -> Answer | None:
    """What a key answers; None: it answers nothing here."""
    if key == BACK:
        last = _last(asked.turn)
        return Answer(link=last, value=TAKEN_BACK, at=at) if last else None
    if key not in _WORDS or asked.turn.is_ended:
        return None
    return Answer(link=asked.turn.asks[0].link, value=key, at=at)


def after(asked: Asked, entry: Entry) -> Asked:
    """One entry on; a Problem changes nothing but that it is told."""
    found = take(asked.engine, asked.turn, entry)
    if isinstance(found, Turn):
        return msgspec.structs.replace(asked, turn=found)
    place = "aside-why" if isinstance(entry, SetAside) else "log"
    problem = Problem(place=place, wrong=found.wrong, mend=found.mend)
    return msgspec.structs.replace(asked, problems=(*asked.problems, problem))


def ahead_of(asked: Asked) -> dict[str, tuple[str, Asked]]:
    """What each key leads to, with its line of the log, but for the time."""
    found = {}
    for key in (*_WORDS, BACK):
        entry = entry_for(asked, key, at="")
        turn = take(asked.engine, asked.turn, entry) if entry is not None else None
        if entry is not None and isinstance(turn, Turn):
            line = lines_of((entry,)).removeprefix(" | ")
            found[key] = (line, msgspec.structs.replace(asked, turn=turn))
    return found


def _last(turn: Turn) -> str:
    """The last question that stands answered and may be taken back."""
    if turn.result.raised:
        return ""
    return next(reversed(answers_in(turn.log)), "")


def card_of(asked: Asked) -> Card:
    """The page's words for where it stands."""
    turn, content = asked.turn, asked.engine.content
    question = turn.asks[0] if turn.asks else None
    last, answered = _last(turn), answers_in(turn.log)
    words = partial(content.words_of, about=known(turn.log.about))
    return Card(
        number=len(answered) + 1,
        words=_words(question, asked) if question else "",
        help=question.help if question else "",
        last=f"{words(last)} {_WORDS[answered[last]]}" if last else "",
        shown=shown_in(content, turn, {}),
    )


def _words(question: Question, asked: Asked) -> str:
    to_patient = question.to_patient if asked.is_to_patient else ""
    return to_patient or question.words


def fill_of(asked: Asked | None) -> dict[str, str]:
    """What the answers fill into the rest of the form, by field."""
    if asked is None or not asked.turn.is_ended:
        return {"disposition": "", "said": "", "advice": ADVICE}
    result = asked.turn.result
    found = ", ".join(one.words for one in result.fired)
    nothing = "None of the danger signs that were asked about."
    asks = bool(asked.turn.log.entries)
    return {
        "disposition": result.disposition,
        "said": f"Found: {found}." if found else (nothing if asks else ""),
        "advice": "\n".join(result.advice),
    }


def fill_in(
    values: MutableMapping[str, str],
    before: Mapping[str, str],
    now: Mapping[str, str],
) -> None:
    """Put it where nobody typed anything else; what was typed stays."""
    for name in FILLED:
        if values.get(name, "").replace("\r\n", "\n") == before[name]:
            values[name] = now[name]
