# SPDX-License-Identifier: Apache-2.0
"""`wardkeep triage check`: files in, problems with place and mend out, and a code."""

from pathlib import Path

import msgspec
from click.testing import CliRunner, Result

from support.triage import question, rule, written_as
from wardkeep.cli.entrance import commands
from wardkeep.fhir.model.resource import Resource


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(commands, ["triage", "check", *map(str, arguments)])


def files(folder: Path, pair: tuple[Resource, Resource]) -> list[Path]:
    paths = [folder / "plan.json", folder / "questions.json"]
    for path, one in zip(paths, pair, strict=True):
        path.write_bytes(one.compact)
    return paths


def test_what_comes_with_wardkeep_has_nothing_wrong() -> None:
    ran = run()
    assert ran.exit_code == 0, ran.output
    assert "urn:wardkeep:triage:adult-checklist|" in ran.output
    assert "Nothing is wrong." in ran.output
    assert "not held against the original" in ran.output


def test_an_authors_own_content_is_checked_from_files(tmp_path: Path) -> None:
    good = files(tmp_path, written_as([question("a")], [rule("a", "%a")]))
    ran = run(*good)
    assert ran.exit_code == 0, ran.output
    assert "1 questions, 1 rules (0 red flags), 2 examples run" in ran.output


def test_a_mistake_ends_with_code_1_its_place_and_its_mend(tmp_path: Path) -> None:
    paths = files(tmp_path, written_as([question("a")], [rule("a", "%b")]))
    ran = run(*paths)
    assert ran.exit_code == 1
    assert "PlanDefinition.action[0](a).condition" in ran.output
    assert "Name a question by its linkId" in ran.output
    told = run(*paths, "--json")
    assert told.exit_code == 1
    checked = msgspec.json.decode(told.output)["checked"]
    assert checked[0]["problems"][0]["mend"]


def test_files_that_are_neither_are_named(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    other = tmp_path / "patient.json"
    other.write_text('{"resourceType": "Patient"}', encoding="utf-8")
    ran = run(tmp_path / "broken.json", other)
    assert ran.exit_code == 1
    assert "broken.json" in ran.output
    assert "it is a Patient" in ran.output
    paths = files(tmp_path, written_as([question("a")], [rule("a", "%a")]))
    ran = run(paths[1])
    assert ran.exit_code == 1
    assert "no PlanDefinition" in ran.output
