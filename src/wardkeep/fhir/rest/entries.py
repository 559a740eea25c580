# SPDX-License-Identifier: Apache-2.0
"""The entries of a batch or transaction, read one by one.

https://hl7.org/fhir/R4/http.html#transaction
"""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote, urlsplit

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.definitions import definitions
from wardkeep.fhir.model.members import members_of
from wardkeep.fhir.rest.asking import pairs_of

MOST_ENTRIES = 20_000
TOO_MANY = "Bundle.entry"
"""The place of the one problem that is no single entry's."""
METHODS = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")
"""In the order in which a transaction processes them."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry's request, and its resource as content."""

    place: int
    full_url: str
    method: str
    parts: tuple[str, ...]
    """Of its URL's path, behind the base."""
    query: str
    content: dict[str, object] | None
    if_match: str = ""
    if_none_match: str = ""
    if_none_exist: str = ""

    @property
    def expression(self) -> str:
        return f"Bundle.entry[{self.place}]"

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return pairs_of(self.query)


def read_entries(bundle: Mapping[str, object], *, base: str) -> list[Entry | Problem]:
    """Every entry, or what is wrong with it. The bundle itself was judged before."""
    entries = bundle.get("entry")
    listed = entries if isinstance(entries, list) else []
    if len(listed) > MOST_ENTRIES:
        wrong = f"it has more than {MOST_ENTRIES} entries"
        return [Problem(place=TOO_MANY, wrong=wrong, mend="Send fewer.")]
    return [_entry(place, entry, base) for place, entry in enumerate(listed)]


def _entry(place: int, entry: Mapping[str, object], base: str) -> Entry | Problem:
    where = f"Bundle.entry[{place}]"
    request = entry.get("request")
    if not isinstance(request, dict):
        mend = "Give its method and url."
        return Problem(place=f"{where}.request", wrong="it is missing", mend=mend)
    method = request.get("method")
    url = urlsplit(str(request.get("url", "")).removeprefix(f"{base}/").lstrip("/"))
    content = entry.get("resource")
    needs_content = method in ("POST", "PUT", "PATCH")
    is_operation = "$" in url.path or url.path.endswith("_search")
    if needs_content and content is None and not is_operation:
        mend = f"A {method} brings a resource."
        return Problem(place=f"{where}.resource", wrong="it is missing", mend=mend)
    return Entry(
        place=place,
        full_url=str(entry.get("fullUrl", "")),
        method=str(method),
        parts=tuple(unquote(part) for part in url.path.split("/") if part),
        query=url.query,
        content=content if isinstance(content, dict) else None,
        if_match=str(request.get("ifMatch", "")),
        if_none_match=str(request.get("ifNoneMatch", "")),
        if_none_exist=str(request.get("ifNoneExist", "")),
    )


def in_order(entries: Sequence[Entry]) -> list[Entry]:
    """Deletions first, readings last: https://hl7.org/fhir/R4/http.html#trules."""
    return sorted(entries, key=lambda one: METHODS.index(one.method))


class Links:
    """What the entries of one transaction call each other, and what they are now.

    https://hl7.org/fhir/R4/http.html#trules, and for relative references
    https://hl7.org/fhir/R4/bundle.html#references.
    """

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._has_addresses = False

    def add(self, called: str, now: str) -> None:
        self._known[called] = now
        self._has_addresses |= not called.startswith("urn:")

    def __contains__(self, called: str) -> bool:
        return called in self._known

    def applied(self, entry: Entry) -> object:
        """The entry's resource with the names of resources in place of the calls."""
        if not self._known or entry.content is None:
            return entry.content
        base = _base_of(entry.full_url) if self._has_addresses else ""
        return self._object(entry.content, str(entry.content["resourceType"]), base)

    def _object(
        self, node: Mapping[str, object], type_: str, base: str
    ) -> dict[str, object]:
        members = members_of(type_)
        found: dict[str, object] = {}
        for key, value in node.items():
            member = members.get(key)
            kind = "" if member is None else member.type
            found[key] = self._value(value, kind, base, key=key)
        return found

    def _value(self, value: object, type_: str, base: str, *, key: str) -> object:
        if isinstance(value, list):
            return [self._value(one, type_, base, key=key) for one in value]
        if isinstance(value, dict):
            known = str(value.get("resourceType", type_)).partition("(")[0]
            if known in definitions().types:
                return self._object(value, known, base)
            return value
        if not isinstance(value, str):
            return value
        if key == "reference":
            return self._reference(value, base)
        if type_ in _ADDRESSES:
            return self._known.get(value, value)
        return self._narrative(value) if type_ == "xhtml" else value

    def _reference(self, value: str, base: str) -> str:
        called = value.partition("/_history/")[0]
        found = self._known.get(value) or self._known.get(called)
        if found is None and base and "://" not in called:
            found = self._known.get(base + called)
        return found or value

    def _narrative(self, value: str) -> str:
        """Addresses in links and images of a narrative."""
        return _IN_NARRATIVE.sub(
            lambda found: found[1] + self._known.get(found[2], found[2]) + found[3],
            value,
        )


_ADDRESSES = ("uri", "url", "oid", "uuid")
_IN_NARRATIVE = re.compile(r"""((?:href|src)\s*=\s*["'])([^"']*)(["'])""")
_RESTFUL = re.compile(r"(https?://.+/)[A-Za-z]+/[A-Za-z0-9.-]{1,64}")


def _base_of(full_url: str) -> str:
    """The server that an address of a resource names, with its slash."""
    found = _RESTFUL.fullmatch(full_url)
    return found[1] if found else ""


def conditional_references(content: object) -> set[str]:
    """References that are searches: `Patient?identifier=…`."""
    found: set[str] = set()
    left = [content]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            reference = node.get("reference")
            if isinstance(reference, str) and "?" in reference[:80]:
                found.add(reference)
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)
    return {one for one in found if "://" not in one.partition("?")[0]}
