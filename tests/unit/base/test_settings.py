# SPDX-License-Identifier: Apache-2.0
"""Settings from environment and file."""

from pathlib import Path

import pytest

from wardkeep.base.outcome import Problem
from wardkeep.base.settings import SETTINGS, Settings, read_settings


def read(
    environment: dict[str, str] | None = None, file: dict[str, object] | None = None
) -> Settings | tuple[Problem, ...]:
    return read_settings(
        environment=environment or {}, file=file or {}, file_name="wardkeep.toml"
    )


def settings(
    environment: dict[str, str] | None = None, file: dict[str, object] | None = None
) -> Settings:
    found = read(environment, file)
    assert isinstance(found, Settings)
    return found


def test_without_any_setting_there_are_defaults() -> None:
    found = settings()
    assert found.port == 8111
    assert found.data == Path(".wardkeep").absolute()
    assert found.public_origin == "http://localhost:8111"
    assert not found.demo


def test_the_environment_goes_before_the_file() -> None:
    found = settings({"WARDKEEP_PORT": "9000"}, {"port": 9001, "demo": True})
    assert found.port == 9000
    assert found.demo


def test_other_programs_variables_are_left_alone() -> None:
    assert settings({"PATH": "/bin", "WARDKEEP_CONFIG": "x"}).port == 8111


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({"WARDKEEP_PROT": "1"}, "WARDKEEP_PROT"),
        ({"WARDKEEP_PORT": "70000"}, "WARDKEEP_PORT"),
        ({"WARDKEEP_PORT": "eighty"}, "WARDKEEP_PORT"),
        ({"WARDKEEP_WEB_WORKERS": "0"}, "WARDKEEP_WEB_WORKERS"),
        ({"WARDKEEP_ORIGIN": "http://records.example.org"}, "WARDKEEP_ORIGIN"),
        ({"WARDKEEP_DEMO": "perhaps"}, "WARDKEEP_DEMO"),
        ({"WARDKEEP_LOG_LEVEL": "loud"}, "WARDKEEP_LOG_LEVEL"),
    ],
)
def test_a_wrong_setting_is_named_with_its_mend(
    environment: dict[str, str], place: str
) -> None:
    problems = read(environment)
    assert isinstance(problems, tuple)
    assert [problem.place for problem in problems] == [place]
    assert all(problem.mend for problem in problems)


def test_every_problem_is_told_at_once() -> None:
    problems = read({"WARDKEEP_PORT": "x"}, {"porridge": 1, "demo": "x"})
    assert isinstance(problems, tuple)
    assert {problem.place for problem in problems} == {
        "WARDKEEP_PORT",
        "wardkeep.toml: porridge",
        "wardkeep.toml: demo",
    }


def test_with_a_certificate_the_origin_is_https() -> None:
    found = settings({"WARDKEEP_TLS_CERTIFICATE": "c.pem"})
    assert found.is_tls
    assert found.public_origin == "https://localhost:8111"


def test_a_public_origin_loses_its_last_slash() -> None:
    found = settings({"WARDKEEP_ORIGIN": "https://records.example.org/"})
    assert found.public_origin == "https://records.example.org"


def test_every_setting_says_what_it_does() -> None:
    assert all(len(setting.words) > 20 for setting in SETTINGS)


@pytest.mark.parametrize(
    "address",
    ["http://index.example.org", "index.example.org", "ftp://127.0.0.1", "https://"],
)
def test_people_are_traced_over_a_line_that_nobody_reads(address: str) -> None:
    problems = read({"WARDKEEP_PDS": address})
    assert isinstance(problems, tuple)
    assert "https://" in problems[0].mend


@pytest.mark.parametrize(
    "address", ["", "https://index.example.org/pds", "http://127.0.0.1:8112/"]
)
def test_the_national_index_has_an_address_or_none(address: str) -> None:
    assert settings({"WARDKEEP_PDS": address}).pds == address.rstrip("/")
