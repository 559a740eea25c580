# SPDX-License-Identifier: Apache-2.0
"""The rules of the Act as a file says them: how long what lasts, and what is due.

Nothing of the law is in code: a rule has the days between which it is in force and the
clause it comes from, so that a changed one is a new piece of the file with a later day
(`rules/england.toml`, docs/formats/mental-health-act.md).
"""

import hashlib
import tomllib
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from importlib.resources import files

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.mha.entry_kinds import ENTRY_KINDS
from wardkeep.fhir.mha.periods import Period, period_of

MOST_BYTES = 100_000
BEGIN = "begin"
"""The moment from which a section runs, among kinds of entries."""
BASES = {
    "act": "the Act",
    "regulations": "regulations or tribunal rules",
    "code": "the Code of Practice",
    "policy": "local policy, to be set by the organisation",
}
KINDS = {
    "detained": "Detained",
    "holding": "Held",
    "community": "Community treatment order",
    "guardianship": "Guardianship",
    "conditional": "Conditionally discharged",
}
_SOURCES = ("https://www.legislation.gov.uk/", "https://www.gov.uk/")


_PERIODS = frozenset(
    {"lasts", "renews", "longer", "mend_within", "within", "before_end", "again"}
    | {"soon"}
)


class Paper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A paper that a section needs; `forms` are numbers of which one must be there."""

    forms: tuple[str, ...]
    words: str

    def is_it(self, form: str) -> bool:
        return form in self.forms


class _Ruled(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    since: date
    source: str
    url: str
    until: date | None = None
    """The first day on which it holds no longer."""

    def holds_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)


class SectionRule(_Ruled, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One section, for those that begin while the rule is in force."""

    code: str
    name: str
    kind: str
    legal_status: str = ""
    """In the NHS Data Dictionary's classification, as UK Core has it; empty: there is
    none, as of a community treatment order in England."""
    lasts: Period | None = None
    """None: until it is ended."""
    renews: tuple[Period, ...] = ()
    """The last of them over and over."""
    longer: Period | None = None
    """By how much it can be held longer, once."""
    papers: tuple[Paper, ...] = ()
    mend_within: Period | None = None
    """Within which papers can be put right, from the first day."""
    has_aftercare: bool = False

    @property
    def now_words(self) -> str:
        """As the banner says it."""
        return f"{KINDS[self.kind]}: {self.name[:1].lower()}{self.name[1:]}"


class Duty(_Ruled, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is due in some sections."""

    code: str
    words: str
    sections: tuple[str, ...]
    basis: str
    after: str = BEGIN
    """The kind of entry from which it runs; the last of its kind."""
    unless: tuple[str, ...] = ()
    """Entries that make it no duty at all."""
    within: Period | None = None
    before_end: Period | None = None
    """In place of `within`: it may be done in the last so much of the section."""
    done_by: tuple[str, ...] = ()
    """Kinds of entries, or a kind and its outcome as in `report:nursing`."""
    again: Period | None = None
    again_if: dict[str, Period] = {}
    """By the outcome of what was done last."""
    soon: Period = Period(7, "day")
    """How long before it is shown as soon."""
    is_right: bool = False
    """A right of the patient that ends then, and nobody's omission."""


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of them."""

    title: str
    version: str
    signed: str
    """Who answers for the content; empty: nobody yet."""
    section: tuple[SectionRule, ...]
    duty: tuple[Duty, ...]

    def section_on(self, code: str, day: date) -> SectionRule | None:
        """The rule for a section on a day; else the first or last that there is."""
        found = [one for one in self.section if one.code == code]
        held = [one for one in found if one.holds_on(day)]
        by_since = sorted(found, key=lambda one: one.since)
        earlier = [one for one in by_since if one.since <= day]
        return next(iter([*held, *reversed(earlier), *by_since]), None)

    def can_begin_on(self, day: date) -> Iterator[SectionRule]:
        return (one for one in self.section if one.holds_on(day))


class RulesBrokenError(Exception):
    """The rules that come with this version cannot be read; our own fault."""


def read_rules(text: bytes) -> Rules | tuple[Problem, ...]:
    """Rules from a file; else every problem, with its place and the mend."""
    if len(text) > MOST_BYTES:
        return (_problem("the file", "it is too long", "Keep it below 100 kB."),)
    try:
        said = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        where = str(error).partition("(at ")[2].rstrip(")") or "the file"
        return (_problem(where, "it is no TOML", "Mend the line."),)
    unread = tuple(_wrong_periods(said))
    if unread:
        return unread
    try:
        rules = msgspec.convert(_with_periods(said), Rules)
    except msgspec.ValidationError as error:
        wrong, _, where = str(error).partition(" - at ")
        place = _place(said, where.strip("`") or "the file")
        return (_problem(place, wrong, "See docs/formats/mental-health-act.md."),)
    problems = tuple(_wrong(rules))
    return problems or rules


def _wrong_periods(said: dict[str, object]) -> Iterator[Problem]:
    """Each period that cannot be read, where it stands."""
    for name in ("section", "duty"):
        listed = said.get(name)
        for nth, one in enumerate(listed if isinstance(listed, list) else ()):
            for field, value in _periods_in(one):
                try:
                    period_of(value)
                except ValueError:
                    yield _problem(
                        _place(said, f"$.{name}[{nth}].{field}"),
                        f"“{value}” is no period",
                        "Write it as in 28 days, 6 months or 72 hours.",
                    )


def _periods_in(one: object) -> Iterator[tuple[str, str]]:
    for field, value in one.items() if isinstance(one, dict) else ():
        inner = value.values() if isinstance(value, dict) else [value]
        for each in inner if field in {*_PERIODS, "again_if"} else ():
            for text in each if isinstance(each, list) else [each]:
                yield field, str(text)


def _with_periods(node: object, name: str = "") -> object:
    """The same with each period taken apart, so that a wrong one has its place."""
    if isinstance(node, dict):
        inner = "within" if name == "again_if" else ""
        return {key: _with_periods(one, inner or key) for key, one in node.items()}
    if isinstance(node, list):
        return [_with_periods(one, name) for one in node]
    if name in _PERIODS and isinstance(node, str):
        try:
            period = period_of(node)
        except ValueError:
            return node
        return {"count": period.count, "unit": period.unit}
    return node


def _problem(place: str, wrong: str, mend: str) -> Problem:
    return Problem(place=place, wrong=wrong, mend=mend)


def _place(said: dict[str, object], where: str) -> str:
    """`$.section[2].lasts` with the name of what it is."""
    for name in ("section", "duty"):
        rest = where.removeprefix(f"$.{name}[")
        number, _, field = rest.partition("]")
        listed = said.get(name)
        if rest != where and number.isdigit() and isinstance(listed, list):
            one = listed[int(number)]
            code = one.get("code", "") if isinstance(one, dict) else ""
            return f"{name} {int(number) + 1} ({code}), {field.lstrip('.') or 'itself'}"
    return where


def _wrong(rules: Rules) -> Iterator[Problem]:
    yield from _wrong_sections(rules.section)
    codes = {one.code for one in rules.section}
    for one in rules.duty:
        yield from _wrong_duty(one, codes)
    every: list[tuple[str, _Ruled]] = [(f"section {s.code}", s) for s in rules.section]
    every += [(f"duty {d.code}", d) for d in rules.duty]
    for place, ruled in every:
        if not ruled.source.strip() or not ruled.url.startswith(_SOURCES):
            yield _problem(
                f"{place}, source",
                "it has no clause, or its address is not legislation.gov.uk or gov.uk",
                "Name the clause in `source`, and its address in `url`.",
            )
        if ruled.until is not None and ruled.until <= ruled.since:
            yield _problem(
                f"{place}, until", "it ends before it begins", "Give a later day."
            )


def _wrong_sections(sections: Iterable[SectionRule]) -> Iterator[Problem]:
    before: dict[str, list[SectionRule]] = {}
    for one in sections:
        if one.kind not in KINDS:
            yield _problem(
                f"section {one.code}, kind",
                f"“{one.kind}” is no kind",
                f"Use one of {', '.join(KINDS)}.",
            )
        for other in before.setdefault(one.code, []):
            if _overlap(one, other):
                yield _problem(
                    f"section {one.code}, since {one.since}",
                    f"it overlaps with the rule since {other.since}",
                    "Give the older one the day on which this begins as `until`.",
                )
        before[one.code].append(one)


def _overlap(one: _Ruled, other: _Ruled) -> bool:
    first, second = sorted((one, other), key=lambda rule: rule.since)
    return first.until is None or second.since < first.until


def _wrong_duty(duty: Duty, codes: set[str]) -> Iterator[Problem]:
    place = f"duty {duty.code}"
    for code in duty.sections:
        if code not in codes:
            yield _problem(
                f"{place}, sections",
                f"there is no section “{code}”",
                "Name sections of this file.",
            )
    kinds = (duty.after, *duty.done_by, *duty.unless)
    for kind in kinds:
        if kind != BEGIN and kind.partition(":")[0] not in ENTRY_KINDS:
            yield _problem(
                f"{place}, after or done_by",
                f"there is no kind of entry “{kind}”",
                "docs/formats/mental-health-act.md lists them.",
            )
    if duty.basis not in BASES:
        yield _problem(
            f"{place}, basis",
            f"“{duty.basis}” is no basis",
            f"Use one of {', '.join(BASES)}.",
        )
    if (duty.within is None) == (duty.before_end is None):
        yield _problem(
            f"{place}, within",
            "it needs either `within` or `before_end`",
            "Give one of them.",
        )


@lru_cache(maxsize=1)
def shipped_text() -> bytes:
    """The rules that come with this version, as the file is written."""
    return (files(__package__) / "rules" / "england.toml").read_bytes()


@lru_cache(maxsize=64)
def _cached(digest: bytes, text: bytes) -> Rules:
    del digest
    found = read_rules(text)
    if not isinstance(found, Rules):
        raise RulesBrokenError(str(found[0]))
    return found


def known_rules(text: bytes = b"") -> Rules:
    """Rules that were read before without a problem; none given: those shipped.

    Raises:
        RulesBrokenError: it has a problem after all.
    """
    text = text or shipped_text()
    return _cached(hashlib.sha256(text).digest(), text)
