# SPDX-License-Identifier: Apache-2.0
"""A thousand answer logs with what they came to, stored: `vectors/answer-logs.txt`.

A walk with a fixed seed over the content that comes with Wardkeep. They are written
anew only where content or advice got another version (`python -m support.answer_logs`
in `tests/`); whoever does so says why in the changelog.

A line has content, age, sex, entries, disposition and fingerprint, with bars between.
An entry is the question's place in the content, then y, n, u (not sure), b (taken back)
or a number.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from wardkeep.assembly.demo.chance import Chance
from wardkeep.fhir.triage.checklist import answers_in
from wardkeep.fhir.triage.content import STRICT_ORDER, Content
from wardkeep.fhir.triage.engine import (
    NO,
    NOT_SURE,
    TAKEN_BACK,
    YES,
    About,
    Answer,
    Log,
    Turn,
    fingerprint,
    take,
)
from wardkeep.fhir.triage.library import engine_of, shipped_content

FILE = Path(__file__).resolve().parents[1] / "vectors" / "answer-logs.txt"
HOW_MANY = {
    "adult-danger-signs": 500,
    "child-danger-signs": 250,
    "adult-checklist": 250,
}
_LETTERS = {"y": YES, "n": NO, "u": NOT_SURE, "b": TAKEN_BACK}
_VALUES = {value: letter for letter, value in _LETTERS.items()}
_ENTRY = re.compile(r"([0-9]+)([ynub]|=[0-9]+)")


class Stored(NamedTuple):
    """One of them."""

    content: str
    log: Log
    disposition: str
    fingerprint: str


def stored(text: str) -> Iterator[Stored]:
    """What the file says; each log is under the content that is named in its head."""
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, years, sex, said, disposition, print_ = line.split("|")
        content = shipped_content(name)
        about = About(years=int(years), sex=sex)
        log = Log(named=content.named, about=about, entries=_entries(content, said))
        yield Stored(name, log, disposition, print_)


def _entries(content: Content, said: str) -> tuple[Answer, ...]:
    links = list(content.items)
    return tuple(
        Answer(link=links[int(place)], value=_LETTERS.get(value, value.lstrip("=")))
        for place, value in _ENTRY.findall(said)
    )


def _written(content: Content, entries: Sequence[Answer]) -> str:
    places = {link: at for at, link in enumerate(content.items)}
    return " ".join(
        f"{places[one.link]}{_VALUES.get(one.value, f'={one.value}')}"
        for one in entries
    )


def heads() -> list[str]:
    """Which content they are of: a log of another one is not replayed."""
    named = [(name, shipped_content(name).named) for name in HOW_MANY]
    return [f"# {name} {one.version} {one.digest}" for name, one in named]


def walked() -> Iterator[str]:
    """The file's lines, anew."""
    yield from heads()
    for name, many in HOW_MANY.items():
        content = shipped_content(name)
        for nth in range(many):
            yield _walk(name, content, Chance("answer logs", name, nth))


def _walk(name: str, content: Content, chance: Chance) -> str:
    is_child = name.startswith("child")
    years = chance.between(0, 15) if is_child else chance.between(16, 99)
    about = About(years=years, sex=chance.pick(["female", "male", ""]))
    engine = engine_of(content)
    turn = engine.start(about)
    if content.engine == STRICT_ORDER:
        danger = chance.pick([0, 2, 10])
        while not turn.is_ended:
            found = take(engine, turn, _pressed(turn, danger, chance))
            assert isinstance(found, Turn), str(found)
            turn = found
    else:
        for _ in range(chance.between(0, 14)):
            link = chance.pick(list(content.items))
            found = take(engine, turn, _ticked(content, link, chance))
            # A number that is out of its bounds is refused
            turn = found if isinstance(found, Turn) else turn
    entries = [one for one in turn.log.entries if isinstance(one, Answer)]
    result = turn.result
    parts = [name, str(years), about.sex, _written(content, entries)]
    return "|".join([*parts, result.disposition, fingerprint(result)])


def _pressed(turn: Turn, danger: int, chance: Chance) -> Answer:
    answered = answers_in(turn.log)
    if answered and chance.happens(4):
        return Answer(link=next(reversed(answered)), value=TAKEN_BACK)
    value = chance.pick([YES, NOT_SURE]) if chance.happens(danger) else NO
    return Answer(link=turn.asks[0].link, value=value)


def _ticked(content: Content, link: str, chance: Chance) -> Answer:
    if content.items[link].type == "boolean":
        value = chance.pick([YES, NO, NO, NOT_SURE, TAKEN_BACK])
    else:
        value = str(chance.between(8, 140))
    return Answer(link=link, value=value)


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text("\n".join(walked()) + "\n", encoding="utf-8")
