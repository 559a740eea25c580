# SPDX-License-Identifier: Apache-2.0
"""Every HL7 example goes through the API: stored by PUT, read back equal."""

import json
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support.hl7 import FAULTS, examples
from support.program import Program
from support.served import Served, served

A_BUNDLE = 100
LARGEST = 8 * 1024 * 1024
"""Two bundles of definitions are larger than one resource may be."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("examples")) as running:
        running.found("fernhill")
        yield running


def exact(raw: bytes) -> Any:
    """Content with every decimal's digits, and without what the store stamps."""
    content = json.loads(raw, parse_float=lambda written: str(Decimal(written)))
    meta = content.get("meta", {})
    for name in ("versionId", "lastUpdated"):
        meta.pop(name, None)
    if not meta:
        content.pop("meta", None)
    return content


def storable() -> Iterator[tuple[str, bytes]]:
    """Examples with an id of their own; of two with one id the first."""
    seen = set()
    for name, raw in examples():
        if name in FAULTS or len(raw) > LARGEST:
            continue
        content = json.loads(raw)
        key = (content["resourceType"], content.get("id"))
        if content.get("id") and key not in seen:
            seen.add(key)
            yield name, raw


def test_every_example_is_stored_and_returned_equal(
    server: Served, tmp_path: Path
) -> None:
    refused, unequal, count = [], [], 0
    with closing(Program(server, tmp_path, organisation="fernhill")) as program:
        for name, raw in storable():
            count += 1
            content = json.loads(raw)
            path = f"{content['resourceType']}/{content['id']}"
            reply = program.ask("PUT", path, raw)
            if reply.status != 201:
                refused.append((name, reply.status, reply.raw[:200]))
            elif exact(program.get(path).raw) != exact(raw):
                unequal.append(name)
    assert refused == []
    assert unequal == []
    assert count > 2_000
