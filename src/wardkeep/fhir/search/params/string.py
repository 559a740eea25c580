# SPDX-License-Identifier: Apache-2.0
"""String parameters: names, addresses, titles; found by how they begin.

https://hl7.org/fhir/R4/search.html#string. Case, accents and punctuation do not count,
save with `:exact`. Only keyed tokens reach the database, so beginnings are indexed one
by one. Kinds of term:

    w  the whole value, normalised
    p  its first letters, normalised: of people's names the first 3, 4 … 12, from each
       of their words on; of all other strings the first 3, 6 and 12
    e  the whole value as it is (people's names only): `:exact`
    t  every three letters in a row (people's names only): `:contains`

Names are looked for in every spelling of what was typed (`base/plain_text.py`): nothing
more is indexed for it, and rows of before are found as those of today.

A search longer than what is indexed takes the longest indexed beginning, and each
candidate is compared again once it is open. Two letters are asked for with every third
letter there is; one letter finds only values that are no longer: nobody may list all
patients whose name begins with A.
"""

from functools import partial
from operator import eq
from typing import Any

from wardkeep.base.outcome import Problem
from wardkeep.base.plain_text import folded, normalise, spellings
from wardkeep.fhir.search.path import Path, Step
from wardkeep.fhir.search.terms import (
    AllOf,
    AnyOf,
    AnyTerm,
    HasTerm,
    Indexer,
    IsPresent,
    LooksLike,
    Match,
    ParameterType,
    Range,
    SearchParameter,
    bad_value,
    prefix,
    term,
    unescape,
)

_PEOPLE = ("Patient", "Person", "Practitioner", "RelatedPerson")
NAME_LENGTHS = tuple(range(3, 13))
OTHER_LENGTHS = (3, 6, 12)
_PARTS = {
    "HumanName": ("family", "given", "prefix", "suffix", "text"),
    "Address": (
        *("line", "city", "district", "state"),
        *("postalCode", "country", "text"),
    ),
}
_LISTS = ("given", "prefix", "suffix", "line")
_TEXTS = ("string", "markdown")
_THREE = 3
_MOST_SPELT = NAME_LENGTHS[-1] + 3
"""Letters that are spelt anew: of two that stand for one, three may be among them."""
_THIRD_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789 æøðþłđħ"
"""Behind two letters: what a Latin script has when it is normalised."""


def spread(path: Path) -> tuple[Path, ...]:
    """A name or an address is searched in each of its parts."""
    parts = _PARTS.get(path.type)
    if parts is None:
        return (path,)
    return tuple(
        Path(
            f"{path.element}.{part}",
            (*path.steps, Step(part, part in _LISTS)),
            "string",
        )
        for part in parts
    )


def _is_name(element: str) -> bool:
    return element.split(".", maxsplit=1)[0] in _PEOPLE and ".name." in element


def _lengths(element: str) -> tuple[int, ...]:
    return NAME_LENGTHS if _is_name(element) else OTHER_LENGTHS


def indexer(path: Path) -> Indexer | None:
    if path.type not in _TEXTS:
        return None
    whole, start = prefix(path.element, "w"), prefix(path.element, "p")
    exact = prefix(path.element, "e") if _is_name(path.element) else None
    threes = prefix(path.element, "t")
    lengths = _lengths(path.element)

    def index(value: Any, terms: list[bytes], _: list[Range]) -> None:
        text = normalise(value)
        terms.append((whole + text).encode())
        for own in _beginnings(text, is_name=exact is not None):
            if len(own) < _THREE:
                terms.append((whole + own).encode())
            for length in lengths:
                if length > len(own):
                    break
                terms.append((start + own[:length]).encode())
        if exact is not None:
            terms.append((exact + value).encode())
            terms.extend((threes + three).encode() for three in _threes(text))

    return index


def query(
    parameter: SearchParameter, modifier: str, text: str
) -> tuple[Match, ...] | Problem:
    plain = unescape(text)
    wanted = normalise(plain)
    if not wanted:
        return bad_value(parameter, "Write at least one letter or digit.")
    if modifier == "exact":
        return tuple(_exactly(path, plain) for path in parameter.paths)
    if modifier == "contains":
        anywhere = tuple(_anywhere(path, wanted) for path in parameter.paths)
        return (AllOf((IsPresent(parameter.code), AnyOf(anywhere))),)
    return tuple(_beginning(path, wanted) for path in parameter.paths)


def _beginnings(text: str, *, is_name: bool) -> list[str]:
    """A value from its start, and a name from each of its words on: van der Berg."""
    if not is_name or " " not in text:
        return [text]
    words = text.split(" ")
    return [" ".join(words[place:]) for place in range(len(words))]


def _threes(text: str) -> list[str]:
    found = {text[at : at + _THREE] for at in range(len(text) - _THREE + 1)}
    return sorted(found)


def _anywhere(path: Path, wanted: str) -> Match:
    contains = LooksLike(b"", path, partial(_contains, wanted))
    if not _is_name(path.element) or len(wanted) < _THREE:
        return contains
    spelt = tuple(_threes_of(path, one) for one in spellings(wanted))
    if all(isinstance(one, HasTerm) for one in spelt):
        # Three letters are one term: nothing is left to look at.
        return AnyOf(spelt) if len(spelt) > 1 else spelt[0]
    return AllOf((AnyOf(spelt), contains))


def _threes_of(path: Path, wanted: str) -> Match:
    parts = tuple(HasTerm(term(path.element, "t", one)) for one in _threes(wanted))
    if not parts:
        # Two letters that stand for three (æg): found where they are the whole value.
        return HasTerm(term(path.element, "w", wanted))
    return AllOf(parts) if len(parts) > 1 else parts[0]


def _contains(wanted: str, value: str) -> bool:
    return folded(wanted) in folded(normalise(value))


def _exactly(path: Path, plain: str) -> Match:
    if _is_name(path.element):
        return HasTerm(term(path.element, "e", plain))
    candidate = term(path.element, "w", normalise(plain))
    return LooksLike(candidate, path, partial(eq, plain))


def _beginning(path: Path, wanted: str) -> Match:
    is_name = _is_name(path.element)
    spelt = spellings(wanted[:_MOST_SPELT]) if is_name else (wanted,)
    found: dict[bytes, None] = {}
    is_whole = True
    for one in spelt:
        terms, says_all = _terms_of_beginning(path, one)
        found.update(dict.fromkeys(terms))
        is_whole = is_whole and says_all
    terms = tuple(found)
    match = HasTerm(terms[0]) if len(terms) == 1 else AnyTerm(terms)
    if is_whole and len(wanted) <= _MOST_SPELT:
        return match
    agrees = partial(_begins, wanted, is_name=is_name)
    if isinstance(match, HasTerm):
        return LooksLike(match.term, path, agrees)
    return AllOf((match, LooksLike(b"", path, agrees)))


def _terms_of_beginning(path: Path, wanted: str) -> tuple[tuple[bytes, ...], bool]:
    """One of which a value has that begins so; and whether they say all of it."""
    lengths = _lengths(path.element)
    if len(wanted) < lengths[0]:
        whole = term(path.element, "w", wanted)
        if len(wanted) < lengths[0] - 1:
            return (whole,), True
        longer = [term(path.element, "p", wanted + one) for one in _THIRD_LETTERS]
        return (whole, *longer), True
    longest = max(length for length in lengths if length <= len(wanted))
    candidate = term(path.element, "p", wanted[:longest])
    return (candidate,), len(wanted) == longest


def _begins(wanted: str, value: str, *, is_name: bool) -> bool:
    texts = _beginnings(normalise(value), is_name=is_name)
    if not is_name:
        return any(one.startswith(wanted) for one in texts)
    plain = folded(wanted)
    return any(folded(one).startswith(plain) for one in texts)


TYPE = ParameterType(
    name="string",
    modifiers=frozenset({"exact", "contains", "missing"}),
    spread=spread,
    indexer=indexer,
    query=query,
)
