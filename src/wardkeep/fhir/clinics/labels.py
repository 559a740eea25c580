# SPDX-License-Identifier: Apache-2.0
"""What a waiting room's screen reads out, sealed on its way there.

The clinician who calls has opened the person; the screen opens nobody. What it shows,
a number, initials or a first name as the person chose, travels from one to the other
under the organisation's own key, bound to the place in the queue that it belongs to.
"""

from wardkeep.crypto.aead import BoxCannotBeOpenedError, Cipher
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.clinics.outcomes import Line
from wardkeep.fhir.clinics.rows import Shown
from wardkeep.fhir.clinics.words import ShownAs
from wardkeep.fhir.store.keys import own_wrapped_key
from wardkeep.fhir.store.opening import shared_cipher
from wardkeep.fhir.store.outcomes import Opener

LONGEST = 24
_PADDED = 32
"""Bytes before sealing, so that a box does not tell how long the name is."""


class Labels:
    """Seals and opens what screens read out."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def seal(self, line: Line, words: str, *, opener: Opener) -> bytes | Refusal:
        """For the entry of this line; empty words: the number is shown."""
        if not words:
            return b""
        cipher = await self._cipher(opener)
        if isinstance(cipher, Refusal):
            return cipher
        return cipher.seal(_padded(words), _identity(opener, line.entry))

    async def open(
        self, shown: tuple[Shown, ...], *, opener: Opener
    ) -> tuple[str, ...] | Refusal:
        """The words for each; empty where the number is shown."""
        if not any(one.label for one in shown):
            return tuple("" for _ in shown)
        cipher = await self._cipher(opener)
        if isinstance(cipher, Refusal):
            return cipher
        return tuple(_open(cipher, one, opener) for one in shown)

    async def _cipher(self, opener: Opener) -> Cipher | Refusal:
        async with self._database.connection(opener.organisation) as connection:
            wrapped = await own_wrapped_key(
                connection,
                self._warden,
                session=opener.session,
                organisation=opener.organisation,
            )
        if isinstance(wrapped, Refusal):
            return wrapped
        return await shared_cipher(self._warden, opener, wrapped)


def label_of(shown_as: ShownAs, *, given: str, family: str) -> str:
    """What is read out; empty: the number, also where there is no such name."""
    first = given.split(maxsplit=1)[0] if given.split() else ""
    if shown_as is ShownAs.FIRST_NAME:
        return first[:LONGEST]
    if shown_as is ShownAs.INITIALS and first and family:
        return f"{first[0]}. {family[0]}.".upper()
    return ""


def _padded(words: str) -> bytes:
    raw = words.encode()[: _PADDED * 3]
    return raw + b"\0" * (-len(raw) % _PADDED)


def _identity(opener: Opener, entry: int) -> bytes:
    return f"clinic label {opener.organisation} {entry}".encode()


def _open(cipher: Cipher, shown: Shown, opener: Opener) -> str:
    if not shown.label:
        return ""
    try:
        opened = cipher.open(shown.label, _identity(opener, shown.entry))
    except BoxCannotBeOpenedError:
        # Moved from another entry: the number is right in any case.
        return ""
    return opened.rstrip(b"\0").decode("utf-8", "replace")
