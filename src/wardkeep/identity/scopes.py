# SPDX-License-Identifier: Apache-2.0
"""SMART scopes of programs: which types they may read, search, create, change, delete.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html. Both ways
of writing are read (`system/Patient.rs`, and of version 1 `system/Patient.read`).
"""

import re
from collections.abc import Iterable

import msgspec

ANY = "*"
LETTERS = "cruds"
"""Create, read, update, delete, search; in this order."""
_VERSION_1 = {"read": "rs", "write": "cud", "*": LETTERS}
_SCOPE = re.compile(r"system/(?P<type>\*|[A-Z][A-Za-z]{1,63})\.(?P<may>\*|[a-z]{1,5})")
_PERSONAL = frozenset({"openid", "fhirUser", "offline_access", "launch"})
LONGEST = 4_000
PROVISIONING, KIOSK, TELEPHONE = "scim", "kiosk", "telephone"
"""Each stands alone: whoever has it reads no record."""
REGISTERED_ALONE = (PROVISIONING, TELEPHONE)
"""Which of them a program is registered with; a kiosk is let in at its screen."""
CHECK_IN = "check-in"
"""What a ticket is good for; no program is registered with it, and none is given it."""


class Scopes(msgspec.Struct, frozen=True):
    """What may be done with which types."""

    letters: dict[str, frozenset[str]]
    """By type, or `*` for every type."""
    only: str = ""
    """The one thing besides records that it may do: it reads none then."""

    @property
    def stands_alone(self) -> bool:
        """Whether it names who works here (SCIM), or tells who rang (telephone)."""
        return self.only in REGISTERED_ALONE

    @property
    def is_kiosk(self) -> bool:
        """Whether it is a shared device, which only asks the check-in question."""
        return self.only == KIOSK

    def covers(self, letter: str, type_: str) -> bool:
        everywhere = self.letters.get(ANY)
        if everywhere is not None and letter in everywhere:
            return True
        here = self.letters.get(type_)
        return here is not None and letter in here

    def is_named(self, letter: str, type_: str) -> bool:
        """Whether it is said of this very type; `*` does not say it."""
        return letter in self.letters.get(type_, ())

    @property
    def text(self) -> str:
        """The scopes as SMART 2.2 writes them."""
        if self.only:
            return self.only
        return " ".join(
            f"system/{type_}.{''.join(one for one in LETTERS if one in letters)}"
            for type_, letters in sorted(self.letters.items())
        )

    def narrowed(self, wanted: "Scopes") -> "Scopes":
        """Those of the wanted that these cover."""
        found: dict[str, frozenset[str]] = {}
        everywhere = self.letters.get(ANY, frozenset())
        for type_, letters in wanted.letters.items():
            if type_ == ANY:
                _add(found, ANY, letters & everywhere)
                for own, mine in self.letters.items():
                    _add(found, own, letters & mine)
            else:
                _add(
                    found,
                    type_,
                    letters & (self.letters.get(type_, frozenset()) | everywhere),
                )
        return Scopes(found)


CHECK_IN_SCOPES = Scopes(
    {
        "Patient": frozenset("r"),
        "Appointment": frozenset("ru"),
        "QuestionnaireResponse": frozenset("c"),
        "Basic": frozenset("c"),
    },
    only=CHECK_IN,
)
"""Of a ticket: see when and where one is expected, come, answer, and correct."""


def _add(found: dict[str, frozenset[str]], type_: str, letters: frozenset[str]) -> None:
    if letters:
        found[type_] = found.get(type_, frozenset()) | letters


def read_scopes(text: str) -> Scopes | None:
    """Scopes separated by spaces; None where one of them is none that a program has."""
    if len(text) > LONGEST:
        return None
    if text.split() in ([PROVISIONING], [KIOSK], [TELEPHONE]):
        return Scopes({}, only=text.strip())
    found: dict[str, frozenset[str]] = {}
    for word in text.split():
        if word in _PERSONAL:
            continue  # they are about people, and give a program nothing
        read = _read(word)
        if read is None:
            return None
        _add(found, *read)
    return Scopes(found)


def _read(word: str) -> tuple[str, frozenset[str]] | None:
    match = _SCOPE.fullmatch(word)
    if match is None:
        return None
    letters = _VERSION_1.get(match["may"], match["may"])
    return (match["type"], frozenset(letters)) if in_order(letters) else None


def in_order(letters: Iterable[str]) -> bool:
    """`cruds` in this order, as the specification wants: `.ur` is refused."""
    places = [LETTERS.find(letter) for letter in letters]
    return -1 not in places and places == sorted(set(places))


def granted_of(registered: str, wanted: str) -> Scopes | None:
    """What a program gets of what it wants; None where that is nothing."""
    has, wants = read_scopes(registered), read_scopes(wanted)
    if has is None or wants is None:
        return None
    if has.only or wants.only:
        is_the_same = wants.only in ("", has.only) and not wants.letters
        return has if has.only and is_the_same else None
    granted = has.narrowed(wants) if wants.letters else has
    return granted if granted.letters else None
