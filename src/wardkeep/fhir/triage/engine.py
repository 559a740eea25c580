# SPDX-License-Identifier: Apache-2.0
"""The socket of a triage engine: `start`, `answer`, and a log that can be replayed.

An engine is a pure function of its content and a log. A host keeps the log, and
whatever else it wants to know it gets by a replay; so a crash loses nothing, and years
later anybody can ask what the same answers came to. A licensed engine fits the same
socket (`tests/support/licensed_engine.py` is one); nothing of any is here.
"""

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol, TypeAlias, runtime_checkable

import msgspec

from wardkeep.base.outcome import Problem

YES, NO, NOT_SURE, TAKEN_BACK = "yes", "no", "not-sure", ""
SHORTEST_REASON = 10
"""Letters of a reason for which a red flag is set aside."""
MOST_ENTRIES = 2_000
"""Of a log; more is no conversation."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the patient before the first question."""

    years: int | None = None
    """Whole years of age on the day; None: not known."""
    sex: str = ""
    """As FHIR's administrative gender; empty: not known."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag="answer"):
    """What was answered to one question."""

    link: str
    value: str
    """`yes`, `no`, `not-sure`, a number with a point, an option's code, or nothing:
    the answer is taken back."""
    at: str = ""
    """A FHIR instant, by the host's clock; no result depends on it."""


class SetAside(msgspec.Struct, frozen=True, kw_only=True, tag="set-aside"):
    """A person overrules a red flag and says why; it is kept in the log."""

    rule: str
    by: str
    """Who: a reference, as in `Practitioner/…`."""
    why: str
    at: str = ""


Entry: TypeAlias = Answer | SetAside


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly which engine and content: a replay under another one is refused."""

    engine: str
    canonical: str
    version: str
    digest: str
    """SHA-256 of the content in hexadecimal digits; of a licensed engine, its own."""


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """All that a result depends on."""

    named: Named
    about: About
    entries: tuple[Entry, ...] = ()


class Choice(msgspec.Struct, frozen=True):
    """One of the answers that may be given to a question."""

    code: str
    words: str


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked next."""

    link: str
    words: str
    to_patient: str = ""
    """The same asked of the patient themself; empty: in the same words."""
    help: str = ""
    """What the answer turns on, for whoever asks."""
    kind: str = "boolean"
    """`boolean`, `number` or `choice`."""
    choices: tuple[Choice, ...] = ()
    least: Decimal | None = None
    most: Decimal | None = None
    unit: str = ""


class Fired(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that holds, and why."""

    rule: str
    words: str
    disposition: str
    is_red_flag: bool
    because: tuple[str, ...]
    """The links of the answers that it rests on."""
    citation: str
    clause: str
    url: str
    unchecked: str
    """What of it was not held against the original publication; empty: it was."""


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """A score as it stands."""

    name: str
    words: str
    value: Decimal | None
    """None: there is none, as of NEWS2 for a child, or with one measurement missing."""
    missing: tuple[str, ...] = ()
    """Links that would count and were not answered: it may come to more."""


class Overruled(msgspec.Struct, frozen=True, kw_only=True):
    """A red flag that somebody set aside."""

    rule: str
    words: str
    by: str
    why: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What the answers come to so far."""

    disposition: str = ""
    """A code of `fhir/urgent/dispositions.toml`; empty: nothing is suggested."""
    raised: tuple[str, ...] = ()
    """Rules whose red flag stands: whatever is answered next, until it is set aside."""
    fired: tuple[Fired, ...] = ()
    """The most pressing first."""
    tallies: tuple[Tally, ...] = ()
    overruled: tuple[Overruled, ...] = ()
    advice: tuple[str, ...] = ()
    """What to do if it gets worse, in sentences that can be read out."""
    note: str = ""
    """What whoever reads it must know besides."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Where it stands: what is asked, what it comes to, and the log that says so."""

    log: Log
    asks: tuple[Question, ...] = ()
    """One at a time in a strict order; all of a checklist; none: it has ended."""
    result: Result = Result()
    """What it comes to so far; in a strict order nothing before its end."""
    state: str = ""
    """An engine's own; ours have the red flags whose conditions hold."""

    @property
    def is_ended(self) -> bool:
        return not self.asks


@runtime_checkable
class Engine(Protocol):
    """Everything that a host needs."""

    @property
    def named(self) -> Named: ...
    def start(self, about: About) -> Turn: ...
    def answer(self, turn: Turn, answer: Answer) -> Turn | Problem: ...


@runtime_checkable
class CanSetAside(Protocol):
    """An engine whose red flags a person may overrule, with a reason."""

    def set_aside(self, turn: Turn, setting: SetAside) -> Turn | Problem: ...


def take(engine: Engine, turn: Turn, entry: Entry) -> Turn | Problem:
    """One more entry. A Problem changes nothing: the turn stays what it was."""
    if len(turn.log.entries) >= MOST_ENTRIES:
        wrong = f"the log has {MOST_ENTRIES} entries"
        return Problem(place="log", wrong=wrong, mend="Begin a new assessment.")
    if isinstance(entry, Answer):
        return engine.answer(turn, entry)
    if isinstance(engine, CanSetAside):
        return engine.set_aside(turn, entry)
    return Problem(
        place=entry.rule,
        wrong="this engine has no red flags that can be set aside",
        mend="Choose another disposition with a reason in place of it.",
    )


def replay(engine: Engine, log: Log) -> Turn | Problem:
    """The log from its beginning. Refused where its content is not the engine's."""
    if log.named != engine.named:
        was = f"{log.named.canonical}|{log.named.version} ({log.named.digest[:12]})"
        return Problem(
            place="log",
            wrong=f"it was answered under {was}, and this is another content",
            mend="Replay it under the content that it names.",
        )
    return go_on(engine, engine.start(log.about), log.entries)


def go_on(engine: Engine, turn: Turn, entries: Sequence[Entry]) -> Turn | Problem:
    """All of the entries, up to the first that is refused."""
    for entry in entries:
        found = take(engine, turn, entry)
        if isinstance(found, Problem):
            return found
        turn = found
    return turn


_encode = msgspec.json.Encoder(order="deterministic").encode


def fingerprint(result: Result) -> str:
    """SHA-256 of the whole result: two are the same, bit for bit, if these are."""
    return hashlib.sha256(_encode(result)).hexdigest()
