# SPDX-License-Identifier: Apache-2.0
"""A drill on what lies about: every file is searched for every word that was loaded.

Database, its log of writes, the files of the processes, logs and metrics.
The real processes, used as people and attackers use them, over fictional people and,
where the folder is there, a person of Synthea.
"""

import base64
import bz2
import html
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import msgspec
import pytest

from support.house import free_port
from support.leaks import leaked, spellings, words_of
from support.served import Served, Visitor, served
from wardkeep.assembly.demo import (
    demo_organisation_bundle,
    demo_organisations,
    demo_patients,
)
from wardkeep.fhir.model.type_codes import type_names

TODAY = date(2026, 11, 23)
PEOPLE = 12
SYNTHEA = Path(__file__).parents[3] / "shared" / "data" / "synthea"
_OURS = ("server.lock", "lock")


Json = dict[str, Any]


class Loaded(msgspec.Struct):
    """A stack that was used, and what must not be found."""

    stack: Served
    words: set[str]
    before: set[str]
    """Words that the files of an empty installation hold anyway."""
    metrics: str


def bundles(folder: Path) -> list[Json]:
    organisation = demo_organisations()[0]
    made = [demo_organisation_bundle(organisation)]
    made += list(demo_patients(organisation, today=TODAY))[:PEOPLE]
    if SYNTHEA.is_dir():
        # The smallest of them, and whom they all refer to.
        packed = sorted(SYNTHEA.glob("*.json.bz2"), key=lambda one: one.stat().st_size)
        for path in [*SYNTHEA.glob("0-*"), packed[1]]:
            made.append(json.loads(bz2.decompress(path.read_bytes())))
    for number, one in enumerate(made):
        first = "0-" if number == 0 or len(made) - number in (2, 3) else ""
        path = folder / f"{first}{number:03}.json"
        path.write_bytes(msgspec.json.encode(one))
    return made


def entries(made: list[Json], kind: str) -> Iterator[Json]:
    for one in made:
        for entry in one["entry"]:
            if entry["resource"]["resourceType"] == kind:
                yield entry["resource"]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    folder = tmp_path_factory.mktemp("leaks")
    records = tmp_path_factory.mktemp("records")
    made = bundles(records)
    # Whoever works there is no patient: names of staff and places are the
    # organisation's own, and sealed all the same.
    words = {word for one in made for word in words_of(one)}
    # Ids and types stand in rows and ledger in the clear (docs/threat-model.md), and
    # Synthea uses a person's id as an identifier as well.
    words -= {entry["resource"]["id"] for one in made for entry in one["entry"]}
    words -= set(type_names())
    port = str(free_port())
    with served(folder, WARDKEEP_METRICS_PORT=port, WARDKEEP_WEB_WORKERS="1") as stack:
        before = leaked(words, files(stack))
        stack.command("organisation", "create", "--slug", "fernhill", "--name", "F")
        stack.command("import", str(records), "--organisation", "fernhill")
        people = [
            one
            for one in entries(made, "Patient")
            if "999" in json.dumps(one["identifier"])
        ]
        use(stack, people)
        metrics = urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
        yield Loaded(stack, words, before, metrics)


def use(stack: Served, people: list[Json]) -> None:
    """What a doctor does, and what somebody does who tries things with her session."""
    token = stack.sign_in("fernhill", [str(one["id"]) for one in people])
    doctor = Visitor(stack.port, token)
    for one in people:
        [name, *_] = one["name"]
        family, given = name["family"], name["given"][0]
        page = doctor.post("/find", {"family": family, "given": given})
        assert family.upper() in html.unescape(page.decode())
        assert b"wk-banner" in doctor.get(f"/patients/{one['id']}")
        doctor.get(f"/patients/{one['id']}/history")
        [number, *_] = [i["value"] for i in one["identifier"]]
        said = quote(family)
        for path in (
            f"/{said}",
            f"/patients/{said}",
            f"/find?q={number}",
        ):
            doctor.ask("GET", path, headers={"User-Agent": said, "Referer": number})
        doctor.ask("POST", "/find", f"family={quote(family)}%ff%00".encode())
        doctor.ask("POST", "/find", json.dumps(name).encode(), {"Content-Type": "x/y"})
        doctor.ask("PUT", f"/patients/{quote(given)}", json.dumps(name).encode())
    doctor.close()
    broken = stack.log.parent / "broken.json"
    broken.write_text(json.dumps(people[0]).replace('"male"', '"m"')[:-1] + ',"x":1}')
    assert stack.run("import", str(broken), "--organisation", "fernhill").returncode
    broken.unlink()


def files(stack: Served) -> list[Path]:
    """Every file of the installation: database, write-ahead log, sockets' folder, keys,
    ledger, logs; and what the processes printed."""
    return [*stack.layout.data.rglob("*"), stack.log]


def test_the_words_that_are_looked_for_are_many(loaded: Loaded) -> None:
    assert len(loaded.words) > (1_000 if SYNTHEA.is_dir() else 300)
    assert len(loaded.before) < len(loaded.words) / 20


def test_no_file_of_the_installation_holds_a_word_that_was_loaded(
    loaded: Loaded,
) -> None:
    found = leaked(loaded.words - loaded.before, files(loaded.stack))
    assert found == set()
    size = sum(one.stat().st_size for one in files(loaded.stack) if one.is_file())
    assert size > 20_000_000


def test_the_metrics_count_pages_and_name_nobody(
    loaded: Loaded, tmp_path: Path
) -> None:
    assert 'pattern="/patients/{id}"' in loaded.metrics
    page = tmp_path / "metrics"
    page.write_text(loaded.metrics)
    # "Observations" are what the metrics count, too.
    assert leaked(loaded.words - loaded.before, [page]) == set()


def test_the_logs_say_what_happened(loaded: Loaded) -> None:
    log = (loaded.stack.layout.log / "web.log").read_text()
    assert '"pattern": "/patients/{id}"' in log
    assert "Traceback" not in log


@pytest.mark.parametrize("lead", ["", "x", "xy"])
def test_the_search_finds_what_is_there(tmp_path: Path, lead: str) -> None:
    word = "Bramblewick"
    around = f"{lead}{word} of Fernhill"
    hidden = {
        "raw": around.encode(),
        "hex": around.encode().hex().encode(),
        "base64": base64.b64encode(around.encode()),
        "utf-16": around.encode("utf-16-be") + around.encode("utf-16-le"),
    }
    for name, content in hidden.items():
        path = tmp_path / name
        path.write_bytes(b"\x01\xff" * 999 + content + b"\0\n" * 99)
        assert leaked({word, "Thistlewade"}, [path]) == {word}, name
    assert len(spellings(word)) >= 6
