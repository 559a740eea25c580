# SPDX-License-Identifier: Apache-2.0
"""Scopes in the words of those who are asked to allow them."""

from urllib.parse import parse_qsl

import msgspec

from wardkeep.fhir.plain_words import THINGS

_ACTS = (
    (frozenset("rs"), "Read"),
    (frozenset("c"), "Add"),
    (frozenset("u"), "Change"),
    (frozenset("d"), "Delete"),
)
_WORDS = {
    "openid": "Know who you are: your account’s number and when you signed in",
    "fhirUser": "Read your name",
    "launch": "Be told whose record it was started from",
    "launch/patient": "Be told which patient you chose",
    "offline_access": "Go on working after you have signed out, for up to 30 days",
    "online_access": "Stay connected until you sign out",
}


class ScopeWords(msgspec.Struct, frozen=True):
    """One line of the consent page."""

    name: str
    """As SMART writes it."""
    words: str


def in_words(name: str) -> ScopeWords:
    """`patient/Observation.rs?category=laboratory` as a sentence."""
    if name in _WORDS:
        return ScopeWords(name, _WORDS[name])
    bare, _, filter_ = name.partition("?")
    context, _, rest = bare.partition("/")
    type_, _, letters = rest.partition(".")
    acts = [words for needs, words in _ACTS if needs & set(letters)]
    thing = THINGS.get(type_, f"what is kept as {type_}")
    whose = (
        "of this one patient" if context == "patient" else "of any patient you reach"
    )
    only = "".join(
        f", only where {key} is {value.rpartition('|')[2]}"
        for key, value in parse_qsl(filter_)
    )
    return ScopeWords(name, f"{_joined(acts)}: {thing}, {whose}{only}")


def _joined(acts: list[str]) -> str:
    """Read, add and change."""
    small = [acts[0], *[one.lower() for one in acts[1:]]]
    if len(small) == 1:
        return small[0]
    return f"{', '.join(small[:-1])} and {small[-1]}"


def lasting(seconds: int) -> str:
    """How long a consent holds, for people."""
    hours = seconds // 3600
    if hours >= 48:  # noqa: PLR2004 - below that hours say more
        return f"for {hours // 24} days"
    if hours:
        return f"until you sign out, {hours} hours at most"
    return f"until you sign out, {max(1, seconds // 60)} minutes at most"
