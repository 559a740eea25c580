# SPDX-License-Identifier: Apache-2.0
"""Commands that cannot work end in one line of words, never in a traceback."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from support.house import free_port
from support.warden import Installation, running_warden


def run(folder: Path, *arguments: str, **settings: str) -> tuple[int, str]:
    """Exit code and standard error of a `wardkeep` command."""
    environment = {**os.environ, "WARDKEEP_DATA": str(folder), **settings}
    done = subprocess.run(
        [sys.executable, "-m", "wardkeep.cli", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr


def test_a_port_in_use_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        code, said = run(tmp_path, "serve", WARDKEEP_PORT=port)
    assert code == 1
    assert said.startswith(f"wardkeep: cannot listen on 127.0.0.1, port {port} (")
    assert "set WARDKEEP_PORT" in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "database").exists()


def test_a_folder_in_use_is_named(installation: Installation) -> None:
    port = str(free_port())
    code, said = run(installation.settings.data, "serve", WARDKEEP_PORT=port)
    assert code == 1
    assert "Another Wardkeep keeps the database" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ("organisation", "create", "--slug", "fernhill", "--name", "Fernhill"),
        ("import", str(Path(__file__).parent), "--organisation", "fernhill"),
        ("account", "list", "--organisation", "fernhill"),
    ],
)
def test_what_needs_the_warden_says_how_to_start_it(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    code, said = run(tmp_path, *arguments)
    assert code == 4
    assert "wardkeep serve" in said
    assert "Traceback" not in said


async def test_a_second_warden_is_told_about_the_first(
    installation: Installation,
) -> None:
    async with running_warden(installation):
        code, said = run(installation.settings.data, "warden")
    assert code == 1
    assert "There is one: stop the other." in said


def test_a_wrong_setting_is_named_with_its_value_left_out(tmp_path: Path) -> None:
    code, said = run(tmp_path, "serve", WARDKEEP_PORT="eighty")
    assert code == 3
    assert "WARDKEEP_PORT" in said
    assert "Traceback" not in said


def test_a_damaged_root_key_is_named_with_the_mend(
    installation: Installation,
) -> None:
    key = installation.layout.root_key
    before = key.read_bytes() if key.exists() else b""
    key.parent.mkdir(parents=True, exist_ok=True)
    key.write_bytes(b"short")
    key.chmod(0o600)
    try:
        code, said = run(installation.settings.data, "warden")
    finally:
        key.write_bytes(before) if before else key.unlink()
    assert code == 1
    assert str(key) in said
    assert "Traceback" not in said
