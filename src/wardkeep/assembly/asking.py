# SPDX-License-Identifier: Apache-2.0
"""Where a root key's passphrase or PIN comes from: systemd, a descriptor, a person.

Never an argument or the environment: both are read by whoever lists processes.
"""

import getpass
import os
import sys
from pathlib import Path

import msgspec

from wardkeep.assembly.layout import Layout
from wardkeep.base.settings import Settings
from wardkeep.warden.root_key import Ask, Place, RootKeyUnavailableError, kind_at
from wardkeep.warden.root_key_ring import RECORD_NAME, read_record
from wardkeep.warden.root_keys import kinds, open_root_key

CREDENTIAL = "wardkeep-root-key"
"""https://systemd.io/CREDENTIALS: a file that only the service sees."""
_CREDENTIALS_FOLDER = "CREDENTIALS_DIRECTORY"
_LONGEST_BYTES = 4096
_LAST_STANDARD = 2


def asking(descriptor: int | None) -> Ask:
    """Whom to ask: a descriptor's lines in turn, systemd, or who is at the terminal."""
    if descriptor is not None:
        return _in_turn(_read_once(descriptor)[:_LONGEST_BYTES])
    folder = os.environ.get(_CREDENTIALS_FOLDER)
    if folder is not None and (Path(folder) / CREDENTIAL).exists():
        return _in_turn((Path(folder) / CREDENTIAL).read_bytes())
    return _ask_person if sys.stdin is not None and sys.stdin.isatty() else ask_nobody


def _read_once(descriptor: int) -> bytes:
    """What a descriptor gives, which is closed then.

    A standard one becomes an empty one: libuv ends a process that lets it close a
    socket under one of these three numbers.
    """
    with os.fdopen(descriptor, "rb") as source:
        raw = source.read()
    if descriptor <= _LAST_STANDARD:
        nothing = os.open(os.devnull, os.O_RDWR)
        if nothing != descriptor:
            os.dup2(nothing, descriptor)
            os.close(nothing)
    return raw


def ask_nobody(words: str) -> str:
    """There is nobody to ask."""
    message = (
        f"{words} is needed, and there is nobody to ask. Give it by the systemd"
        f" credential {CREDENTIAL}, by --passphrase-fd, or start at a terminal."
    )
    raise RootKeyUnavailableError(message)


def _ask_person(words: str) -> str:
    return getpass.getpass(f"{words}: ")


def _in_turn(raw: bytes) -> Ask:
    lines = iter(raw.decode(errors="replace").splitlines())

    def ask(words: str) -> str:
        found = next(lines, "")
        return found or ask_nobody(words)

    return ask


def asking_supervisor(descriptor: int) -> Ask:
    """Whoever serves gives what `secrets_of` found, each by what it was asked for.

    A root key that was moved since then asks for something else, and is given nothing:
    a token that is tried with another one's PIN locks itself.
    """
    given = msgspec.json.decode(_read_once(descriptor), type=dict[str, str])

    def ask(words: str) -> str:
        return given.get(words) or ask_nobody(words)

    return ask


def secrets_of(settings: Settings, layout: Layout, ask: Ask) -> dict[str, str]:
    """What the root keys in use ask for, by the words in which they ask.

    Raises:
        RootKeyUnavailableError: there is nobody to ask, or it is wrong.
    """
    record = read_record(layout.warden, usual=settings.root_key)
    found: dict[str, str] = {}
    for address in filter(None, (record.current, record.older)):
        kind, rest = kind_at(address, kinds())
        words = kind.asks(rest)
        if words:
            found[words] = ask(words)
            _try_out(layout, address, found[words])
    return found


def _try_out(layout: Layout, address: str, secret: str) -> None:
    """Say at the terminal, not in a log, that it is wrong; a new key has none yet."""
    if (layout.warden / RECORD_NAME).exists():
        open_root_key(address, Place(layout.warden, lambda _: secret))
