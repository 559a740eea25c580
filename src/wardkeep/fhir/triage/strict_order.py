# SPDX-License-Identifier: Apache-2.0
"""The call takers' engine: one question at a time, red flags first, nothing skipped.

Whoever is not sure is taken to have said what is dangerous (`safe-side` of a question).
A red flag ends it at once. Who goes on has set it aside, by name and with a reason. The
last answer can be taken back, and its question is asked again; the log keeps both.
"""

from collections.abc import Mapping

from wardkeep.base.outcome import Problem
from wardkeep.fhir.questionnaires.answers import Given
from wardkeep.fhir.questionnaires.enabling import is_asked
from wardkeep.fhir.questionnaires.questionnaire import Item
from wardkeep.fhir.triage import written
from wardkeep.fhir.triage.checklist import answers_in
from wardkeep.fhir.triage.condition import Value, Values
from wardkeep.fhir.triage.content import Content
from wardkeep.fhir.triage.engine import (
    NOT_SURE,
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
    evaluate,
    known,
    question_of,
    read_answer,
    result_of,
)
from wardkeep.fhir.triage.pressing import NOW_SPEAK
from wardkeep.fhir.triage.setting_aside import held, kept, latched, refused, set_aside
from wardkeep.fhir.triage.wordings import PLAIN

NOT_MEANT = (
    "These questions are not meant for this patient, or the age is not known:"
    " a clinician decides."
)


def is_dangerous(item: Item) -> bool:
    """Which answer of a yes-or-no question counts where the caller is not sure."""
    said = item.said(written.SAFE_SIDE)
    return said is None or said.value_boolean is not False


class StrictOrder:
    """An `Engine` over one content, whose red flags can be set aside."""

    def __init__(self, content: Content) -> None:
        self.content = content

    @property
    def named(self) -> Named:
        return self.content.named

    def start(self, about: About) -> Turn:
        log = Log(named=self.named, about=about)
        applies = self.content.applies
        if applies is not None and not applies.holds(known(about)):
            return Turn(log=log, result=Result(disposition=NOW_SPEAK, note=NOT_MEANT))
        return self._turn(log, frozenset(), ())

    def answer(self, turn: Turn, answer: Answer) -> Turn | Problem:
        problem = self._unfit(turn, answer)
        if problem is not None:
            return problem
        log = kept(turn, answer)
        raised, aside = latched(turn, holds=self._red(log))
        return self._turn(log, raised, aside)

    def set_aside(self, turn: Turn, setting: SetAside) -> Turn | Problem:
        problem = refused(turn.result, setting)
        if problem is not None:
            return problem
        raised, aside = set_aside(self.content, turn.result, setting)
        return self._turn(kept(turn, setting), raised, aside)

    def _unfit(self, turn: Turn, answer: Answer) -> Problem | None:
        if answer.value == TAKEN_BACK:
            return self._not_taken_back(turn, answer)
        if turn.is_ended:
            wrong = "nothing is asked: it has ended"
            mend = "Set a red flag aside with a reason, or begin anew."
            return Problem(place=answer.link, wrong=wrong, mend=mend)
        asked = turn.asks[0]
        if answer.link != asked.link:
            wrong = f"what is asked now is “{asked.words}”"
            mend = "Answer that; no question is skipped."
            return Problem(place=answer.link, wrong=wrong, mend=mend)
        read = read_answer(self.content.items[answer.link], answer.value)
        return read if isinstance(read, Problem) else None

    def _not_taken_back(self, turn: Turn, answer: Answer) -> Problem | None:
        last = next(reversed(answers_in(turn.log)), "")
        if turn.result.raised:
            wrong = "a red flag stands, and no answer takes it back"
            mend = "Set it aside with a reason."
            return Problem(place=answer.link, wrong=wrong, mend=mend)
        if not last or last != answer.link:
            wrong = "it is not the last question that was answered"
            mend = "Take back the last one first."
            return Problem(place=answer.link, wrong=wrong, mend=mend)
        return None

    def _turn(
        self, log: Log, raised: frozenset[str], aside: tuple[Overruled, ...]
    ) -> Turn:
        answered = answers_in(log)
        state = held(self.content, self._red(log))
        about = known(log.about)
        following = next(iter(self._due(answered, about)), None)
        if following is not None and not raised:
            result = Result(overruled=aside)
            wording = self.content.wording(following.link_id, about)
            asks = (question_of(following, wording),)
            return Turn(log=log, asks=asks, result=result, state=state)
        result = result_of(
            self.content,
            evaluate(self.content, self._values(log)),
            answered,
            raised=raised,
            overruled=aside,
            otherwise=self.content.otherwise,
        )
        return Turn(log=log, result=result, state=state)

    def _due(self, answered: Mapping[str, str], about: Values) -> list[Item]:
        """Questions still to be asked, in their order, by what they depend on."""
        fits = self.content.fits
        given = {
            link: (Given("valueBoolean", self._value(link, text)),)
            for link, text in answered.items()
        }
        return [
            item
            for link, item in self.content.items.items()
            if link not in answered
            and fits.get(link, PLAIN).is_asked(about)
            and is_asked(item, given)
        ]

    def _value(self, link: str, text: str) -> Value | None:
        item = self.content.items[link]
        if text == NOT_SURE:
            return is_dangerous(item)
        read = read_answer(item, text)
        return None if isinstance(read, Problem) else read

    def _values(self, log: Log) -> Mapping[str, Value]:
        values = known(log.about)
        for link, text in answers_in(log).items():
            value = self._value(link, text)
            if value is not None:
                values[link] = value
        return values

    def _red(self, log: Log) -> frozenset[str]:
        """Red flags that hold; what is still unknown with all answered holds too."""
        answered = answers_in(log)
        values = evaluate(self.content, self._values(log)).values
        found = set()
        for rule in self.content.rules:
            held = rule.condition.run(values) if rule.is_red_flag else False
            is_unknown = held is None and all(link in answered for link in rule.reads)
            if held is True or is_unknown:
                found.add(rule.id)
        return frozenset(found)
