# SPDX-License-Identifier: Apache-2.0
"""SMART scopes of apps that act for a person: for one patient, or as far as they reach.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html. Version 1
is read as the specification translates it. A filter behind a question mark is kept as
it stands: it is judged where the search is (`fhir/store/limits.py`).
"""

import re
from collections.abc import Iterable

import msgspec

from wardkeep.identity.scopes import ANY, LETTERS, in_order

PATIENT, USER = "patient", "user"
_VERSION_1 = {"read": "rs", "write": "cud", "*": LETTERS}
_RIGHT = re.compile(
    r"(?P<context>patient|user)/(?P<type>\*|[A-Z][A-Za-z]{1,63})"
    r"\.(?P<may>\*|[a-z]{1,5})(?:\?(?P<filter>[!$-;=?-\[\]-~]{1,500}))?"
)
_FILTERED = frozenset("rs")
OPENID, FHIR_USER = "openid", "fhirUser"
OFFLINE, ONLINE = "offline_access", "online_access"
LAUNCH, LAUNCH_PATIENT = "launch", "launch/patient"
WORDS = frozenset({OPENID, FHIR_USER, OFFLINE, ONLINE, LAUNCH, LAUNCH_PATIENT})
_LEFT_ASIDE = frozenset({"profile", "email", "address", "phone", "launch/encounter"})
"""Asked for by many apps, and nothing that is given here."""
LONGEST = 4_000
MOST = 100


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """One clinical scope."""

    context: str
    type: str
    letters: frozenset[str]
    filter: str = ""
    """Search parameters as they were written; empty: everything of the type."""

    @property
    def text(self) -> str:
        letters = "".join(one for one in LETTERS if one in self.letters)
        behind = f"?{self.filter}" if self.filter else ""
        return f"{self.context}/{self.type}.{letters}{behind}"


class AppScopes(msgspec.Struct, frozen=True):
    """What an app may do for a person."""

    rights: tuple[Right, ...]
    words: frozenset[str] = frozenset()
    """Scopes that are no right to data: `openid`, `launch/patient` and the like."""

    def covers(self, letter: str, type_: str) -> bool:
        return any(
            letter in one.letters and one.type in (type_, ANY) for one in self.rights
        )

    def is_named(self, letter: str, type_: str) -> bool:
        """Whether it is said of this very type; `*` does not say it."""
        return any(letter in one.letters and one.type == type_ for one in self.rights)

    def for_patient(self, *, is_chosen: bool) -> "AppScopes":
        """The rights to the patient whom the app was given, or to anybody else."""
        return AppScopes(
            tuple(one for one in self.rights if is_chosen or one.context == USER)
        )

    @property
    def names(self) -> tuple[str, ...]:
        return (*[one.text for one in self.rights], *sorted(self.words))

    @property
    def text(self) -> str:
        return " ".join(self.names)

    @property
    def needs_patient(self) -> bool:
        is_about_one = any(one.context == PATIENT for one in self.rights)
        return is_about_one or LAUNCH_PATIENT in self.words

    @property
    def is_about_anybody(self) -> bool:
        return any(one.context == USER for one in self.rights)

    def narrowed(self, wanted: "AppScopes") -> "AppScopes":
        """Those of the wanted that these cover, filters of both together."""
        rights: dict[str, Right] = {}
        for want in wanted.rights:
            for have in self.rights:
                both = _both(have, want)
                if both is not None:
                    rights[both.text] = both
        return AppScopes(tuple(rights.values()), self.words & wanted.words)


def _both(have: Right, want: Right) -> Right | None:
    """What both allow; None where that is nothing."""
    letters = have.letters & want.letters
    is_type_shared = have.type == want.type or ANY in (have.type, want.type)
    if not letters or have.context != want.context or not is_type_shared:
        return None
    filters = dict.fromkeys(one for one in (have.filter, want.filter) if one)
    if filters and not letters & _FILTERED:
        return None
    return Right(
        context=want.context,
        type=have.type if want.type == ANY else want.type,
        letters=letters & _FILTERED if filters else letters,
        filter="&".join(filters),
    )


class UnreadableScope(msgspec.Struct, frozen=True):
    """A scope that is none of an app's."""

    name: str


def read_app_scopes(text: str) -> AppScopes | UnreadableScope:
    """Scopes separated by spaces; the first that cannot be read, by name."""
    names = text.split()
    if len(text) > LONGEST or len(names) > MOST:
        return UnreadableScope("the list, which is too long")
    return scopes_named(names)


def scopes_named(names: Iterable[str]) -> AppScopes | UnreadableScope:
    rights: dict[str, Right] = {}
    words: set[str] = set()
    for name in names:
        if name in WORDS:
            words.add(name)
        elif name not in _LEFT_ASIDE:
            right = _read(name)
            if right is None:
                return UnreadableScope(name[:80])
            rights[right.text] = right
    return AppScopes(tuple(rights.values()), frozenset(words))


def _read(name: str) -> Right | None:
    match = _RIGHT.fullmatch(name)
    if match is None:
        return None
    letters = frozenset(_VERSION_1.get(match["may"], match["may"]))
    is_fit = in_order(_VERSION_1.get(match["may"], match["may"]))
    filter_ = match["filter"] or ""
    if not is_fit or (filter_ and (not letters <= _FILTERED or match["type"] == ANY)):
        return None
    return Right(
        context=match["context"], type=match["type"], letters=letters, filter=filter_
    )
