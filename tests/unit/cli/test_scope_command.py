# SPDX-License-Identifier: Apache-2.0
"""`wardkeep scope`, `incident declare`: a slip of the finger proves nobody innocent."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from support.ledgers import ACCOUNT, KEY, entry_about, open_ledger
from wardkeep.cli.entrance import commands
from wardkeep.ledger.beginnings import told_of

SESSION = "5e5510f0-0000-4000-8000-000000000001"
PASSKEY = b"\x5f" * 20
NOBODY = "0b0b0b0b-0000-4000-8000-0000000000ff"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(commands, list(arguments))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation that is not running: its ledger, and the public key beside."""
    monkeypatch.setenv("WARDKEEP_DATA", str(tmp_path))
    ledger = tmp_path / "warden" / "ledger"
    ledger.parent.mkdir()
    (tmp_path / "warden" / "ledger-signing.pub").write_text(
        KEY.verify_key.public_bytes.hex()
    )
    opened = open_ledger(ledger)
    said = told_of(passkey=PASSKEY, device="Chrome, at 203.0.113.7")
    began = msgspec.structs.replace(
        entry_about(""), action="sign-in", purpose="", request=said, subjects=[]
    )
    for entry in (began, entry_about("p-1", number=1), entry_about("p-2", number=2)):
        opened.append(entry)
        opened.commit()
    opened.publish()
    opened.close()
    return ledger


def scoped(folder: Path, *arguments: str) -> Result:
    return run("scope", "--folder", str(folder), *arguments)


def as_json(ran: Result) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(ran.stdout)
    return found


@pytest.mark.parametrize(
    ("option", "value", "mend"),
    [
        ("--account", "nobody-at-all", "a UUID"),
        ("--session", "s-1", "a UUID"),
        ("--device", "zz", "letters a to f"),
        ("--address", "the ward", "203.0.113.7"),
        ("--organisation", "fernhill", "wardkeep organisation create"),
    ],
)
def test_what_is_no_id_is_refused_with_its_option_and_what_to_write(
    folder: Path, option: str, value: str, mend: str
) -> None:
    ran = scoped(folder, option, value)
    assert ran.exit_code == 1
    assert ran.stdout == ""
    assert option in ran.stderr
    assert repr(value) in ran.stderr
    assert mend in ran.stderr


def test_a_moment_is_there_for_programs_and_for_people(folder: Path) -> None:
    found = as_json(scoped(folder, "--account", ACCOUNT, "--json"))
    one = found["people"][0]
    assert (one["first"], one["last"]) == (1_764_000_000_000_001,) * 2
    assert one["first_utc"] == one["last_utc"] == "2025-11-24T16:00:00.000001Z"
    [resource] = one["resources"]
    assert resource["last_utc"] == "2025-11-24T16:00:00.000001Z"
    assert "on_phone_until_utc" not in one


def test_which_elements_could_be_read_is_said_by_part_and_type(folder: Path) -> None:
    found = as_json(scoped(folder, "--account", ACCOUNT, "--json"))
    assert found["fields"] == [
        {"tier": "record", "type": "Observation", "elements": "all", "resources": 2}
    ]
    for person in found["people"]:
        [resource] = person["resources"]
        assert (resource["tier"], resource["elements"]) == ("record", "all")


@pytest.mark.parametrize("option", ["--client", "--device"])
def test_a_blank_is_nobody_and_not_everybody(folder: Path, option: str) -> None:
    for ran in (scoped(folder, option, " "), run("scope")):
        assert ran.exit_code == 1
        assert "name an --account" in ran.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--account", ACCOUNT.upper()),
        ("--account", ACCOUNT.replace("-", "")),
        ("--session", SESSION.upper()),
        ("--client", ACCOUNT.upper()),
        ("--organisation", "1"),
        ("--device", PASSKEY.hex().upper()),
    ],
)
def test_an_id_has_one_spelling_however_it_is_typed(
    folder: Path, option: str, value: str
) -> None:
    ran = scoped(folder, option, value, "--json")
    assert ran.exit_code == 0, ran.output
    found = as_json(ran)
    assert len(found["people"]) == 2
    assert found["unknown"] == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--account", NOBODY),
        ("--session", NOBODY),
        ("--client", "an-app"),
        ("--device", "ab"),
        ("--address", "203.0.113.8"),
        ("--organisation", "99"),
    ],
)
def test_whom_the_ledger_does_not_know_is_not_said_to_have_reached_nobody(
    folder: Path, option: str, value: str
) -> None:
    ran = scoped(folder, option, value)
    assert ran.exit_code == 1
    assert "the ledger knows no such" in ran.stderr
    assert value in ran.stderr
    assert "nobody else" not in ran.output
    told = scoped(folder, option, value, "--json")
    assert told.exit_code == 1
    assert as_json(told)["unknown"] == [option.removeprefix("--")]
    assert as_json(told)["certainly_not"] == []


def test_who_is_known_and_did_nothing_then_is_proven_to_have(folder: Path) -> None:
    ran = scoped(folder, "--account", ACCOUNT, "--from", "2031-01-01")
    assert ran.exit_code == 0, ran.output
    assert "Records of 0 people opened" in ran.stdout
    assert "nobody else" in ran.stdout


def test_a_time_that_ends_before_it_begins_is_refused(folder: Path) -> None:
    for until in ("2026-11-23", "2026-11-22"):
        ran = scoped(
            folder, "--account", ACCOUNT, "--from", "2026-11-23", "--to", until
        )
        assert ran.exit_code == 1
        assert "--from is not before --to" in ran.stderr


def test_a_short_name_without_a_database_says_where_the_number_stands(
    folder: Path,
) -> None:
    assert folder.exists()
    ran = run("scope", "--organisation", "fernhill")
    assert ran.exit_code == 1
    assert "does not answer; write the number" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--account", NOBODY), "knows no such account"),
        (("--account", ACCOUNT, "--account", NOBODY), "knows no such account"),
        (
            ("--account", ACCOUNT, "--from", "2031-01-01"),
            "not one entry of the account",
        ),
        (("--account", "nobody-at-all"), "--account 'nobody-at-all'"),
        (("--client", " "), "name an --account"),
        ((), "name an --account"),
        (
            ("--account", ACCOUNT, "--from", "2026-11-23", "--to", "2026-11-22"),
            "--from",
        ),
    ],
)
def test_no_clock_begins_for_a_selection_without_an_entry(
    folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    ran = run("incident", "declare", "--what", "A stolen session.", *arguments)
    assert ran.exit_code == 1
    assert words in ran.stderr
    assert not (folder.parent / "incidents").exists()
