# SPDX-License-Identifier: Apache-2.0
"""Codes of homes in texts: how long it takes to look for them, and what is mistaken.

On the folder that `WARDKEEP_BENCH_RECORDS` names (FHIR bundles, as JSON or .bz2), which
holds none: whatever is found there is a mistake.
"""

import bz2
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.validation.entry_codes import entry_codes_in

_MICROSECONDS = 1e6


def _resources(path: Path) -> Iterator[Resource]:
    raw = path.read_bytes()
    text = bz2.decompress(raw) if path.suffix == ".bz2" else raw
    for entry in msgspec.json.decode(text).get("entry", []):
        found = parse(msgspec.json.encode(entry["resource"]))
        if isinstance(found, Resource):
            yield found


def run() -> dict[str, float]:
    folder = os.environ.get("WARDKEEP_BENCH_RECORDS", "")
    if not folder:
        return {}
    seconds, resources, mistaken = 0.0, 0, 0
    for path in sorted(Path(folder).glob("*.json*")):
        found = list(_resources(path))
        began = time.process_time()
        mistaken += sum(1 for one in found if entry_codes_in(one))
        seconds += time.process_time() - began
        resources += len(found)
    return {
        "resources looked at": resources,
        "CPU a resource (µs)": _MICROSECONDS * seconds / max(1, resources),
        "taken for a code (aim 0)": mistaken,
    }
