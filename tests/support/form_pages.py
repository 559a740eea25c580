# SPDX-License-Identifier: Apache-2.0
"""A page with a kept form, without a browser: it seals what is typed itself."""

import base64
import html
import json
import re
from urllib.parse import urlencode

from support.note_writer import JSON, Json
from support.served import Visitor
from wardkeep.crypto.aead import Cipher, Key
from wardkeep.fhir.notes.words import Section, Words, write_words


class FormPage:
    """One window with a form, at an address below the patient's.

    One that begins with / is the whole address, and names no patient.
    """

    def __init__(self, visitor: Visitor, path: str, *, patient: str = "pat") -> None:
        self.visitor = visitor
        address = path if path.startswith("/") else f"/patients/{patient}/{path}"
        self.action = address.partition("?")[0]
        self.page = visitor.get(address).decode()
        found = re.findall(r'data-([a-z]+)="([^"]*)"', self.page)
        said = {name: html.unescape(value) for name, value in found}
        self.hidden = dict(
            re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', self.page)
        )
        self.draft, self.editor = self.hidden["draft"], self.hidden["editor"]
        self.identity = said["identity"]
        self.over: list[list[object]] = json.loads(said["over"])
        self.key = Key(base64.b64decode(said["key"]))
        self.words = f"/patients/{patient}/unfinished/{self.draft}"
        self.number = 0

    def sealed(self, typed: dict[str, str], number: int) -> bytes:
        """What the page posts of its fields."""
        sections = tuple(Section(name, text, name) for name, text in typed.items())
        box = Cipher(self.key).seal(
            write_words(Words(title="T", sections=sections)),
            f"{self.identity}{self.editor}|{number}".encode(),
        )
        sent = {
            "editor": self.editor,
            "number": number,
            "box": base64.b64encode(box).decode(),
            "over": self.over,
        }
        return json.dumps(sent).encode()

    def save(self, typed: dict[str, str]) -> tuple[int, Json]:
        """Status, and what the server tells."""
        self.number += 1
        body = self.sealed(typed, self.number)
        status, answer = self.visitor.ask(
            "POST", f"/notes/drafts/{self.draft}/save", body, JSON
        )
        return status, json.loads(answer) if status == 200 else {}

    def send(self, typed: dict[str, str]) -> tuple[int, bytes]:
        """As the script sends it, once the server has it all."""
        place = {"place": f"{self.editor}:{self.number}"} if self.number else {}
        body = urlencode({**self.hidden, **place, **typed}).encode()
        return self.visitor.ask("POST", self.action, body)
