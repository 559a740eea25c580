# SPDX-License-Identifier: Apache-2.0
"""The clinicians' engine: present or absent in any order, scores and a suggestion live.

The same answers come to the same result in whatever order they were given. A red flag
that was once ticked stands, though its tick is taken back, until somebody sets it aside
and says why.
"""

from collections.abc import Mapping

from wardkeep.base.outcome import Problem
from wardkeep.fhir.triage.condition import Value
from wardkeep.fhir.triage.content import Content
from wardkeep.fhir.triage.engine import (
    TAKEN_BACK,
    About,
    Answer,
    Log,
    Named,
    Overruled,
    Result,
    SetAside,
    Turn,
)
from wardkeep.fhir.triage.evaluating import (
    Evaluation,
    evaluate,
    known,
    question_of,
    read_answer,
    result_of,
)
from wardkeep.fhir.triage.setting_aside import held, kept, latched, refused, set_aside

NOT_MEANT = "This checklist is not meant for this patient. Nothing is suggested."


class Checklist:
    """An `Engine` over one content, whose red flags can be set aside."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self._asks = tuple(question_of(one) for one in content.items.values())

    @property
    def named(self) -> Named:
        return self.content.named

    def start(self, about: About) -> Turn:
        log = Log(named=self.named, about=about)
        applies = self.content.applies
        if applies is not None and not applies.holds(known(about)):
            return Turn(log=log, result=Result(note=NOT_MEANT))
        found = evaluate(self.content, self.values(log))
        return self._turn(log, found, frozenset(), ())

    def answer(self, turn: Turn, answer: Answer) -> Turn | Problem:
        item = self.content.items.get(answer.link)
        if turn.is_ended or item is None:
            wrong = "it is no question of this checklist"
            mend = "Answer one that is asked."
            return Problem(place=answer.link, wrong=wrong, mend=mend)
        read = read_answer(item, answer.value)
        if isinstance(read, Problem):
            return read
        log = kept(turn, answer)
        found = evaluate(self.content, self.values(log))
        raised, aside = latched(turn, holds=_red(found))
        return self._turn(log, found, raised, aside)

    def set_aside(self, turn: Turn, setting: SetAside) -> Turn | Problem:
        problem = refused(turn.result, setting)
        if problem is not None:
            return problem
        raised, aside = set_aside(self.content, turn.result, setting)
        found = evaluate(self.content, self.values(turn.log))
        return self._turn(kept(turn, setting), found, raised, aside)

    def _turn(
        self,
        log: Log,
        found: Evaluation,
        raised: frozenset[str],
        aside: tuple[Overruled, ...],
    ) -> Turn:
        result = result_of(
            self.content, found, answers_in(log), raised=raised, overruled=aside
        )
        state = held(self.content, _red(found))
        return Turn(log=log, asks=self._asks, result=result, state=state)

    def values(self, log: Log) -> Mapping[str, Value]:
        values = known(log.about)
        for link, text in answers_in(log).items():
            read = read_answer(self.content.items[link], text)
            if read is not None and not isinstance(read, Problem):
                values[link] = read
        return values


def answers_in(log: Log) -> dict[str, str]:
    """What stands answered, by link: the last word on each question."""
    found: dict[str, str] = {}
    for one in log.entries:
        if not isinstance(one, Answer):
            continue
        if one.value == TAKEN_BACK:
            found.pop(one.link, None)
        else:
            found[one.link] = one.value
    return found


def _red(found: Evaluation) -> frozenset[str]:
    return frozenset(one.id for one in found.fired if one.is_red_flag)
