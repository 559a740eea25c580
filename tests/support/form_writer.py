# SPDX-License-Identifier: Apache-2.0
"""A kept form's page without a browser: it seals what is typed and sends it."""

import base64
import json
import re
from typing import Protocol

from support.note_writer import JSON, fields_of
from support.served import LOST
from wardkeep.crypto.aead import Cipher, Key
from wardkeep.fhir.notes.words import Section, Words, write_words

UNANSWERED = 599
_EDITOR = re.compile(rb'name="editor" value="([^"]+)"')


class Asks(Protocol):
    """Somebody's session, as `Visitor` is."""

    def ask(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]: ...


class FormPage:
    """One window that shows a kept form."""

    def __init__(self, visitor: Asks, page: bytes, field: str = "complaint") -> None:
        said = fields_of(page)
        self._visitor, self._field = visitor, field
        self.draft, self._identity = said["draft"], said["identity"]
        self._editor = _EDITOR.findall(page)[0].decode()
        self._cipher = Cipher(Key(base64.b64decode(said["key"])))
        self._over = json.loads(said["over"])
        self._title = said["title"]
        self.number = 0

    def save(self, text: str) -> int:
        """The status; sent again, it has the next number, as a page's has."""
        self.number += 1
        section = Section(self._field.capitalize(), text, self._field)
        words = Words(title=self._title, sections=(section,))
        identity = f"{self._identity}{self._editor}|{self.number}".encode()
        box = self._cipher.seal(write_words(words), identity)
        sent = {
            "editor": self._editor,
            "number": self.number,
            "box": base64.b64encode(box).decode(),
            "over": self._over,
        }
        path = f"/notes/drafts/{self.draft}/save"
        try:
            body = json.dumps(sent).encode()
            return self._visitor.ask("POST", path, body, JSON)[0]
        except LOST:
            return UNANSWERED
