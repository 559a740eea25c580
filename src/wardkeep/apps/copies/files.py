# SPDX-License-Identifier: Apache-2.0
"""The files of a copy: one to read, one for programs, and a manifest of both.

The readable one needs no network and runs no script. The other is a FHIR R4 Bundle
(https://hl7.org/fhir/R4/bundle.html). The manifest says who made the copy for whom,
under which entry of the ledger, with the SHA-256 of each file and what stayed.
"""

import hashlib
import io
import zipfile
from collections import Counter
from datetime import datetime
from functools import cache
from pathlib import Path

import jinja2
import msgspec

from wardkeep.apps.copies.answers import ASSESSMENTS
from wardkeep.apps.copies.paper import paper_of
from wardkeep.base.clock import LONDON
from wardkeep.disclosure.copies import GROUNDS, MakeCopy
from wardkeep.fhir.rest.bundle import bundle
from wardkeep.fhir.store.stamping import instant
from wardkeep.fhir.store.taking_out import StaysHere, TakenOut
from wardkeep.ui.kit import make_environment

READABLE, PROGRAMS, MANIFEST = "record.html", "record.json", "manifest.json"
_STAYS = {
    "sealed": "Sealed: ways into a home, protected addresses, restricted notes.",
    "about_others": "Another patient is in them too.",
    "not_asked": "Of kinds that were not asked for.",
    "other_times": "Dated outside the period.",
}
READ_FIRST = (
    "Somebody who knows the record reads it before it is handed over: free text may"
    " name other people, or say what would seriously harm somebody to know."
)
_NOT_ALL = "The record has more entries than one copy takes: ask for shorter periods."
_TYPES = {
    "problems": ("alerts", "allergies", "problems"),
    "medicines": ("depots", "medicines", "doses"),
    "results": ("results", "reports"),
    "visits": ("visits",),
    "plans": ("plans",),
    "documents": (ASSESSMENTS,),
}
"""For each part the sections of the readable file; documents stand there as letters."""


class Making(msgspec.Struct, frozen=True, kw_only=True):
    """What a copy is made of."""

    act: MakeCopy
    taken: TakenOut
    titles: tuple[str, ...]
    signed_entry: int
    made_by: str
    organisation: str
    base: str
    """The address under which programs know the resources."""
    at: datetime


class NamedFile(msgspec.Struct, frozen=True):
    """A file of the copy, as the manifest names it."""

    name: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the copy says of itself."""

    what: str
    organisation: str
    patient: str
    made_at: str
    made_by: str
    because: str
    asked_by: str
    reason: str
    parts: tuple[str, ...]
    since: str
    until: str
    ledger_entry: int
    signed_entry: int
    resources: dict[str, int]
    stays: dict[str, int]
    stays_because: dict[str, str]
    files: tuple[NamedFile, ...]
    read_first: str
    is_whole: bool


def zip_of(making: Making) -> bytes:
    """All files; the manifest comes first, so that whoever opens it sees it."""
    files = {READABLE: _readable(making), PROGRAMS: _for_programs(making)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {MANIFEST: _manifest(making, files), **files}.items():
            entry = zipfile.ZipInfo(name, making.at.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return packed.getvalue()


def _for_programs(making: Making) -> bytes:
    entries = [
        b'{"fullUrl":"%b/%b/%b","resource":%b}'
        % (making.base.encode(), one.type.encode(), one.id.encode(), one.text)
        for one in making.taken.opened.resources
    ]
    made_at = b',"timestamp":"%b"' % instant(making.at)
    return bundle("collection", entries, extra=made_at)


def _readable(making: Making) -> bytes:
    parts = making.act.parts
    paper = paper_of(
        making.taken.opened.resources,
        sections=[name for part in parts for name in _TYPES.get(part, ())],
        today=making.at.date(),
        has_letters="documents" in parts,
    )
    template = _environment().get_template("copies/file.html")
    text = template.render(
        paper=paper,
        making=making,
        ground=GROUNDS[making.act.ground],
        made_at=making.at.astimezone(LONDON),
        stays=_stays(making.taken.stays),
        because=_STAYS,
        not_all="" if _is_whole(making) else _NOT_ALL,
    )
    return text.encode()


@cache
def _environment() -> jinja2.Environment:
    return make_environment({"copies": Path(__file__).parent / "templates"})


def _stays(stays: StaysHere) -> dict[str, int]:
    counted: dict[str, int] = msgspec.structs.asdict(stays)
    return {name: many for name, many in counted.items() if many}


def _is_whole(making: Making) -> bool:
    return not making.taken.opened.is_more


def _manifest(making: Making, files: dict[str, bytes]) -> bytes:
    act, opened = making.act, making.taken.opened
    stays = _stays(making.taken.stays)
    made = Manifest(
        what="A copy of one person's record",
        organisation=making.organisation,
        patient=act.patient,
        made_at=instant(making.at).decode(),
        made_by=making.made_by,
        because=GROUNDS[act.ground],
        asked_by=act.asked_by,
        reason=act.reason,
        parts=making.titles,
        since=act.since,
        until=act.until,
        ledger_entry=opened.entry,
        signed_entry=making.signed_entry,
        resources=dict(Counter(one.type for one in opened.resources)),
        stays=stays,
        stays_because={name: _STAYS[name] for name in stays},
        files=tuple(
            NamedFile(name, len(text), hashlib.sha256(text).hexdigest())
            for name, text in files.items()
        ),
        read_first=READ_FIRST,
        is_whole=_is_whole(making),
    )
    return msgspec.json.format(msgspec.json.encode(made), indent=2)
