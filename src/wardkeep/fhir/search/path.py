# SPDX-License-Identifier: Apache-2.0
"""The FHIRPath of search parameters, compiled to plain steps through JSON.

R4's parameters use a small part of FHIRPath (https://hl7.org/fhirpath/N1/): names,
unions, `as`, `ofType`, `where` with four kinds of test, `extension`, an index, and one
`exists`. With the definitions at hand every step's JSON name and type is known
beforehand, so nothing is left to interpret when a resource is indexed.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from wardkeep.fhir.model.definitions import (
    Element,
    choice_name,
    elements_of,
)


class Step(NamedTuple):
    """From an object to the values under one of its keys."""

    key: str
    is_list: bool
    where: tuple[str, str] | None = None
    """Of these, only objects with this member of this value; a member that starts
    with `extension:` asks whether the object has that extension at all."""
    only_first: bool = False


class Path(NamedTuple):
    """Steps from a resource to values of one FHIR type."""

    element: str
    """Names the values: `Observation.value`, whatever type the value has."""
    steps: tuple[Step, ...]
    type: str
    constraint: str = ""
    """What a search through this path asks besides: the type of the reference's
    target, or the system of a contact point."""


class UnknownPathError(ValueError):
    """An expression that this compiler does not understand."""


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<name>%?[A-Za-z_]\w*)
    | '(?P<text>[^']*)'
    | (?P<number>\d+)
    | (?P<mark>!=|[().=|\[\]])
    )""",
    re.VERBOSE,
)
_DECEASED = "Patient.deceased.exists() and Patient.deceased != false"
"""The one boolean expression in R4; the token type knows `Patient.deceased`."""


def paths_of(expression: str, *, base: str) -> tuple[Path, ...]:
    """All paths of an expression; `base` is the type that bare names start from."""
    if expression.strip() == _DECEASED:
        expression = "Patient.deceased"
    tokens = _tokens(expression)
    found: list[Path] = []
    reader = _Reader(tokens, base)
    while True:
        found.extend(reader.union_member())
        if not reader.take("|"):
            break
    if not reader.is_at_end:
        raise UnknownPathError(expression)
    return tuple(found)


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position, text = 0, expression.strip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup is None:
            raise UnknownPathError(expression)
        tokens.append((found.lastgroup, found[found.lastgroup]))
        position = found.end()
    return tokens


class _Reader:
    """Reads the tokens from left to right and follows the types as it goes."""

    def __init__(self, tokens: list[tuple[str, str]], base: str) -> None:
        self._tokens = tokens
        self._at = 0
        self._base = base

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._tokens)

    def take(self, text: str) -> bool:
        if not self.is_at_end and self._tokens[self._at][1] == text:
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self.take(text):
            raise UnknownPathError(text)

    def _next(self) -> str:
        if self.is_at_end:
            message = "the expression ends early"
            raise UnknownPathError(message)
        self._at += 1
        return self._tokens[self._at - 1][1]

    def union_member(self) -> list[Path]:
        if self.take("("):
            paths = self._cast(self._chain(self._start()))
            self._expect(")")
        else:
            paths = self._start()
        return self._cast(self._chain(paths))

    def _start(self) -> list[Path]:
        name = self._next()
        here = [Path(self._base, (), self._base)]
        if name in (self._base, "Resource", "DomainResource"):
            return here
        return list(_into(here, name))

    def _cast(self, paths: list[Path]) -> list[Path]:
        return _of_type(paths, self._next()) if self.take("as") else paths

    def _chain(self, paths: list[Path]) -> list[Path]:
        while True:
            if self.take("["):
                self._expect("0")
                self._expect("]")
                paths = [_first(path) for path in paths]
            elif self.take("."):
                paths = self._member(paths)
            else:
                return paths

    def _member(self, paths: list[Path]) -> list[Path]:
        name = self._next()
        if not self.take("("):
            return list(_into(paths, name))
        if name in ("as", "ofType"):
            paths = _of_type(paths, self._next())
        elif name == "extension":
            paths = _extension(paths, self._next())
        elif name == "where":
            paths = self._where(paths)
        else:
            raise UnknownPathError(name)
        self._expect(")")
        return paths

    def _where(self, paths: list[Path]) -> list[Path]:
        subject = self._next()
        if subject == "resolve":
            for expected in ("(", ")", "is"):
                self._expect(expected)
            target = self._next()
            return [path._replace(constraint=target) for path in paths]
        if subject == "hasExtension":
            self._expect("(")
            where = (f"extension:{self._next()}", "")
            self._expect(")")
            return [_filtered(path, where) for path in paths]
        self._expect("=")
        value = self._next()
        if subject == "system":
            return [path._replace(constraint=value) for path in paths]
        return [_filtered(path, (subject, value)) for path in paths]


def _first(path: Path) -> Path:
    step = path.steps[-1]._replace(only_first=True)
    return path._replace(steps=(*path.steps[:-1], step))


def _filtered(path: Path, where: tuple[str, str]) -> Path:
    step = path.steps[-1]._replace(where=where)
    name = f"{path.element}.where({where[0]}={where[1]})"
    return path._replace(element=name, steps=(*path.steps[:-1], step))


def _of_type(paths: list[Path], name: str) -> list[Path]:
    """R4 writes both `dateTime` and `DateTime`, and means the same."""
    return [
        path for path in paths if path.type.partition("(")[0].lower() == name.lower()
    ]


def _extension(paths: list[Path], url: str) -> list[Path]:
    found = list(_into(paths, "extension"))
    named = [_filtered(path, ("url", url)) for path in found]
    return list(_into(named, "value"))


def _into(paths: list[Path], name: str) -> Iterator[Path]:
    for path in paths:
        elements = elements_of(path.type.partition("(")[0])
        for key, type_name, element in _members(elements, name):
            step = Step(key, element.is_list)
            yield Path(f"{path.element}.{name}", (*path.steps, step), type_name)


def _members(
    elements: dict[str, Element], name: str
) -> Iterator[tuple[str, str, Element]]:
    """The JSON keys, types and element that a FHIRPath name stands for."""
    if name in elements:
        element = elements[name]
        for type_name in element.types:
            yield name, type_name, element
        return
    choice = elements.get(f"{name}[x]")
    if choice is None:
        raise UnknownPathError(name)
    for type_name in choice.types:
        yield choice_name(name, type_name), type_name, choice
