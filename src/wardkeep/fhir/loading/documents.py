# SPDX-License-Identifier: Apache-2.0
"""Documents: the text of a source taken apart into the resources that it holds.

A .json file is one document; so is each Bundle in a .ndjson file, and the single
resources of one .ndjson file together are one as well. A document is loaded whole or
not at all. Nothing is decoded further than to find the resources.
"""

import re
from collections.abc import Iterator

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.loading.limits import Limits
from wardkeep.fhir.loading.sources import Source
from wardkeep.fhir.model.strict_json import read_object

BUNDLE_TYPES = frozenset(("transaction", "batch", "collection", "searchset"))
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BYTE_PLACE = re.compile(r"\(byte (\d+)\)")
_ESCAPED_QUOTE = b"\\u0022"
_MEND_JSON = "Mend the file, or export it again."
_shallow = msgspec.json.Decoder(dict[str, msgspec.Raw])
_entries = msgspec.json.Decoder(list[msgspec.Raw])
_text = msgspec.json.Decoder(str)
_HEAD = re.compile(
    rb'\s*\{\s*"resourceType"\s*:\s*"([A-Za-z]+)"\s*,\s*"id"\s*:\s*"([^"\\]+)"'
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One resource of a document, still as text."""

    place: str
    """Where in the document: `Bundle.entry[3].resource`, or `line 12`."""
    raw: bytes
    type: str
    id: str
    """Its own id; empty where it has none."""
    full_url: str = ""
    if_none_exist: str = ""


class _Request(msgspec.Struct, frozen=True):
    method: str
    url: str
    ifNoneExist: str = ""  # noqa: N815 - FHIR's own name


class _UsualEntry(msgspec.Struct, frozen=True):
    """`fullUrl`, `resource`, `request` with `method` and `url`: 16 quotation marks."""

    fullUrl: str  # noqa: N815 - FHIR's own name
    resource: msgspec.Raw
    request: _Request


_usual = msgspec.json.Decoder(list[_UsualEntry])


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What is loaded whole or not at all."""

    name: str
    text: bytes
    """What its mark is made of: a document that was loaded is known again by it."""
    entries: tuple[Entry, ...]


class _FaultError(Exception):
    """Ends the reading of a document; caught in this module."""

    def __init__(self, place: str, wrong: str, mend: str = _MEND_JSON) -> None:
        super().__init__(wrong)
        self.problem = Problem(place=place, wrong=wrong, mend=mend)


def documents(
    source: Source, text: bytes, limits: Limits
) -> Iterator[Document | Problem]:
    """The documents of a source, each read or refused."""
    text = text.removeprefix(_BYTE_ORDER_MARK)
    wrong = _unreadable(text)
    if wrong:
        yield Problem(place=source.name, wrong=wrong, mend=_MEND_JSON)
    elif source.is_by_line:
        yield from _by_line(source, text, limits)
    else:
        yield _one(source.name, text, limits)


def _unreadable(text: bytes) -> str:
    if not text.strip():
        return "it is empty"
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"line {_line(text, error.start)} is not UTF-8"
    if b"\0" in text:
        return f"line {_line(text, text.index(0))} has a NUL character"
    return ""


def _line(text: bytes, place: int) -> int:
    return text.count(b"\n", 0, place) + 1


def _by_line(
    source: Source, text: bytes, limits: Limits
) -> Iterator[Document | Problem]:
    singles: list[Entry] = []
    lines: list[bytes] = []
    faults: list[Problem] = []
    for number, line in enumerate(text.split(b"\n"), start=1):
        if not line.strip():
            continue
        name = f"{source.name}: line {number}"
        found = _one(name, line, limits)
        if isinstance(found, Problem):
            faults.append(found)
        elif found.entries and found.entries[0].place:
            yield found
        else:
            place = f"line {number}"
            singles += [msgspec.structs.replace(e, place=place) for e in found.entries]
            lines.append(line)
    yield from faults
    if singles and not faults:
        yield Document(name=source.name, text=b"\n".join(lines), entries=tuple(singles))


def _one(name: str, text: bytes, limits: Limits) -> Document | Problem:
    """A Bundle's resources, or a single resource with an empty place."""
    try:
        fields = _members(text, name)
        if _string(fields, "resourceType") == "Bundle":
            entries = _of_bundle(fields, name, limits)
        else:
            entries = (_entry(fields, place="", raw=text),)
        _check_sizes(entries, name, limits)
    except _FaultError as fault:
        return fault.problem
    return Document(name=name, text=text, entries=entries)


def _members(text: bytes, place: str) -> dict[str, msgspec.Raw]:
    """The members of one object, unread, none of them twice."""
    try:
        found = _shallow.decode(text)
    except RecursionError:
        raise _FaultError(place, "it nests deeper than any record does") from None
    except msgspec.ValidationError:
        raise _FaultError(place, "it is not a JSON object") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _FaultError(place, _in_words(error, text)) from None
    # Every member that is kept has its own quotation marks: if some are left over,
    # a key came twice and one of its values was dropped (see model/strict_json.py).
    kept = sum(2 + bytes(raw).count(b'"') for raw in found.values())
    if kept != text.count(b'"') or _ESCAPED_QUOTE in text:
        problem = read_object(text, most_bytes=len(text))
        if isinstance(problem, Problem):
            raise _FaultError(place, problem.wrong, problem.mend)
    return found


def _in_words(error: Exception, text: bytes) -> str:
    """The decoder's words name a byte; people look for a line."""
    words = str(error).removeprefix("JSON is malformed: ")
    found = _BYTE_PLACE.search(words)
    if found is None:
        return f"it is not JSON: {words}"
    line = _line(text, int(found[1]))
    return f"it is not JSON: {words[: found.start()].strip()} in line {line}"


def _of_bundle(
    fields: dict[str, msgspec.Raw], name: str, limits: Limits
) -> tuple[Entry, ...]:
    kind = _string(fields, "type")
    if kind not in BUNDLE_TYPES:
        wrong = "this type of Bundle is not loaded"
        mend = f"These are: {', '.join(sorted(BUNDLE_TYPES))}."
        raise _FaultError(f"{name}: Bundle.type", wrong, mend)
    usual = _usual_entries(fields.get("entry"))
    if usual is not None:
        return usual
    try:
        raws = _entries.decode(fields.get("entry", b"[]"))
    except msgspec.ValidationError:
        raise _FaultError(f"{name}: Bundle.entry", "it is not a list") from None
    if len(raws) > limits.resources:
        wrong = f"it has more than {limits.resources:,} resources"
        raise _FaultError(name, wrong, "Split it into one file a patient.")
    found = [_of_entry(bytes(raw), name, number) for number, raw in enumerate(raws)]
    return tuple(entry for entry in found if entry is not None)


def _usual_entries(raw: msgspec.Raw | None) -> tuple[Entry, ...] | None:
    """The entries where all are as most systems write them; a fifth of the time.

    None where anything is out of the usual; then each entry is looked at by itself,
    which also says where it is wrong.
    """
    if raw is None:
        return None
    try:
        found = _usual.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    marks, entries = 0, []
    for number, one in enumerate(found):
        text = bytes(one.resource)
        head = _HEAD.match(text)
        request = one.request
        if head is None or request.method not in ("POST", "PUT"):
            return None
        marks += text.count(b'"') + 16 + 4 * bool(request.ifNoneExist)
        entries.append(
            Entry(
                place=f"Bundle.entry[{number}].resource",
                raw=text,
                type=head[1].decode(),
                id=head[2].decode(),
                full_url=one.fullUrl,
                if_none_exist=request.ifNoneExist,
            )
        )
    whole = bytes(raw)
    is_usual = marks == whole.count(b'"') and _ESCAPED_QUOTE not in whole
    return tuple(entries) if is_usual else None


def _of_entry(raw: bytes, name: str, number: int) -> Entry | None:
    """One entry; None for the search's own outcome, which is no record."""
    place = f"Bundle.entry[{number}]"
    where = f"{name}: {place}"
    fields = _members(raw, where)
    request = _part(fields, "request", where)
    method = _string(request, "method")
    if method not in ("", "POST", "PUT"):
        wrong = "it asks for something else than to store a resource"
        raise _FaultError(f"{where}.request.method", wrong, "Leave this entry out.")
    if _string(_part(fields, "search", where), "mode") == "outcome":
        return None
    if "resource" not in fields:
        raise _FaultError(where, "it has no resource", "Leave this entry out.")
    text = bytes(fields["resource"])
    entry = _entry(
        _members(text, f"{where}.resource"), place=f"{place}.resource", raw=text
    )
    return msgspec.structs.replace(
        entry,
        full_url=_string(fields, "fullUrl"),
        if_none_exist=_string(request, "ifNoneExist"),
    )


def _entry(fields: dict[str, msgspec.Raw], *, place: str, raw: bytes) -> Entry:
    return Entry(
        place=place,
        raw=raw,
        type=_string(fields, "resourceType"),
        id=_string(fields, "id"),
    )


def _part(
    fields: dict[str, msgspec.Raw], name: str, place: str
) -> dict[str, msgspec.Raw]:
    raw = fields.get(name)
    return {} if raw is None else _members(bytes(raw), f"{place}.{name}")


def _string(fields: dict[str, msgspec.Raw], name: str) -> str:
    """A member that is a string; empty where it is none, which validation judges."""
    raw = fields.get(name)
    if raw is None:
        return ""
    try:
        return _text.decode(raw)
    except msgspec.DecodeError:
        return ""


def _check_sizes(entries: tuple[Entry, ...], name: str, limits: Limits) -> None:
    for entry in entries:
        if len(entry.raw) > limits.resource_bytes:
            wrong = f"it is larger than {limits.resource_bytes:,} bytes"
            mend = "Store large attachments outside the resource."
            raise _FaultError(f"{name}: {entry.place}", wrong, mend)
