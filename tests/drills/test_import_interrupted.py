# SPDX-License-Identifier: Apache-2.0
"""Drills on an import that is interrupted: it goes on, and doubles nothing.

The command runs in a process of its own, with the processes that it starts.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from support.bundles import bundle, observation, person, write
from support.waiting import until
from support.warden import Installation, RunningWarden, running_warden
from wardkeep.assembly.database import WORKER, address_for
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, connect

PEOPLE = 40
OBSERVATIONS = 150
WHOLE = (PEOPLE * (OBSERVATIONS + 1), PEOPLE)
_FIRST = "select exists (select from record.resource)"
_COUNT = """
select (select count(*) from record.resource), (select count(*) from record.patient),
       (select count(*) from record.import_mark)
"""


def _as_from_a_terminal() -> None:
    """Hear Ctrl-C, also where the tests themselves were started in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Import:
    """`wardkeep import` of a folder, running."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def of(cls, installation: Installation, folder: Path, slug: str) -> "Import":
        environment = {
            **os.environ,
            "WARDKEEP_DATA": str(installation.settings.data),
        }
        words = ["import", str(folder), "--organisation", slug, "--json"]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "wardkeep.cli", *words),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_as_from_a_terminal,
        )
        return cls(process)

    async def ended(self) -> tuple[int | None, str, str]:
        """Exit code, standard output and standard error."""
        output, errors = await self.process.communicate()
        return self.process.returncode, output.decode(), errors.decode()

    def crew(self) -> list[int]:
        """The loading processes: children of its own, less what tracks resources."""
        mine = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
                words = (stat.parent / "cmdline").read_bytes()
            except OSError:
                continue
            is_child = int(fields[1]) == self.process.pid and fields[0] != "Z"
            if is_child and b"spawn_main" in words:
                mine.append(int(stat.parent.name))
        return mine


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("people")
    for number in range(PEOPLE):
        content = person(number, observations=OBSERVATIONS)
        write(made, f"{number:02}.json", content)
    return made


async def looking(installation: Installation, organisation: int) -> Connection:
    address = address_for(installation.settings, installation.layout, WORKER)
    connection = await connect(address)
    await connection.serve(OrganisationId(organisation))
    return connection


async def rows(installation: Installation, organisation: int) -> tuple[int, int, int]:
    connection = await looking(installation, organisation)
    [found] = await connection.fetch(_COUNT)
    await connection.close()
    one, two, three = found.values()
    return one, two, three


async def begun(installation: Installation, organisation: int) -> None:
    """Return once something is stored, by one connection: the import does not wait."""
    connection = await looking(installation, organisation)
    while not await connection.fetch_value(_FIRST):  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.001)
    await connection.close()


async def goes_on(
    installation: Installation, folder: Path, slug: str, organisation: int
) -> None:
    """Run the command again: it loads the rest, and a third time nothing."""
    kept = await rows(installation, organisation)
    assert kept[0] == kept[1] * (OBSERVATIONS + 1), "a person is there whole or not"
    assert kept[1] == kept[2]
    code, said, errors = await (await Import.of(installation, folder, slug)).ended()
    assert code == 0, errors
    report = json.loads(said)
    assert report["known_documents"] == kept[1]
    assert report["loaded_documents"] == PEOPLE - kept[1]
    assert (await rows(installation, organisation))[:2] == WHOLE
    _, said, _ = await (await Import.of(installation, folder, slug)).ended()
    assert json.loads(said)["resources"] == 0
    assert (await rows(installation, organisation))[:2] == WHOLE


async def organisation(warden: RunningWarden, slug: str) -> int:
    return await warden.organisation(slug)


async def test_an_import_whose_leader_is_killed_goes_on(
    installation: Installation, folder: Path
) -> None:
    async with running_warden(installation) as warden:
        number = await organisation(warden, "leader")
        running = await Import.of(installation, folder, "leader")
        await begun(installation, number)
        crew = running.crew()
        running.process.kill()
        await running.ended()
        assert crew
        await until(lambda: not any(Path(f"/proc/{one}").exists() for one in crew))
        await goes_on(installation, folder, "leader", number)


async def test_an_import_that_loses_a_loading_process_says_so_and_goes_on(
    installation: Installation, folder: Path
) -> None:
    async with running_warden(installation) as warden:
        number = await organisation(warden, "crew")
        running = await Import.of(installation, folder, "crew")
        await begun(installation, number)
        os.kill(running.crew()[0], signal.SIGKILL)
        code, _, errors = await running.ended()
        assert code == 1
        assert "a loading process went away" in errors
        assert "run the same command again" in errors
        assert "Traceback" not in errors
        await goes_on(installation, folder, "crew", number)


async def test_ctrl_c_stops_an_import_in_words_and_it_goes_on(
    installation: Installation, folder: Path
) -> None:
    async with running_warden(installation) as warden:
        number = await organisation(warden, "stopped")
        running = await Import.of(installation, folder, "stopped")
        await begun(installation, number)
        # A terminal sends it to the whole group.
        os.killpg(running.process.pid, signal.SIGINT)
        code, _, errors = await running.ended()
        assert code == 1
        assert "run this again and it goes on" in errors
        assert "Traceback" not in errors
        await goes_on(installation, folder, "stopped", number)


async def test_a_file_may_come_before_what_it_refers_to(
    installation: Installation, tmp_path: Path
) -> None:
    worker = {
        "resourceType": "Practitioner",
        "id": "nurse-1",
        "identifier": [{"system": "https://example.org/staff", "value": "n1"}],
    }
    by_identifier = "Practitioner?identifier=https://example.org/staff|n1"
    pulse = observation(
        "o-1", "urn:uuid:reed-1", performer=[{"reference": by_identifier}]
    )
    content = person(1, observations=0)
    content["entry"] += bundle(pulse)["entry"]
    write(tmp_path, "a-person.json", content)
    write(tmp_path, "z-staff.json", bundle(worker))
    async with running_warden(installation) as warden:
        number = await organisation(warden, "order")
        code, said, errors = await (
            await Import.of(installation, tmp_path, "order")
        ).ended()
        assert code == 0, errors
        assert json.loads(said)["loaded_documents"] == 2
        assert (await rows(installation, number))[:2] == (3, 1)
