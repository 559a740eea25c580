# SPDX-License-Identifier: Apache-2.0
"""The verifier as a stranger runs it: two packages, a copy and a key."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.ledgers import KEY, ORIGIN, fill
from wardkeep.base.note_keys import COSIGNER, LOG, NoteKey
from wardkeep.crypto.signing import SigningKey
from wardkeep.ledger.verifier import given_key, main

NAMED = NoteKey(name=ORIGIN, kind=LOG, public_bytes=KEY.verify_key.public_bytes).text
ALLOWED = ("wardkeep", "msgspec", "cryptography", "_cffi_backend", "typing_extensions")
ALONE = """
import sys
from importlib.abc import MetaPathFinder

class Nothing(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        first = name.partition(".")[0]
        if first in sys.stdlib_module_names or first in {allowed}:
            return None
        raise ModuleNotFoundError(f"{{name}} is not here")

sys.meta_path.insert(0, Nothing())
from wardkeep.ledger.verifier import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "ledger"
    fill(made, 5)
    return made


def test_it_runs_where_nothing_else_of_wardkeep_is_installed(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE.format(allowed=ALLOWED), str(folder), NAMED],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Whole: 5 entries, 1 checkpoints. Root ")


def test_that_the_test_above_would_notice_another_package() -> None:
    needing = ALONE.replace("wardkeep.ledger.verifier", "wardkeep.cli.ledger")
    done = subprocess.run(
        [sys.executable, "-c", needing.format(allowed=ALLOWED)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert "is not here" in done.stderr


def test_it_is_a_program_of_its_own(folder: Path) -> None:
    program = [sys.executable, "-m", "wardkeep.ledger.verifier", str(folder), NAMED]
    done = subprocess.run(program, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Whole: 5 entries")


def test_each_fault_is_a_line_and_the_exit_code_says_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder), NAMED]) == 0
    (folder / "checkpoint").unlink()
    assert main([str(folder), NAMED]) == 1
    *_, fault, summary = capsys.readouterr().out.splitlines()
    assert fault == "checkpoint: the newest checkpoint is missing"
    assert summary.startswith("NOT WHOLE: 1 faults in 5 entries")


def test_a_witness_that_is_named_must_have_signed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = SigningKey.generate().verify_key.public_bytes
    witness = NoteKey(name="w.example.net/1", kind=COSIGNER, public_bytes=key).text
    assert main([str(folder), NAMED, "--witness", witness]) == 1
    assert "w.example.net/1 signed no checkpoint here" in capsys.readouterr().out
    seen = folder / "checkpoint"
    told = ["--witness", witness, "--seen", str(seen)]
    assert main([str(folder), NAMED, *told]) == 1
    assert "no witness that you named signed it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{folder}", "4f2a"], "NAME+ID+KEY"),
        (["{folder}", "the key"], "NAME+ID+KEY"),
        (["{folder}", "ab" * 32], "signed under the name"),
        (["{folder}", NAMED[:-4] + "AAAA"], "mistyped"),
        (["{folder}/nowhere", NAMED], "is no folder"),
        (["{folder}", NAMED, "--witness", NAMED], "of another kind"),
        (["{folder}", NAMED, "--seen", "{folder}/nothing"], "is no file"),
        (["{folder}", NAMED, "--seen", "{folder}/checkpoint"], "--witness"),
        (["{folder}"], "required: key"),
    ],
)
def test_what_it_cannot_use_it_names_with_the_mend(
    folder: Path,
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([one.format(folder=folder) for one in arguments])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_a_key_is_given_with_its_ledgers_name_or_beside_it() -> None:
    digits = KEY.verify_key.public_bytes.hex()
    for text in (NAMED, f"{digits}\n"):
        name, key = given_key(text, ORIGIN)
        assert (name, key.public_bytes) == (ORIGIN, KEY.verify_key.public_bytes)
