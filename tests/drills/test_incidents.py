# SPDX-License-Identifier: Apache-2.0
"""An incident on a running copy: declared, found larger, withdrawn, never hidden."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.program import Program
from support.served import Served, served
from wardkeep.ledger.incidents import Incident, read

WHAT = "A program's key was copied and used by somebody else."


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("incidents")) as running:
        for slug in ("fernhill", "hollow"):
            running.found(slug)
        yield running


def thief(
    installed: Served, keys: Path, organisation: str, people: tuple[str, ...]
) -> str:
    """A program that opened these people; its id."""
    with closing(Program(installed, keys, organisation=organisation)) as program:
        for one in people:
            name = [{"family": "Xylograph", "given": [one.title()]}]
            program.put({"resourceType": "Patient", "id": one, "name": name})
            assert program.get(f"Patient/{one}").status == 200
        return program.id


def declare(installed: Served, *accounts: str) -> dict[str, Any]:
    named = [word for one in accounts for word in ("--account", one)]
    told = installed.command("incident", "declare", *named, "--what", WHAT, "--json")
    return dict(json.loads(told))


def files(folder: str) -> dict[str, str]:
    where = Path(folder)
    return {
        str(one.relative_to(where)): one.read_text(encoding="utf-8")
        for one in where.rglob("*")
        if one.is_file()
    }


def test_each_controller_gets_its_own_part_and_no_name_is_in_any(
    installed: Served, tmp_path: Path
) -> None:
    first = thief(installed, tmp_path, "fernhill", ("ada", "ben"))
    second = thief(installed, tmp_path, "hollow", ("cyd",))
    told = declare(installed, first, second)
    incident, made = told["incident"], told["drafts"]
    assert [many for _, many in incident["findings"][-1]["people"]] == [2, 1]
    assert made["letters"] == 3
    found = files(made["folder"])
    fernhill = {name: words for name, words in found.items() if "fernhill" in name}
    hollow = {name: words for name, words in found.items() if "hollow" in name}
    assert any(name.endswith("letters/ad/ada.html") for name in fernhill)
    assert not [name for name in fernhill if "cyd" in fernhill[name]]
    assert not [name for name in hollow if "ada" in hollow[name]]
    # The operator opens nobody: no draft has a name.
    assert not [name for name, words in found.items() if "Xylograph" in words]


def test_the_ledger_has_each_step_and_a_file_that_was_changed_is_told(
    installed: Served, tmp_path: Path
) -> None:
    account = thief(installed, tmp_path, "fernhill", ("dot",))
    incident = declare(installed, account)["incident"]
    id_ = incident["id"]
    more = thief(installed, tmp_path, "fernhill", ("eli",))
    told = json.loads(
        installed.command(
            *("incident", "revise", id_, "--account", more),
            *("--why", "A second program had it too.", "--json"),
        )
    )
    assert [many for _, many in told["incident"]["findings"][0]["people"]] == [1]
    assert [many for _, many in told["incident"]["findings"][1]["people"]] == [2]
    assert told["drafts"]["folder"].endswith("version-2")
    installed.command(
        "incident", "withdraw", id_, "--why", "It was a drill of our own."
    )
    # Withdrawn is not gone, and takes nothing more.
    assert "withdrawn" in installed.command("incident", "list")
    refused = installed.run("incident", "drafts", id_)
    assert refused.returncode == 1
    assert "was withdrawn" in refused.stderr
    listed = json.loads(installed.command("incident", "list", "--json"))
    [mine] = [one for one in listed if one["id"] == id_]
    assert mine["is_written"]
    refused = installed.run("incident", "withdraw", id_, "--why", "A second reason.")
    assert "was withdrawn before: It was a drill" in refused.stderr
    file = file_of(installed, id_)
    kept = read(file.parents[1], id_)
    edited = msgspec.structs.replace(kept, what="Nothing at all happened.")
    # With a digest in the file that fits: the ledger knows better.
    put(file, edited, written=edited.digest)
    assert "NOT AS THE LEDGER HAS IT" in installed.command("incident", "list")
    put(file, kept)
    assert "NOT AS THE LEDGER HAS IT" not in state_of(installed, id_)


def file_of(installed: Served, id_: str) -> Path:
    return installed.layout.warden / "incidents" / id_ / "incident.json"


def put(file: Path, incident: Incident, **changed: object) -> None:
    file.write_bytes(msgspec.json.encode(msgspec.structs.replace(incident, **changed)))


def state_of(installed: Served, id_: str) -> str:
    told = installed.command("incident", "list").splitlines()
    return next(line for line in told if line.startswith(id_))


def test_a_file_that_was_put_back_to_an_older_version_is_told(
    installed: Served, tmp_path: Path
) -> None:
    account = thief(installed, tmp_path, "fernhill", ("hal",))
    id_ = declare(installed, account)["incident"]["id"]
    file = file_of(installed, id_)
    first = file.read_bytes()
    installed.command("incident", "revise", id_, "--why", "The ledger was read anew.")
    file.write_bytes(first)
    assert "NOT AS THE LEDGER HAS IT" in state_of(installed, id_)


def test_a_withdrawal_that_the_ledger_never_got_is_written_once_more(
    installed: Served, tmp_path: Path
) -> None:
    account = thief(installed, tmp_path, "fernhill", ("ivy",))
    id_ = declare(installed, account)["incident"]["id"]
    file = file_of(installed, id_)
    # As a kill between file and entry leaves it
    kept = read(file.parents[1], id_)
    put(file, kept, withdrawn_at=kept.declared_at + 1, withdrawn_why="It was a drill.")
    assert "NOT AS THE LEDGER HAS IT" in state_of(installed, id_)
    installed.command("incident", "withdraw", id_, "--why", "Said once more.")
    told = state_of(installed, id_)
    assert "It was a drill." in told
    assert "NOT AS THE LEDGER HAS IT" not in told


def test_drafts_go_on_where_they_broke_off(installed: Served, tmp_path: Path) -> None:
    account = thief(installed, tmp_path, "hollow", ("fay", "gus"))
    told = declare(installed, account)
    letters = sorted(Path(told["drafts"]["folder"]).rglob("letters/*/*.html"))
    letters[0].unlink()
    edited = letters[1]
    edited.write_text("By hand.")
    installed.command("incident", "drafts", told["incident"]["id"])
    assert letters[0].exists()
    assert edited.read_text() == "By hand."


def test_what_is_written_wrongly_is_told_with_its_mend(installed: Served) -> None:
    for words, mend in (
        (("declare", "--what", WHAT), "name an --account"),
        (("declare", "--account", "x", "--what", "Oh."), "10 to 2000 characters"),
        (("declare", "--address", "1.2.3", "--what", WHAT), "203.0.113.7"),
        (("drafts", "nothing"), "is no incident's id"),
    ):
        done = installed.run("incident", *words)
        assert done.returncode == 1, done.stdout
        assert mend in done.stderr
