# SPDX-License-Identifier: Apache-2.0
"""Conditions of rules: the part of FHIRPath that says yes, no, or that it is not known.

http://hl7.org/fhirpath/N1: environment variables (`%stridor`), literals, `and`, `or`,
`xor`, comparisons, `+`, `-`, `iif()`, `.not()`, `.exists()`, `.empty()`, with the
standard's precedence and its logic of three values, where an empty collection is None
here. A condition is compiled once into closures; whatever else FHIRPath can do is
refused by name, and so is a comparison of a number with a yes.
"""

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from wardkeep.base.outcome import Problem

Value: TypeAlias = bool | Decimal | str
Values: TypeAlias = Mapping[str, Value]
Kind: TypeAlias = Literal["boolean", "number", "code"]
Run: TypeAlias = Callable[[Values], Value | None]

LANGUAGE = "text/fhirpath"
MOST_LETTERS, _DEEPEST = 2_000, 40
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|'(?P<string>[^'\\]*)'"
    r"|%(?P<variable>[A-Za-z_]\w*)|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign><=|>=|!=|[=<>+\-(),.]))",
    re.ASCII,
)
_ORDERED: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_KNOWN = "%name, true, false, numbers, 'text', and, or, xor, = != < <= > >=, + -,"
_MEND = f"Use {_KNOWN} iif(), .not(), .exists() and .empty()."


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """A compiled expression: what it comes to, what it reads, and how it is asked."""

    kind: Kind
    reads: frozenset[str]
    """Names of variables, without the percent sign."""
    is_lasting: bool
    """Whether it stays true when more is answered, as long as no answer is changed."""
    run: Run
    """None where what was answered does not tell."""

    def holds(self, values: Values) -> bool:
        return self.run(values) is True


class _WrongError(Exception):
    """What is wrong, and the mend; it never leaves this file."""

    def __init__(self, wrong: str, mend: str = _MEND) -> None:
        super().__init__(wrong)
        self.wrong, self.mend = wrong, mend


def compiled(
    text: str, kinds: Mapping[str, Kind], *, place: str
) -> Condition | Problem:
    """Read one expression; `kinds` are the variables that it may name."""
    try:
        return _Reader(text, kinds).whole()
    except _WrongError as error:
        return Problem(place=place, wrong=error.wrong, mend=error.mend)


Token: TypeAlias = tuple[str, str, int]


def _tokens(text: str) -> list[Token]:
    if len(text) > MOST_LETTERS:
        raise _WrongError(f"it has more than {MOST_LETTERS} letters", "Split the rule.")
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            rest = text[at:end].lstrip()
            wrong = f"“{rest[:20]}” at letter {end - len(rest) + 1} is unknown"
            raise _WrongError(wrong)
        letter = at + len(match[0]) - len(match[0].lstrip()) + 1
        found.append((match.lastgroup, match[match.lastgroup], letter))
        at = match.end()
    return [*found, ("end", "", end + 1)]


class _Reader:
    """Reads by descent: one method a level of precedence, the loosest first."""

    def __init__(self, text: str, kinds: Mapping[str, Kind]) -> None:
        self.tokens, self.kinds, self.at, self.depth = _tokens(text), kinds, 0, 0

    def whole(self) -> Condition:
        found = self.either()
        kind, text, letter = self.tokens[self.at]
        if kind != "end":
            raise _WrongError(f"“{text}” at letter {letter} is not expected")
        return found

    def takes(self, *texts: str) -> str:
        kind, text, _ = self.tokens[self.at]
        if kind in ("word", "sign") and text in texts:
            self.at += 1
            return text
        return ""

    def needs(self, text: str) -> None:
        if not self.takes(text):
            _, found, letter = self.tokens[self.at]
            raise _WrongError(
                f"“{text}” is missing before “{found}” at letter {letter}"
            )

    def either(self) -> Condition:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _WrongError("it is nested too deeply", "Split the rule.")
        found = self.both()
        while word := self.takes("or", "xor"):
            right = self.both()
            found = _or(found, right) if word == "or" else _xor(found, right)
        self.depth -= 1
        return found

    def both(self) -> Condition:
        found = self.equal()
        while self.takes("and"):
            found = _and(found, self.equal())
        return found

    def equal(self) -> Condition:
        found = self.ordered()
        while sign := self.takes("=", "!="):
            found = _equal(found, self.ordered(), is_same=sign == "=")
        return found

    def ordered(self) -> Condition:
        found = self.sum()
        while sign := self.takes(*_ORDERED):
            found = _ordered(found, self.sum(), sign)
        return found

    def sum(self) -> Condition:
        found = self.signed()
        while sign := self.takes("+", "-"):
            found = _added(found, self.signed(), sign)
        return found

    def signed(self) -> Condition:
        if self.takes("-"):
            return _added(_literal(Decimal(0), "number"), self.called(), "-")
        return self.called()

    def called(self) -> Condition:
        found = self.first()
        while self.takes("."):
            kind, name, letter = self.tokens[self.at]
            self.at += 1
            if kind != "word" or name not in _METHODS:
                raise _WrongError(f"“.{name}” at letter {letter} is not read here")
            self.needs("(")
            self.needs(")")
            found = _METHODS[name](found)
        return found

    def first(self) -> Condition:
        kind, text, letter = self.tokens[self.at]
        self.at += kind != "end"
        if kind == "number":
            return _literal(Decimal(text), "number")
        if kind == "string":
            return _literal(text, "code")
        if kind == "variable":
            return self.variable(text)
        if text in ("true", "false") and kind == "word":
            return _literal(text == "true", "boolean")
        if text == "iif" and kind == "word":
            return self.chosen()
        if text == "(" and kind == "sign":
            found = self.either()
            self.needs(")")
            return found
        if kind == "end":
            raise _WrongError("it ends where something is to follow")
        raise _WrongError(f"“{text}” at letter {letter} is not read here")

    def variable(self, name: str) -> Condition:
        if name not in self.kinds:
            mend = "Name a question by its linkId, or a variable that stands before."
            raise _WrongError(f"%{name} is no question and no variable", mend)
        return Condition(
            kind=self.kinds[name],
            reads=frozenset({name}),
            is_lasting=True,
            run=lambda values: values.get(name),
        )

    def chosen(self) -> Condition:
        self.needs("(")
        asked = self.either()
        self.needs(",")
        then = self.either()
        self.needs(",")
        otherwise = self.either()
        self.needs(")")
        return _iif(asked, then, otherwise)


def _literal(value: Value, kind: Kind) -> Condition:
    return Condition(
        kind=kind, reads=frozenset(), is_lasting=True, run=lambda _values: value
    )


def _made(
    kind: Kind, run: Run, *parts: Condition, is_lasting: bool = True
) -> Condition:
    """Of its parts; what is not lasting makes what holds it not lasting."""
    return Condition(
        kind=kind,
        reads=frozenset().union(*(one.reads for one in parts)),
        is_lasting=is_lasting and all(one.is_lasting for one in parts),
        run=run,
    )


def _must_be(kind: Kind, what: str, *parts: Condition) -> None:
    for one in parts:
        if one.kind != kind:
            wrong = f"{what} is asked of a {one.kind}, and takes a {kind}"
            raise _WrongError(wrong, "Compare it first, as in %age >= 16.")


def _and(left: Condition, right: Condition) -> Condition:
    _must_be("boolean", "and", left, right)
    first, second = left.run, right.run

    def run(values: Values) -> Value | None:
        one = first(values)
        if one is False:
            return False
        two = second(values)
        if two is False:
            return False
        return None if one is None or two is None else True

    return _made("boolean", run, left, right)


def _or(left: Condition, right: Condition) -> Condition:
    _must_be("boolean", "or", left, right)
    first, second = left.run, right.run

    def run(values: Values) -> Value | None:
        one = first(values)
        if one is True:
            return True
        two = second(values)
        if two is True:
            return True
        return None if one is None or two is None else False

    return _made("boolean", run, left, right)


def _xor(left: Condition, right: Condition) -> Condition:
    _must_be("boolean", "xor", left, right)
    first, second = left.run, right.run

    def run(values: Values) -> Value | None:
        one, two = first(values), second(values)
        return None if one is None or two is None else one is not two

    return _made("boolean", run, left, right)


def _equal(left: Condition, right: Condition, *, is_same: bool) -> Condition:
    if left.kind != right.kind:
        wrong = f"a {left.kind} is compared with a {right.kind}"
        raise _WrongError(wrong, "Compare like with like: %age = 16, %where = 'home'.")
    first, second = left.run, right.run

    def run(values: Values) -> Value | None:
        one, two = first(values), second(values)
        return None if one is None or two is None else (one == two) is is_same

    return _made("boolean", run, left, right)


def _ordered(left: Condition, right: Condition, sign: str) -> Condition:
    _must_be("number", sign, left, right)
    first, second, compare = left.run, right.run, _ORDERED[sign]

    def run(values: Values) -> Value | None:
        one, two = first(values), second(values)
        if not isinstance(one, Decimal) or not isinstance(two, Decimal):
            return None
        return compare(one, two)

    return _made("boolean", run, left, right)


def _added(left: Condition, right: Condition, sign: str) -> Condition:
    _must_be("number", sign, left, right)
    first, second = left.run, right.run
    add = operator.add if sign == "+" else operator.sub

    def run(values: Values) -> Value | None:
        one, two = first(values), second(values)
        if not isinstance(one, Decimal) or not isinstance(two, Decimal):
            return None
        total: Decimal = add(one, two)
        return total

    return _made("number", run, left, right)


def _iif(asked: Condition, then: Condition, otherwise: Condition) -> Condition:
    """What is not known counts as no, as FHIRPath says: so it may change later."""
    _must_be("boolean", "iif()", asked)
    if then.kind != otherwise.kind:
        wrong = f"iif() gives a {then.kind} or a {otherwise.kind}"
        raise _WrongError(wrong, "Let both be of one kind.")
    test, yes, no = asked.run, then.run, otherwise.run

    def run(values: Values) -> Value | None:
        return yes(values) if test(values) is True else no(values)

    return _made(then.kind, run, asked, then, otherwise, is_lasting=False)


def _not(of: Condition) -> Condition:
    _must_be("boolean", ".not()", of)
    inner = of.run

    def run(values: Values) -> Value | None:
        one = inner(values)
        return None if one is None else one is False

    return _made("boolean", run, of)


def _exists(of: Condition) -> Condition:
    inner = of.run
    return _made(
        "boolean", lambda values: inner(values) is not None, of, is_lasting=False
    )


def _empty(of: Condition) -> Condition:
    inner = of.run
    return _made("boolean", lambda values: inner(values) is None, of, is_lasting=False)


_METHODS: Mapping[str, Callable[[Condition], Condition]] = {
    "not": _not,
    "exists": _exists,
    "empty": _empty,
}
