# SPDX-License-Identifier: Apache-2.0
"""`wardkeep key rotate` says what is missing before it asks anybody."""

import pytest
from click.testing import CliRunner

from wardkeep.cli.key import key


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--level", "patient", "--every-patient"), "name --organisation"),
        (("--level", "root", "--organisation", "a"), "name --organisation"),
        (("--level", "patient", "--organisation", "a"), "--patient ID or"),
        (
            ("--level", "organisation", "--organisation", "a", "--patient", "p"),
            "--patient ID or",
        ),
        (("--level", "ledger", "--every-patient"), "--patient ID or"),
        (
            (
                "--level",
                "patient",
                "--organisation",
                "a",
                "--every-patient",
                "--patient",
                "p",
            ),
            "either --patient or",
        ),
    ],
)
def test_a_rotation_that_does_not_say_of_what_is_refused(
    words: tuple[str, ...], said: str
) -> None:
    found = CliRunner().invoke(key, ["rotate", *words])
    assert found.exit_code != 0
    assert said in found.output
