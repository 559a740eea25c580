# SPDX-License-Identifier: Apache-2.0
"""The ceremony of docs/how-to/key-ceremony.md, with the real commands, to the end."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.rotations import (
    keys_of,
    opened,
    rotate,
    settle_at_once,
    store_patients,
    until_finished,
    wrapped_now,
)
from support.served import Served, eventually
from support.warden import Installation, installation_in, running_warden
from wardkeep.disclosure.keys import ORGANISATION, ROOT, RotateKey
from wardkeep.warden.root_key import RootKeyUnavailableError
from wardkeep.warden.root_keys.passphrase_file import open_with

NAMES = ["p-1", "p-2", "p-3"]
PHRASE = "five random words for keys"
_WORD = re.compile(r"(?:^|  )\s*\d{1,2} ([a-z]+)")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Installation]:
    with installation_in(tmp_path / "data") as made:
        yield made


async def command(
    installation: Installation, *words: str, typed: str = "", passphrase: str = ""
) -> tuple[int, str]:
    """Exit code and all that a command says; `passphrase` comes by a descriptor."""
    reading, writing = os.pipe()
    os.write(writing, passphrase.encode())
    os.close(writing)
    more = ["--passphrase-fd", str(reading)] if passphrase else []
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wardkeep.cli", *words, *more),
        env={**os.environ, "WARDKEEP_DATA": str(installation.settings.data)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        pass_fds=(reading,),
    )
    os.close(reading)
    said, _ = await process.communicate(typed.encode())
    assert process.returncode is not None
    return process.returncode, said.decode()


def words_on(paper: Path) -> str:
    """What a keeper reads from the paper."""
    return " ".join(_WORD.findall(re.sub(r"\n", "\n  ", paper.read_text())))


KEEPERS = ("Rowan Ash", "Wren Hollis", "Fern Oakley", "Ivy Moss", "Reed Marsh")


async def split(installation: Installation, papers: Path) -> list[Path]:
    """Five shares for the keepers; three open."""
    named = [word for one in KEEPERS for word in ("--keeper", one)]
    words = ("key", "split", "--shares", "5", "--threshold", "3", "--folder")
    code, said = await command(installation, *words, str(papers), *named)
    assert code == 0, said
    return [Path(line) for line in said.split("\n") if line.endswith(".txt")]


async def test_every_keeper_gets_one_paper_and_the_ledger_says_so_first(
    fresh: Installation, tmp_path: Path
) -> None:
    async with running_warden(fresh) as running:
        shares = await split(fresh, tmp_path / "papers")
        [entry] = [one for one in running.entries() if one.action == "split-root-key"]
        words = ("key", "split", "--shares", "3", "--threshold", "2")
        _, said = await command(fresh, *words)
        assert said.count("WARDKEEP ROOT KEY, share ") == 3
        assert said.endswith("shown once, and none of them was stored.\n")
    assert entry.reason.startswith("5 shares of file root.key, ")
    assert entry.reason.endswith("; 3 open")
    for path, keeper in zip(shares, KEEPERS, strict=True):
        assert f"Keeper: {keeper}\n" in path.read_text()
        assert path.stat().st_mode & 0o777 == 0o600
        assert len(words_on(path).split()) == 33
        assert fresh.layout.root_key.read_bytes().hex() not in path.read_text()


async def test_the_root_key_is_lost_and_three_of_five_keepers_bring_it_back(
    fresh: Installation, tmp_path: Path
) -> None:
    async with running_warden(fresh) as running:
        number = await running.organisation()
        plain = await store_patients(running, number, NAMES, slug="fernhill")
        shares = await split(fresh, tmp_path / "papers")
    secret = fresh.layout.root_key.read_bytes()
    fresh.layout.root_key.unlink()
    # Two of them, and one of the two twice: nothing.
    two = [words_on(shares[0]), words_on(shares[4])]
    typed = "\n".join([*two, two[0], "not even words", ""])
    code, said = await command(fresh, "key", "recover", typed=typed)
    assert code != 0
    assert "1 more needed" in said
    assert "This share was given already." in said
    assert not fresh.layout.root_key.exists()
    typed = "\n".join([*two, words_on(shares[2]), ""])
    code, said = await command(fresh, "key", "recover", typed=typed)
    assert code == 0, said
    assert fresh.layout.root_key.read_bytes() == secret
    assert fresh.layout.root_key.stat().st_mode & 0o777 == 0o600
    async with running_warden(fresh) as running:
        assert opened(running, number, await wrapped_now(fresh, number)) == plain
    code, said = await command(fresh, "key", "recover", typed=typed)
    assert (code, "is there already" in said) == (1, True), "never over a key"


async def test_an_operator_moves_the_root_key_to_a_passphrase_and_sees_it_happen(
    fresh: Installation,
) -> None:
    async with running_warden(fresh) as running:
        number = await running.organisation()
        plain = await store_patients(running, number, NAMES, slug="fernhill")
        settle_at_once(running)
        code, said = await command(fresh, "key", "status")
        assert code == 0
        assert re.match(r"Root key: file root\.key, [0-9a-f]{8}\. It answers\.", said)
        words = ("key", "rotate", "--level", "root", "--to", "passphrase:safe.key")
        code, said = await command(
            fresh,
            *words,
            "--yes",
            "--wait",
            passphrase="too short\n",  # noqa: S106 - it is none
        )
        assert (code, "five random words" in said) == (1, True), said
        code, said = await command(
            fresh, *words, "--yes", "--wait", passphrase=f"{PHRASE}\n"
        )
        assert code == 0, said
        assert "finished" in said
        assert not fresh.layout.root_key.exists()
        code, said = await command(
            fresh,
            *("key", "rotate", "--level", "organisation"),
            *("--organisation", "fernhill", "--wait"),
        )
        assert code == 0, said
        code, said = await command(fresh, "key", "resume")
        assert said == "No rotation is under way.\n"
        code, said = await command(fresh, "key", "status", "--json")
        assert '"root_key": "passphrase safe.key, ' in said
        code, said = await command(fresh, "doctor")
        assert "well   The root key answers: passphrase safe.key" in said
    with pytest.raises(RootKeyUnavailableError, match="nobody to ask"):
        async with running_warden(fresh):
            pass
    code, said = await command(fresh, "warden", passphrase=f"not {PHRASE}\n")
    path = fresh.layout.warden / "safe.key"
    assert (code, said) == (1, f"wardkeep: The passphrase does not open {path}.\n")
    open_with(path, PHRASE)
    assert plain


async def test_a_backup_from_before_opens_with_the_older_root_key_that_was_kept(
    fresh: Installation,
) -> None:
    column = "select number, wrapped_key from warden.organisation"
    async with running_warden(fresh) as running:
        number = await running.organisation()
        plain = await store_patients(running, number, NAMES, slug="fernhill")
        database = running.service._database
        async with database.connection() as connection:
            backup = list(await connection.fetch(column))
        settle_at_once(running)
        await rotate(running, RotateKey(ROOT, keeps_older=True))
        await until_finished(running)
        # The backup is put back.
        async with database.connection() as connection:
            for row in backup:
                await connection.execute(
                    "update warden.organisation set wrapped_key = $2 where number = $1",
                    row["number"],
                    row["wrapped_key"],
                )
    with pytest.raises(RootKeyUnavailableError, match="wardkeep key use-older"):
        async with running_warden(fresh):
            pass
    code, said = await command(fresh, "key", "use-older", "file:root.key")
    assert code == 0, said
    async with running_warden(fresh) as running:
        assert opened(running, number, await wrapped_now(fresh, number)) == plain
        assert (await keys_of(running)).older_root_key.startswith("file root.key")
        await running.service.rotator.close()
    async with running_warden(fresh) as running:
        settle_at_once(running)
        await until_finished(running)
        assert (await keys_of(running)).older_root_key == ""
    async with running_warden(fresh):
        assert fresh.layout.root_key.exists(), "it was to be kept"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("rotate", "--level", "organisation"), "name --organisation"),
        (("rotate", "--level", "root", "--organisation", "a"), "name --organisation"),
        (("split", "--shares", "3", "--threshold", "4"), "no more shares are needed"),
        (("split", "--shares", "3", "--threshold", "2", "--keeper", "A"), "one keeper"),
    ],
)
async def test_a_command_that_makes_no_sense_is_refused_in_words(
    tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    made = Installation(tmp_path / "none")
    code, said = await command(made, "key", *words)
    assert code == 1
    assert why in said


class Asked(Served):
    """`wardkeep serve` that was given a passphrase."""

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "wardkeep.cli", "serve", "--passphrase-fd", "0"],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        assert process.stdin is not None
        process.stdin.write(f"{PHRASE}\n".encode())
        process.stdin.close()
        return process


def test_a_warden_that_is_killed_is_given_its_passphrase_again(tmp_path: Path) -> None:
    served = Asked(tmp_path, WARDKEEP_ROOT_KEY="passphrase:safe.key")
    try:
        served.await_ready()
        served.found("fernhill")
        before = served.child("warden")
        os.kill(before, signal.SIGKILL)
        eventually(lambda: served.child("warden") not in (0, before), served.log)
        served.await_ready()
        said = served.command("key", "status")
        assert said.startswith("Root key: passphrase safe.key, ")
        everything = b"".join(
            Path(f"/proc/{pid}/{name}").read_bytes()
            for pid in (served.process.pid, served.child("warden"))
            for name in ("cmdline", "environ")
        )
        assert PHRASE.encode() not in everything, "whoever lists processes sees it not"
    finally:
        served.stop()


async def test_nothing_is_put_on_paper_that_the_ledger_has_not(
    fresh: Installation, tmp_path: Path
) -> None:
    async with running_warden(fresh) as running:
        await running.organisation()
        await rotate(running, RotateKey(ORGANISATION, organisation="fernhill"))
    papers = tmp_path / "papers"
    words = ("key", "split", "--shares", "3", "--threshold", "2", "--folder")
    code, _ = await command(fresh, *words, str(papers))
    assert code == 4, "the warden does not run, so nobody can write it down"
    assert not papers.exists()
