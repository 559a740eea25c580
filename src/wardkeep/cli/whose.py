# SPDX-License-Identifier: Apache-2.0
"""Whose openings a command is about: read as typed, or refused with what to write.

A scope of an id of nobody would say that nobody was reached. So an id has one spelling,
and what is none ends the command.
"""

import asyncio
import uuid
from collections.abc import Iterable, Mapping

from wardkeep.assembly.naming import number_of
from wardkeep.cli.terminal import fail, installation
from wardkeep.ledger.beginnings import plain_address
from wardkeep.warden.directory import EXTRACTOR, IMPORTER

NOBODY_NAMED = (
    "name an --account, --session, --device, --client, --address or --organisation."
)
CALLED = {
    "account": "account",
    "session": "session",
    "device": "passkey",
    "client": "program or app",
    "address": "network address",
    "organisation": "organisation",
}
_NUMBER_STANDS = (
    "It stands in what `wardkeep organisation create` printed, in each entry of"
    " `wardkeep ledger ask`, and in front of the name of a folder of drafts."
)


def account_named(text: str) -> str:
    """The id of an account, in small letters; empty where none is given.

    The operator's imports and extracts run under names in place of ids.
    """
    if text in {IMPORTER, EXTRACTOR}:
        return text
    where = f"as in the address of its page under Security, {IMPORTER} or {EXTRACTOR}"
    return _uuid(text) or _refuse("account", text, f"a UUID, {where}")


def session_named(text: str) -> str:
    """The id of a session, in small letters; empty where none is given."""
    return _uuid(text) or _refuse("session", text, "a UUID, as its entries have it")


def client_named(text: str) -> str:
    """The id of a program, which is a UUID, or of an app, which is as it is spelt."""
    return _uuid(text) or text.strip()


def device_named(text: str) -> str:
    """A passkey's id, in small letters; empty where none is given."""
    try:
        return bytes.fromhex(text).hex()
    except ValueError:
        where = "as on the page that freezes it"
        return _refuse("device", text, f"pairs of figures and letters a to f, {where}")


def address_named(text: str) -> str:
    """A network address in its one spelling; empty where none is given."""
    found = plain_address(text)
    if text and not found:
        fail(f"--address {text!r} is no network address; write it as 203.0.113.7.")
    return found


def organisation_named(text: str, *, is_here: bool = True) -> int:
    """An organisation's number, also from its short name where this is its machine."""
    if not text:
        return 0
    if text.isdecimal() and int(text):
        return int(text)
    if not is_here:
        fail(
            f"--organisation {text!r}: beside --folder only its number is known, as 1."
            f" {_NUMBER_STANDS}"
        )
    settings, layout = installation()
    found = asyncio.run(number_of(settings, layout, text))
    if found is None:
        fail(
            f"--organisation {text!r}: the database, which knows the number of a short"
            f" name, does not answer; write the number, as 1. {_NUMBER_STANDS}"
        )
    return found or fail(
        f"--organisation {text!r}: no organisation has this short name or number."
    )


def refuse_backwards(since: int, until: int) -> None:
    """End the command where the time that is asked for has no moment in it."""
    if since and until and since >= until:
        fail("--from is not before --to: no moment lies between them.")


def unknown_words(names: Iterable[str], values: Mapping[str, object]) -> str:
    """What the ledger does not know, as a sentence."""
    said = " and ".join(f"{CALLED[name]} {values[name]}" for name in names)
    number = values["organisation"]
    where = f" of organisation {number}" if number else ""
    return (
        f"the ledger knows no such {said}: no entry{where}, at any time, is of it. Look"
        " whether it is spelt as where you have it from."
    )


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text.strip())) if text else ""
    except ValueError:
        return ""


def _refuse(option: str, text: str, mend: str) -> str:
    if text:
        fail(f"--{option} {text!r} is no id of one; it is {mend}.")
    return ""
