# SPDX-License-Identifier: Apache-2.0
"""Decision support: 200 rules evaluated whole (aim 10 ms), and one tick answered.

The rules are those of the checklist that comes with Wardkeep, written out until there
are 200. A tick is answered by its whole log replayed, as a page without memory does.
"""

import time
from collections.abc import Callable
from statistics import median

import msgspec

from wardkeep.fhir.triage.checklist import Checklist
from wardkeep.fhir.triage.engine import About, Answer, Turn, go_on, replay
from wardkeep.fhir.triage.evaluating import evaluate
from wardkeep.fhir.triage.library import shipped_content

RULES, TICKS, ROUNDS = 200, 40, 200
_MILLISECONDS = 1e3


def _timed(act: Callable[[], object]) -> float:
    """The median of a round, in milliseconds."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        act()
        took.append(time.perf_counter() - began)
    return _MILLISECONDS * median(took)


def run() -> dict[str, float]:
    shipped = shipped_content("adult-checklist")
    times = -(-RULES // len(shipped.rules))
    rules = tuple(
        msgspec.structs.replace(rule, id=f"{rule.id}-{number}")
        for number in range(times)
        for rule in shipped.rules
    )[:RULES]
    content = msgspec.structs.replace(shipped, rules=rules)
    engine = Checklist(content)
    links = [link for link, one in content.items.items() if one.type == "boolean"]
    answers = [
        Answer(link=link, value="yes" if number % 3 else "no")
        for number, link in enumerate(links[:TICKS])
    ]
    turn = go_on(engine, engine.start(About(years=70)), answers)
    if not isinstance(turn, Turn):
        raise SystemExit(str(turn))
    log, values = turn.log, engine.values(turn.log)
    before = go_on(engine, engine.start(About(years=70)), answers[:-1])
    if not isinstance(before, Turn):
        raise SystemExit(str(before))
    return {
        "rules": len(rules),
        "evaluated whole, ms (aim 10)": _timed(lambda: evaluate(content, values)),
        "one tick with the result, ms (aim 100)": _timed(
            lambda: engine.answer(before, answers[-1])
        ),
        f"a log of {TICKS} ticks replayed, ms": _timed(lambda: replay(engine, log)),
    }
