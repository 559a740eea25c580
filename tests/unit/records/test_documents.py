# SPDX-License-Identifier: Apache-2.0
"""A document's page shows its text, or says why it cannot."""

import base64
import json
from datetime import UTC, date, datetime

import pytest

from wardkeep.care.documents import sheet_of
from wardkeep.care.people import who_is
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.store.outcomes import OpenedResource


def document(attachment: dict[str, str], **more: object) -> OpenedResource:
    content = {
        "resourceType": "DocumentReference",
        "id": "d-1",
        "content": [{"attachment": attachment}],
        **more,
    }
    return OpenedResource(
        type="DocumentReference",
        id="d-1",
        version=1,
        patient="p-1",
        tier=Tier.RECORD,
        clinical_at=None,
        last_updated=datetime(2026, 11, 1, tzinfo=UTC),
        text=json.dumps(content).encode(),
    )


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


@pytest.mark.parametrize("kind", ["text/plain", "Text/Plain; charset=utf-8"])
def test_plain_text_is_shown_as_it_was_written(kind: str) -> None:
    data = encoded("Zoë, <b>0</b> mg\n\nsigned".encode())
    sheet = sheet_of(document({"contentType": kind, "data": data, "title": "Letter"}))
    assert (sheet.words, sheet.text) == ("Letter", "Zoë, <b>0</b> mg\n\nsigned")
    assert sheet.why_not == ""


@pytest.mark.parametrize(
    ("attachment", "words"),
    [
        ({"contentType": "text/html", "data": encoded(b"<script>")}, "(text/html)"),
        ({"contentType": "application/pdf", "data": "JVBERi0="}, "(application/pdf)"),
        ({"data": "JVBERi0="}, "(not named)"),
        ({"contentType": "text/plain", "url": "https://example.org/x"}, "elsewhere"),
        ({"contentType": "text/plain", "data": "***"}, "damaged"),
        ({"contentType": "text/plain", "data": encoded(b"\xff\xfe")}, "damaged"),
    ],
)
def test_anything_else_says_why_it_is_not_shown(
    attachment: dict[str, str], words: str
) -> None:
    sheet = sheet_of(document(attachment, type={"text": "Scan"}))
    assert words in sheet.why_not
    assert sheet.text == ""
    assert sheet.words == "Scan"


def test_a_resource_that_cannot_be_read_says_so() -> None:
    assert sheet_of(document({}, content="?")).why_not.startswith("Its text is damaged")


@pytest.mark.parametrize(
    ("death", "words"),
    [
        ({}, ""),
        ({"deceasedBoolean": False}, ""),
        ({"deceasedBoolean": True}, "on a date not recorded"),
        ({"deceasedDateTime": "2026-03-04T05:06:00Z"}, "04-Mar-2026"),
        ({"deceasedDateTime": "2026"}, "2026"),
    ],
)
def test_whether_somebody_died_is_said_in_words(
    death: dict[str, object], words: str
) -> None:
    text = json.dumps({"resourceType": "Patient", "id": "p-1", **death}).encode()
    assert who_is("p-1", text, date(2026, 11, 23)).died == words
