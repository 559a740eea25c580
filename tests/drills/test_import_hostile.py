# SPDX-License-Identifier: Apache-2.0
"""Drills on the import: files that are broken, and files that want to do harm.

Each is refused with its file, its place and a reason; the good file beside it is loaded
whole; and of the bad one nothing is left, not a row and not a key.
"""

import bz2
import gzip
import json
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from support.bundles import bundle, observation, patient, person, write
from support.warden import Installation, RunningWarden, running_warden
from wardkeep.assembly.database import WORKER, address_for
from wardkeep.assembly.importing import ImportReport, load_paths
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import connect
from wardkeep.disclosure.answers import Created
from wardkeep.disclosure.questions import CreateOrganisation

DEEP = 100_000
MIB = 1024 * 1024
Rows = tuple[int, int]
_COUNT = """
select (select count(*) from record.resource), (select count(*) from record.patient)
"""


def quiet(*, done: int, total: int, rate: float) -> None:
    del done, total, rate


async def load(warden: RunningWarden, *paths: Path) -> ImportReport:
    installation = warden.installation
    return await load_paths(
        installation.settings,
        installation.layout,
        paths=paths,
        organisation="fernhill",
        show=quiet,
    )


async def rows(installation: Installation) -> Rows:
    """How many resources and patients Fernhill has."""
    address = address_for(installation.settings, installation.layout, WORKER)
    connection = await connect(address)
    await connection.serve(OrganisationId(1))
    [found] = await connection.fetch(_COUNT)
    await connection.close()
    resources, patients = found.values()
    return resources, patients


def text(content: object) -> bytes:
    return json.dumps(content).encode()


def deep_object() -> bytes:
    return b'{"resourceType":"Patient","extension":' * DEEP + b"1" + b"}" * DEEP


def deep_list() -> bytes:
    return b'{"resourceType":"Patient","name":' + b"[" * DEEP + b"]" * DEEP + b"}"


def twice(key: bytes) -> bytes:
    good = text(person(9))
    return good.replace(key, key + b'"x",' + key, 1)


BAD_TEXTS: dict[str, tuple[Callable[[], bytes], str]] = {
    "deep-object": (deep_object, "nests deeper"),
    "deep-list": (deep_list, "nests deeper"),
    "cut": (lambda: text(person(9))[:-40], "is not JSON"),
    "not-json": (lambda: b"<Bundle xmlns='http://hl7.org/fhir'/>", "is not JSON"),
    "empty": (lambda: b" \n", "is empty"),
    "list": (lambda: b"[1,2]", "not a JSON object"),
    "wrong-utf-8": (lambda: b'{"resourceType":"Patient",\n"id":"\xff"}', "line 2 is"),
    "lone-surrogate": (
        lambda: b'{"resourceType":"Patient","name":[{"family":"\\ud800"}]}',
        "is not JSON",
    ),
    "nul": (lambda: b'{"resourceType":"Patient",\n\n"id":"\0"}', "line 3 has a NUL"),
    "escaped-nul": (
        lambda: b'{"resourceType":"Patient","name":[{"family":"a\\u0000"}]}',
        "NUL",
    ),
    "key-twice": (lambda: twice(b'"family": '), "same key twice"),
    "key-twice-in-entry": (lambda: twice(b'"fullUrl": '), "same key twice"),
    "key-twice-at-top": (lambda: twice(b'"type": '), "same key twice"),
    "key-twice-by-escape": (
        lambda: b'{"resourceType":"Patient","\\u0022a":"x","\\u0022a":"y"}',
        "same key twice",
    ),
    "no-type": (lambda: b'{"id":"a"}', "does not name a type"),
    "unknown-type": (lambda: b'{"resourceType":"Pirate"}', "does not name a type"),
    "type-is-number": (lambda: b'{"resourceType":7}', "does not name a type"),
    "bad-id": (lambda: text(patient("../../etc/passwd")), "not an id"),
    "long-id": (lambda: text(patient("a" * 65)), "not an id"),
    "unknown-element": (lambda: text(patient("p", evil=1)), "evil"),
    "wrong-type": (lambda: text(patient("p", gender=["male"])), "gender"),
    "wrong-date": (lambda: text(patient("p", birthDate="1992-02-30")), "birthDate"),
    "huge-number": (
        lambda: (
            b'{"resourceType":"Observation","status":"final","code":{"text":"x"},'
            b'"valueQuantity":{"value":1e999999999}}'
        ),
        "Observation.value.value: it is not a FHIR decimal",
    ),
    "delete": (
        lambda: text(
            {
                "resourceType": "Bundle",
                "type": "transaction",
                "entry": [{"request": {"method": "DELETE", "url": "Patient/x"}}],
            }
        ),
        "something else than to store",
    ),
    "message-bundle": (
        lambda: text({"resourceType": "Bundle", "type": "message"}),
        "type of Bundle is not loaded",
    ),
    "one-bad-entry": (
        lambda: text(bundle(patient("p-bad"), {"resourceType": "Pirate"})),
        "entry[1]",
    ),
    "same-id-twice": (
        lambda: text(bundle(patient("p-twice"), patient("p-twice"))),
        "same resource twice",
    ),
    "leads-nowhere": (
        lambda: text(bundle(patient("p-x"), observation("o", "urn:uuid:nobody"))),
        "leads nowhere",
    ),
    "nobody-here": (
        lambda: text(bundle(observation("o-2", "Patient/nobody"))),
        "is not here",
    ),
}


@pytest.mark.parametrize("name", sorted(BAD_TEXTS))
async def test_a_bad_text_is_refused_by_name_and_the_good_file_loads(
    installation: Installation, tmp_path: Path, name: str
) -> None:
    make, reason = BAD_TEXTS[name]
    (tmp_path / "bad.json").write_bytes(make())
    number = sorted(BAD_TEXTS).index(name)
    write(tmp_path, "good.json", person(number))
    async with running_warden(installation) as warden:
        await organised(warden)
        before = await rows(installation)
        report = await load(warden, tmp_path)
        after = await rows(installation)
    assert after == (before[0] + 3, before[1] + 1)
    assert report.loaded_documents == 1
    assert report.refused
    for problem in report.refused:
        assert problem.place.startswith(str(tmp_path / "bad.json"))
        assert problem.mend
    assert reason in " ".join(map(str, report.refused))


async def organised(warden: RunningWarden) -> None:
    """Fernhill is there, made now or by the test before."""
    question = CreateOrganisation(slug="fernhill", name="Fernhill")
    answer = await warden.operator.ask(question, Created)
    assert isinstance(answer, Created) or answer.code == "already-there"


def pack_gz(path: Path, raw: bytes) -> None:
    path.with_suffix(".json.gz").write_bytes(gzip.compress(raw))


def pack_bz2(path: Path, raw: bytes) -> None:
    path.with_suffix(".json.bz2").write_bytes(bz2.compress(raw))


def pack_zip(path: Path, raw: bytes) -> None:
    with zipfile.ZipFile(
        path.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED
    ) as archive:
        archive.writestr("inside.json", raw)


@pytest.mark.parametrize("pack", [pack_gz, pack_bz2, pack_zip])
async def test_a_file_that_unpacks_without_end_is_left_at_the_limit(
    installation: Installation, tmp_path: Path, pack: Callable[[Path, bytes], None]
) -> None:
    # 300 MiB of one string; two gigabytes would be refused at the same byte.
    pack(tmp_path / "bomb.json", b'{"resourceType":"' + b"a" * (300 * MIB))
    async with running_warden(installation) as warden:
        await organised(warden)
        before = await rows(installation)
        report = await load(warden, tmp_path)
        assert await rows(installation) == before
    [problem] = report.refused
    assert "bomb" in problem.place
    assert "it unpacks to more than" in problem.wrong or "larger than" in problem.wrong


async def test_a_string_of_two_gigabytes_is_refused_unread(
    installation: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.write(b'{"resourceType":"Patient","id":"')
        file.truncate(2 * 1024 * MIB)
    async with running_warden(installation) as warden:
        await organised(warden)
        report = await load(warden, path)
    [problem] = report.refused
    assert problem.place == str(path)
    assert "larger than" in problem.wrong


async def test_damaged_archives_and_names_that_lead_out_are_refused(
    installation: Installation, tmp_path: Path
) -> None:
    good = text(person(900))
    (tmp_path / "cut.json.gz").write_bytes(gzip.compress(good)[:-20])
    (tmp_path / "cut.json.bz2").write_bytes(bz2.compress(good)[:-20])
    (tmp_path / "false.zip").write_bytes(good)
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
        archive.writestr("../../etc/cron.d/evil.json", good)
        archive.writestr("/etc/absolute.json", good)
        link = zipfile.ZipInfo("link.json")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("good.json", text(person(901)))
    (tmp_path / "linked.json").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe.json")
    async with running_warden(installation) as warden:
        await organised(warden)
        before = await rows(installation)
        report = await load(warden, tmp_path)
        after = await rows(installation)
    assert after == (before[0] + 3, before[1] + 1)
    wrong = {Path(one.place).name: one.wrong for one in report.refused}
    assert set(wrong) == {
        *("cut.json.gz", "cut.json.bz2", "false.zip", "linked.json", "pipe.json"),
        *("evil.json", "absolute.json", "out.zip!link.json"),
    }
    assert wrong["pipe.json"] == "it is no ordinary file"
    assert wrong["evil.json"] == "its name leads out of the archive"


async def test_one_bad_line_keeps_the_single_resources_out_and_is_numbered(
    installation: Installation, tmp_path: Path
) -> None:
    lines = [text(patient("line-1")), b'{"resourceType":"Pirate"', text(person(950))]
    (tmp_path / "lines.ndjson").write_bytes(b"\n".join(lines))
    async with running_warden(installation) as warden:
        await organised(warden)
        before = await rows(installation)
        report = await load(warden, tmp_path)
        after = await rows(installation)
    # The Bundle on line 3 is a document of its own.
    assert after == (before[0] + 3, before[1] + 1)
    [problem] = report.refused
    assert problem.place == f"{tmp_path / 'lines.ndjson'}: line 2"


async def test_a_patient_who_is_here_is_not_written_over(
    installation: Installation, tmp_path: Path
) -> None:
    write(tmp_path, "first.json", person(970))
    async with running_warden(installation) as warden:
        await organised(warden)
        await load(warden, tmp_path)
        before = await rows(installation)
        other = bundle(patient("reed-970", gender="male"))
        stolen = bundle(observation("o-stolen", "Patient/reed-970"))
        report = await load(
            warden,
            write(tmp_path, "again.json", other),
            write(tmp_path, "addition.json", stolen),
        )
        assert await rows(installation) == before
    assert len(report.refused) == 2
    assert "Patient/reed-970 is already here" in str(report.refused[0])


async def test_what_was_loaded_is_known_again_whatever_its_file_is_called(
    installation: Installation, tmp_path: Path
) -> None:
    raw = text(person(980))
    (tmp_path / "a.json").write_bytes(raw)
    async with running_warden(installation) as warden:
        await organised(warden)
        assert (await load(warden, tmp_path)).resources == 3
        before = await rows(installation)
        pack_gz(tmp_path / "b.json", raw)
        pack_bz2(tmp_path / "c.json", raw)
        pack_zip(tmp_path / "d.json", raw)
        report = await load(warden, tmp_path)
        assert await rows(installation) == before
    assert (report.known_documents, report.resources, report.refused) == (4, 0, [])
