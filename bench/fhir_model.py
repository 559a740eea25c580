# SPDX-License-Identifier: Apache-2.0
"""What it costs to read, check and index a FHIR resource, in µs each.

Over the Synthea bundles in ../shared/data beside the checkout where they are, else over
HL7's own examples in .cache/ (tests/conformance/test_hl7_examples.py fetches them).
"""

import bz2
import gc
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from wardkeep.fhir.model import Resource, from_content, parse
from wardkeep.fhir.search import clinical_date, index_of, patients_of
from wardkeep.fhir.validation import check

ROOT = Path(__file__).parents[1]
SYNTHEA = ROOT.parent / "shared" / "data" / "synthea"
EXAMPLES = ROOT / ".cache" / "hl7.fhir.r4.examples-4.0.1.tgz"
MOST_BUNDLES = 8
MOST_EXAMPLE_BYTES = 100_000
NO_LIMIT = 1 << 30
ROUNDS = 5
_MICROSECONDS = 1e6

One = TypeVar("One")


def resources() -> list[Resource]:
    found = list(_synthea() if SYNTHEA.is_dir() else _examples())
    if not found:
        message = f"neither {SYNTHEA} nor {EXAMPLES} is there"
        raise FileNotFoundError(message)
    return found


def _synthea() -> Iterator[Resource]:
    for path in sorted(SYNTHEA.glob("*-*-*-*-*.json.bz2"))[:MOST_BUNDLES]:
        bundle = parse(bz2.decompress(path.read_bytes()), most_bytes=NO_LIMIT)
        entries = bundle.content["entry"] if isinstance(bundle, Resource) else []
        for entry in entries if isinstance(entries, list) else []:
            one = from_content(entry["resource"])
            if isinstance(one, Resource):
                yield one


def _examples() -> Iterator[Resource]:
    if not EXAMPLES.exists():
        return
    with tarfile.open(EXAMPLES) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None and member.size < MOST_EXAMPLE_BYTES:
                one = parse(content.read())
                if isinstance(one, Resource) and not check(one):
                    yield one


def best(step: Callable[[One], object], values: Sequence[One]) -> float:
    """µs for one, in the best of some rounds."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for value in values:
            step(value)
        times.append(time.perf_counter() - began)
    return min(times) / len(values) * _MICROSECONDS


def _everything(raw: bytes) -> None:
    one = parse(raw)
    if isinstance(one, Resource):
        check(one)
        index_of(one)
        patients_of(one)
        clinical_date(one)


def run() -> dict[str, float]:
    found = resources()
    raw = [one.compact for one in found]
    contents = [one.content for one in found]
    indexes = [index_of(one) for one in found]
    gc.freeze()
    try:
        return {
            "resources measured": float(len(found)),
            "mean size, bytes": sum(map(len, raw)) / len(raw),
            "search terms a resource": _mean([len(one.terms) for one in indexes]),
            "search ranges a resource": _mean([len(one.ranges) for one in indexes]),
            "parse from bytes, µs": best(parse, raw),
            "from_content, µs": best(from_content, contents),
            "check structure, µs": best(check, found),
            "index for search, µs": best(index_of, found),
            "patients of, µs": best(patients_of, found),
            "clinical date, µs": best(clinical_date, found),
            "all of it from bytes, µs": best(_everything, raw),
        }
    finally:
        gc.unfreeze()


def _mean(values: list[int]) -> float:
    return sum(values) / len(values)
