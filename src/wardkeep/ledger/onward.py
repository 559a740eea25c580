# SPDX-License-Identifier: Apache-2.0
"""Where it went on to what an entry discloses, beyond the screen of who asked.

Its action says how; to whom, its request does, where it is a message: the web process
said that name, and the entry was written before the message left. A message that a
session wrote into a record is sent by the organisation's own program, in an entry of
that program, so such an entry is followed from the message that it opened.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec

from wardkeep.ledger.beginnings import app_in
from wardkeep.ledger.entry import Entry, PackedId, decode

SEND, APP = "send", "app"
WAYS = frozenset({SEND, "print", "copy", "carry", "extract", "letters", "pack"})
"""Actions by which something is somewhere else afterwards, and nobody closes it."""
SENDING = "send message"
"""What the organisation's own program says when it opens a message to send it."""
MOST_NAMED = 50
"""Destinations that are told apart: whoever holds the web process invents more."""
_TO, _SENDING_TO = "to ", f"{SENDING} to "
_NEEDLE = _SENDING_TO.encode()
_PROGRAM, _WRITTEN, _MESSAGE = "service", "write", "Communication"
_GRANTED = "grant"


class Onward(msgspec.Struct, kw_only=True):
    """One way and destination that something of one patient went."""

    way: str
    """An action, as in `send`, or `app`."""
    to: str
    """The receiver, or the app's id; empty where the entry names none."""
    first: int
    last: int
    """UTC microseconds since 1970."""
    entries: list[int] = msgspec.field(default_factory=list)

    @property
    def word(self) -> str:
        """As the resources say it that went there."""
        return word_of(self.way, self.to)


class OnwardSum(msgspec.Struct, frozen=True, kw_only=True):
    """The same of many people."""

    way: str
    to: str
    people: int
    records: int
    """Resources that are known to have gone there, each version counted."""


def word_of(way: str, to: str) -> str:
    return f"{way}: {to}" if to else way


def request_of_sending(to: str) -> str:
    """The request of a program's entry that opens a message to send it."""
    return f"{_SENDING_TO}{to}" if to else SENDING


def sent_to(entry: Entry) -> str:
    """To whom a message went; empty where the entry is of no such thing."""
    if entry.action == SEND:
        return entry.request.removeprefix(_TO)
    if entry.role == _PROGRAM and entry.request.startswith(_SENDING_TO):
        return entry.request.removeprefix(_SENDING_TO)
    return ""


def way_of(entry: Entry) -> tuple[str, str] | None:
    """How it went on and to whom; None: only who asked has it."""
    if app := app_in(entry.request):
        return APP, app
    if to := sent_to(entry):
        return SEND, to
    return (entry.action, "") if entry.action in WAYS else None


class Messages:
    """Those that wanted entries wrote, and the entries that sent them later."""

    def __init__(self) -> None:
        self._written: set[tuple[int, PackedId]] = set()

    def note(self, entry: Entry) -> None:
        """Remember what a wanted entry wrote to be sent."""
        if entry.action == _WRITTEN:
            self._written.update(_messages_in(entry))

    def sent_by(self, raw: bytes) -> Entry | None:
        """The entry, if it sends one of them; most are told from others by a few bytes.

        Raises:
            EntryDamagedError: the bytes are no entry.
        """
        if not self._written or _NEEDLE not in raw:
            return None
        entry = decode(raw)
        return entry if self.has(entry) else None

    def has(self, entry: Entry) -> bool:
        """Whether an entry that was read already sends one of them."""
        is_sent = entry.action != SEND and bool(sent_to(entry))
        return (
            is_sent
            and entry.outcome == _GRANTED
            and any(one in self._written for one in _messages_in(entry))
        )


def _messages_in(entry: Entry) -> Iterator[tuple[int, PackedId]]:
    for subject in entry.subjects:
        for packed, _version in subject.packed_resources.get(_MESSAGE, ()):
            yield entry.organisation, packed


def join_onward(known: list[Onward], others: Iterable[Onward]) -> None:
    """What two scopes say of one person, as one."""
    by_word = {one.word: one for one in known}
    for other in others:
        mine = by_word.get(other.word)
        if mine is None:
            known.append(other)
        else:
            mine.first = min(mine.first, other.first)
            mine.last = max(mine.last, other.last)
            mine.entries = sorted({*mine.entries, *other.entries})


def sum_up(
    people: Iterable[tuple[Sequence[Onward], Iterable[Collection[str]]]],
) -> tuple[OnwardSum, ...]:
    """Of how many people, the most first; with each person what its resources say."""
    counted: dict[tuple[str, str], list[int]] = {}
    for ways, resources in people:
        mine = {one.word: counted.setdefault((one.way, one.to), [0, 0]) for one in ways}
        for both in mine.values():
            both[0] += 1
        words = (word for onward in resources for word in onward) if mine else ()
        for word in words:
            mine[word][1] += 1
    made = [
        OnwardSum(way=way, to=to, people=both[0], records=both[1])
        for (way, to), both in counted.items()
    ]
    return tuple(sorted(made, key=lambda one: (-one.people, one.way, one.to)))
