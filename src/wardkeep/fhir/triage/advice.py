# SPDX-License-Identifier: Apache-2.0
"""What to do if it gets worse, for each disposition, as it is read out or sent.

`advice.toml` beside this file has the sentences: our own, for local approval.
"""

from functools import cache
from importlib import resources

import msgspec

from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Kind


class _Advice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: tuple[str, ...]
    kinds: tuple[Kind, ...] = ()
    """Whichever disposition is of such a kind has these words first."""
    codes: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    version: str
    signed: str
    """Who answers for the words; empty: nobody yet."""
    advice: tuple[_Advice, ...]


@cache
def _read() -> _File:
    text = resources.files(__package__).joinpath("advice.toml").read_text("utf-8")
    return msgspec.toml.decode(text, type=_File)


@cache
def advice_for(code: str) -> tuple[str, ...]:
    """The sentences for a disposition of the list, in the file's order."""
    kind = DISPOSITIONS[code].kind
    return tuple(
        words
        for one in _read().advice
        if kind in one.kinds or code in one.codes
        for words in one.words
    )


def codes_named() -> frozenset[str]:
    """Dispositions that the file names, to be held against the list."""
    return frozenset(code for one in _read().advice for code in one.codes)
