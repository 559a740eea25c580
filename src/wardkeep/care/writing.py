# SPDX-License-Identifier: Apache-2.0
"""What pages write into records: content made into drafts, and older content anew."""

import copy

import msgspec

from wardkeep.fhir.model.resource import Resource, from_content, parse
from wardkeep.fhir.store.draft import Draft, draft_of
from wardkeep.web.trouble import Trouble

NOT_SAVED = Trouble(
    status=409,
    title="It could not be saved",
    why="The record does not take it as it is.",
    mend="Go back and look at it again.",
)
_OURS = ("versionId", "lastUpdated")
_encode = msgspec.json.Encoder(decimal_format="number").encode


class ContentBrokenError(Exception):
    """What a page made is no FHIR resource; our own fault."""


def drafted(content: dict[str, object]) -> Draft:
    """A draft of content that a page made.

    Raises:
        ContentBrokenError: it is no resource, or has no id.
    """
    made = parse(_encode(content))
    return _draft(made)


def drafted_anew(content: dict[str, object]) -> Draft:
    """A draft of content that came from the store, digits as they were."""
    return _draft(from_content(content))


def _draft(made: object) -> Draft:
    if not isinstance(made, Resource) or made.id is None:
        raise ContentBrokenError
    return draft_of(made, made.id)


def content_of(text: bytes) -> dict[str, object]:
    """What was stored, to be changed and stored anew; without the store's own stamp.

    Raises:
        ContentBrokenError: it is no resource.
    """
    found = parse(text)
    if not isinstance(found, Resource):
        raise ContentBrokenError
    content = copy.deepcopy(found.content)
    meta = content.get("meta")
    if isinstance(meta, dict):
        for name in _OURS:
            meta.pop(name, None)
        if not meta:
            del content["meta"]
    return content
