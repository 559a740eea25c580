# SPDX-License-Identifier: Apache-2.0
"""A triage engine that is none of ours: it keeps its own state and content.

It stands for a licensed product behind the same socket: it branches by what was
answered, has codes of its own, which it maps to the list, and knows nothing of
Questionnaires, checklists or red flags that somebody could set aside. Its questions are
made up, and no rule of any product.
"""

from collections.abc import Mapping

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.triage.engine import (
    About,
    Answer,
    Choice,
    Log,
    Named,
    Question,
    Result,
    Turn,
)

NAMED = Named(
    engine="made-up",
    canonical="urn:example:made-up-pathways",
    version="41.2",
    digest="0" * 64,
)
_CODES = {"Zx1": "ambulance-2", "Zx7": "clinician-2h", "Zx9": "pharmacy"}
"""What it comes to, in its own codes, by ours."""
_TREE: Mapping[str, Mapping[str, str]] = {
    "where": {"head": "how-bad", "foot": "Zx9"},
    "how-bad": {"worst": "Zx1", "mild": "Zx7"},
}
_WORDS = {"where": "Where does it hurt?", "how-bad": "How bad is it?"}


class MadeUpEngine:
    """An `Engine`, and no `CanSetAside`."""

    @property
    def named(self) -> Named:
        return NAMED

    def start(self, about: About) -> Turn:
        return self._at("where", Log(named=NAMED, about=about))

    def answer(self, turn: Turn, answer: Answer) -> Turn | Problem:
        following = _TREE.get(turn.state, {}).get(answer.value)
        if following is None or answer.link != turn.state:
            mend = "Answer what is asked."
            return Problem(place=answer.link, wrong="it is not asked", mend=mend)
        log = msgspec.structs.replace(turn.log, entries=(*turn.log.entries, answer))
        return self._at(following, log)

    def _at(self, node: str, log: Log) -> Turn:
        if node in _CODES:
            return Turn(log=log, result=Result(disposition=_CODES[node]), state=node)
        choices = tuple(Choice(code, code.title()) for code in _TREE[node])
        asked = Question(link=node, words=_WORDS[node], kind="choice", choices=choices)
        return Turn(log=log, asks=(asked,), state=node)
