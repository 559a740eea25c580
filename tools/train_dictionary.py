# SPDX-License-Identifier: Apache-2.0
"""Trains the dictionary that resources are compressed with before they are encrypted.

    python tools/train_dictionary.py HL7_EXAMPLES_FOLDER

A dictionary holds pieces of what it was trained on and ships with the package, so it
sees invented people only: our own demo, HL7's examples (npm hl7.fhir.r4.examples
4.0.1, CC0; the folder is the unpacked package) and `training_shapes.ndjson` beside
this file, the shapes that other systems send. Never a record of anybody's.
A trained dictionary that was released is never replaced: a new one gets a new number.
"""

import base64
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

import zstandard

from wardkeep.assembly.demo import (
    demo_organisation_bundle,
    demo_organisations,
    demo_patients,
)
from wardkeep.disclosure.compression import LEVEL
from wardkeep.fhir.store.abbreviation import abbreviate
from wardkeep.fhir.store.stamping import Stamp

HERE = Path(__file__).parent
TARGET = HERE.parent / "src/wardkeep/disclosure/fhir-1.zstd-dictionary.bin"
SIZE_BYTES = 112 * 1024
TODAY = date(2026, 11, 1)
LONGEST_SAMPLE = 12_000
DEMO_OF_A_TYPE = 60
HL7_OF_A_TYPE = 5
TURNS = 40
SEGMENT, DMER = 1000, 8
"""COVER's k and d. Long segments keep whole shapes together: k 64 gave 15% more."""
_DEFINITIONS = frozenset(
    "Bundle CapabilityStatement CodeSystem CompartmentDefinition ConceptMap"
    " GraphDefinition ImplementationGuide NamingSystem OperationDefinition"
    " SearchParameter StructureDefinition StructureMap ValueSet".split()
)
_URN = re.compile(rb'"reference":"urn:uuid:([^"]*)"')
_TYPE = re.compile(rb'"resourceType":"([^"]*)"')
_ID = re.compile(rb'"id":"([^"]*)"')
_OWNER = re.compile(rb'"Patient/([^"]*)"')
_PLACE = re.compile(r"@([\w.]+)@")
_UPDATED = "2026-11-01T09:30:15.123Z"
_NOTE = (
    "\n{date}\n\n# Chief Complaint\n{complaint}\n\n# History of Present Illness\n{name}"
    "\n is a {age} year-old {race} {sex}. {past}\n\n# Social History\n{social}\n\n"
    "# Allergies\n{allergies}\n\n# Medications\n{medicines}\n\n"
    "# Assessment and Plan\n{plan}\n\n## Plan\n{todo}\n"
)
_NOTE_WORDS: dict[str, tuple[str, ...]] = {
    "complaint": ("No complaints.", "- Cough\n- Sore throat\n- Fever", "- Headache"),
    "race": ("white", "black", "asian", "hispanic"),
    "sex": ("female", "male"),
    "past": (
        "Patient has a history of essential hypertension.",
        "Patient has a history of viral sinusitis (disorder), normal pregnancy.",
    ),
    "social": (
        "Patient is married. Patient has never smoked.",
        "Patient is single. Patient is a former smoker.\n Patient currently has"
        " Medicare.",
    ),
    "allergies": ("No Known Allergies.", "- peanut\n- latex"),
    "medicines": (
        "No Active Medications.",
        "lisinopril 10 mg oral tablet; simvastatin 20 mg oral tablet;"
        " acetaminophen 325 mg oral tablet",
    ),
    "plan": (
        "Patient is presenting with hypertension. ",
        "Patient is presenting with acute bronchitis (disorder).",
    ),
    "todo": (
        "The following procedures were conducted:\n"
        "- medication reconciliation (procedure)\n"
        "- assessment of health and social care needs (procedure)",
        "Patient was given the following immunizations: influenza, seasonal,"
        " injectable, preservative free.",
        "The patient was prescribed the following medications:\n"
        "- hydrochlorothiazide 25 mg oral tablet",
    ),
}


def _stored(resource: dict[str, Any]) -> bytes:
    """The JSON as the store holds it."""
    meta = {"versionId": "1", "lastUpdated": _UPDATED}
    head = {name: resource[name] for name in ("resourceType", "id") if name in resource}
    resource = head | {"meta": meta | resource.get("meta", {})} | _less_meta(resource)
    return json.dumps(resource, separators=(",", ":"), ensure_ascii=False).encode()


def _less_meta(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name != "meta"}


def _abbreviated(text: bytes) -> bytes:
    """The text as a body holds it: with signs for what its row says."""
    type_, id_, owner = (one.search(text) for one in (_TYPE, _ID, _OWNER))
    stamp = Stamp(
        type=type_[1].decode() if type_ else "",
        id=id_[1].decode() if id_ else "",
        version=1,
        last_updated=datetime.fromisoformat(_UPDATED),
    )
    return abbreviate(text, stamp, owner=owner[1].decode() if owner else "")


def demo_samples() -> Iterator[bytes]:
    """Some of each type from the demo, references as the import leaves them."""
    of_type = defaultdict(list)
    for organisation in demo_organisations():
        bundles = [demo_organisation_bundle(organisation)]
        bundles += demo_patients(organisation, today=TODAY)
        for bundle in bundles:
            types = {
                entry["fullUrl"].encode()[9:]: entry["resource"]["resourceType"]
                for entry in bundle["entry"]
            }
            for entry in bundle["entry"]:
                resource = entry["resource"]
                text = _with_types(_stored(resource), types)
                of_type[resource["resourceType"]].append(text)
    for texts in of_type.values():
        yield from texts[:: max(1, len(texts) // DEMO_OF_A_TYPE)]


def _with_types(text: bytes, types: dict[bytes, str]) -> bytes:
    def literal(match: re.Match[bytes]) -> bytes:
        type_ = types.get(match[1], "Organization").encode()
        return b'"reference":"' + type_ + b"/" + match[1] + b'"'

    return _URN.sub(literal, text)


def hl7_samples(folder: Path) -> Iterator[bytes]:
    """Some of each type from HL7's examples, less definitions and narrative."""
    taken: dict[str, int] = defaultdict(int)
    for path in sorted(folder.glob("*-*.json")):
        resource = json.loads(path.read_bytes())
        type_ = resource.get("resourceType", "")
        if not type_ or type_ in _DEFINITIONS or taken[type_] >= HL7_OF_A_TYPE:
            continue
        resource.pop("text", None)
        text = _stored(resource)
        if len(text) <= LONGEST_SAMPLE:
            taken[type_] += 1
            yield text


def shape_samples() -> Iterator[bytes]:
    """Every invented shape many times, with other ids, dates, codes and numbers."""
    shapes = (HERE / "training_shapes.ndjson").read_text(encoding="utf-8").splitlines()
    words = json.loads((HERE / "training_words.json").read_text(encoding="utf-8"))
    for turn in range(TURNS):
        for number, shape in enumerate(shapes):
            yield _filled(shape, words, turn=turn, number=number).encode()


def _filled(shape: str, words: dict[str, Any], *, turn: int, number: int) -> str:
    def fill(match: re.Match[str]) -> str:
        kind, _, part = match[1].partition(".")
        if kind in words:
            rows = words[kind]
            row: list[str] = rows[(turn * 7 + number) % len(rows)]
            return row[int(part)]
        return _made_up(match[1], turn=turn, place=match.start())

    return _PLACE.sub(fill, shape)


def _made_up(kind: str, *, turn: int, place: int) -> str:
    if kind == "when":
        return f"{_day(turn)}T{_chance(turn, 'hour') % 24:02}:{turn % 60:02}:11-04:00"
    if kind == "when.ms":
        return (
            f"{_day(turn)}T{_chance(turn, 'hour') % 24:02}:{turn % 60:02}:11.190-04:00"
        )
    if kind == "date":
        return _day(turn)
    if kind == "instant":
        return _UPDATED
    if kind == "number":
        value = _chance(turn, place)
        return f"{value % 400}.{value % 97:02}" if value % 3 else f"{value % 200}.0"
    if kind == "note":
        return base64.b64encode(_note(turn).encode()).decode()
    digest = sha256(f"{kind}/{turn}".encode()).hexdigest()
    parts = (digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32])
    return "-".join(parts)


def _note(turn: int) -> str:
    chosen = {
        kind: texts[_chance(turn, kind) % len(texts)]
        for kind, texts in _NOTE_WORDS.items()
    }
    name = ("Ada", "Corwin", "Idris", "Marigold")[turn % 4]
    return _NOTE.format(date=_day(turn), name=name, age=20 + turn, **chosen)


def _day(turn: int) -> str:
    n = _chance(turn, "day")
    return f"{1996 + n % 30}-{n % 12 + 1:02}-{n % 28 + 1:02}"


def _chance(turn: int, salt: object) -> int:
    """A number that is the same every time."""
    return int(sha256(f"{turn}/{salt}".encode()).hexdigest()[:8], 16)


def train(examples: Path) -> bytes:
    texts = chain(demo_samples(), hl7_samples(examples), shape_samples())
    samples: list[bytes | bytearray | memoryview[int]] = [
        _abbreviated(text) for text in texts
    ]
    trained = zstandard.train_dictionary(
        SIZE_BYTES, samples, k=SEGMENT, d=DMER, level=LEVEL
    )
    print(f"{len(samples)} samples, {sum(map(len, samples)):,} bytes")
    return trained.as_bytes()


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print(__doc__)
        return 2
    TARGET.write_bytes(train(Path(arguments[0])))
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
