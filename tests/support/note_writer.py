# SPDX-License-Identifier: Apache-2.0
"""A page of a note without a browser: it reads the key and seals what is typed."""

import base64
import html
import json
import re
from typing import Any

from support.served import Served, Visitor
from wardkeep.base.ids import new_uuid
from wardkeep.crypto.aead import Cipher, Key
from wardkeep.fhir.notes.words import Section, Words, write_words

Json = dict[str, Any]
JSON = {"Content-Type": "application/json"}


def fields_of(page: bytes) -> dict[str, str]:
    """The `data-` attributes of the form."""
    found = re.findall(rb'data-([a-z]+)="([^"]*)"', page)
    return {name.decode(): html.unescape(value.decode()) for name, value in found}


class Page:
    """One window with a draft: an editor of its own."""

    def __init__(self, visitor: Visitor, draft: str, *, patient: str = "pat") -> None:
        self.visitor = visitor
        self.draft, self.patient = draft, patient
        self.address = f"/patients/{patient}/drafts/{draft}"
        page = visitor.get(self.address)
        said = fields_of(page)
        self.editor = re.findall(rb'name="editor" value="([^"]+)"', page)[0].decode()
        self.key = Key(base64.b64decode(said["key"]))
        self.identity = said["identity"]
        self.over: list[list[object]] = json.loads(said["over"])
        self.text = textareas(page)[0]
        self.number = 0

    def sealed(self, text: str, number: int) -> bytes:
        """What the page posts of a text."""
        words = Words(title="T", sections=(Section("", text),))
        identity = f"{self.identity}{self.editor}|{number}".encode()
        box = Cipher(self.key).seal(write_words(words), identity)
        sent = {
            "editor": self.editor,
            "number": number,
            "box": base64.b64encode(box).decode(),
            "over": self.over,
        }
        return json.dumps(sent).encode()

    def save(self, text: str, number: int = 0) -> tuple[int, Json]:
        """Status, and what the server tells."""
        self.number = number or self.number + 1
        body = self.sealed(text, self.number)
        status, answer = self.visitor.ask(
            "POST", f"/notes/drafts/{self.draft}/save", body, JSON
        )
        return status, json.loads(answer) if status == 200 else {}

    def sign(self, number: int = 0) -> tuple[int, bytes]:
        place = f"{self.editor}:{number or self.number}"
        return self.visitor.ask(
            "POST", f"{self.address}/sign", f"place={place}".encode()
        )


def textareas(page: bytes) -> list[str]:
    """What stands in the text fields, as a browser would show it."""
    found = re.findall(
        rb"<textarea[^>]*data-section[^>]*>\n(.*?)</textarea>", page, re.DOTALL
    )
    return [html.unescape(one.decode()) for one in found]


def begin(visitor: Visitor, *, patient: str = "pat", sealed: str = "") -> str:
    """A new draft; its id."""
    draft = new_uuid()
    body = f"draft={draft}&template=&sealed={sealed}".encode()
    status, page = visitor.ask("POST", f"/patients/{patient}/notes", body)
    assert status == 303, page[-2000:]
    return draft


def doctor(server: Served, *patients: str, role: str = "doctor") -> Visitor:
    """Somebody new who expects these patients."""
    token = server.sign_in("fernhill", list(patients or ("pat",)), role=role)
    visitor = Visitor(server.port, token)
    _OPEN.append(visitor)
    return visitor


_OPEN: list[Visitor] = []


def part() -> None:
    """End the connections of everybody who came."""
    while _OPEN:
        _OPEN.pop().close()
