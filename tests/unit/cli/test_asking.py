# SPDX-License-Identifier: Apache-2.0
"""What a root key asks for comes from systemd, a descriptor or a person, in turn."""

import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec
import pytest

from support.warden import Installation
from wardkeep.assembly.asking import (
    CREDENTIAL,
    ask_nobody,
    asking,
    asking_supervisor,
    secrets_of,
)
from wardkeep.assembly.supervisor import Program
from wardkeep.warden.root_key import Place, RootKeyUnavailableError
from wardkeep.warden.root_key_ring import RootKeyRecord, write_record
from wardkeep.warden.root_keys import make_root_key

PHRASE = "five random words for keys"
ADDRESS = "pkcs11:token=t;object=o?module-path=/m"


def phrase_for(words: str) -> str:
    """Another one for each root key."""
    return PHRASE + words.rpartition(" ")[2]


@pytest.fixture
def fresh(tmp_path: Path) -> Installation:
    made = Installation(tmp_path / "data")
    made.layout.make()
    return made


def test_a_descriptor_gives_its_lines_in_turn_and_then_nothing() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"first\nsecond\n")
    os.close(writing)
    ask = asking(reading)
    assert [ask("one"), ask("two")] == ["first", "second"]
    with pytest.raises(RootKeyUnavailableError, match="three is needed"):
        ask("three")
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(reading)


def test_a_root_key_that_was_moved_is_not_tried_with_what_another_one_asks_for() -> (
    None
):
    reading, writing = os.pipe()
    Program(
        name="warden",
        log=Path("/nowhere"),
        secrets={"Passphrase of the root key a.key": PHRASE},
    ).give_secrets(_Started(os.fdopen(writing, "wb")))  # type: ignore[arg-type]
    ask = asking_supervisor(reading)
    assert ask("Passphrase of the root key a.key") == PHRASE
    with pytest.raises(RootKeyUnavailableError, match="PIN of the token t is needed"):
        ask("PIN of the token t")


class _Started(NamedTuple):
    """The half of a process that is written to."""

    stdin: BinaryIO


def test_systemds_credential_is_read_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert asking(None) is ask_nobody, "a service with other credentials"
    (tmp_path / CREDENTIAL).write_text(f"{PHRASE}\n")
    assert asking(None)("passphrase") == PHRASE


def test_a_root_key_that_asks_for_nothing_is_not_asked_about(
    fresh: Installation,
) -> None:
    assert secrets_of(fresh.settings, fresh.layout, ask_nobody) == {}


def test_whoever_serves_gives_what_both_root_keys_of_a_rotation_ask_for(
    fresh: Installation,
) -> None:
    folder = fresh.layout.warden
    for address in ("passphrase:a.key", "passphrase:b.key"):
        make_root_key(address, Place(folder, phrase_for))
    write_record(
        folder, RootKeyRecord(current="passphrase:b.key", older="passphrase:a.key")
    )
    asked: list[str] = []

    def ask(words: str) -> str:
        asked.append(words)
        return phrase_for(words)

    found = secrets_of(fresh.settings, fresh.layout, ask)
    assert list(found.values()) == [f"{PHRASE}b.key", f"{PHRASE}a.key"]
    assert asked == [f"Passphrase of the root key {name}.key" for name in "ba"]
    with pytest.raises(RootKeyUnavailableError, match="does not open"):
        secrets_of(fresh.settings, fresh.layout, lambda _: "another one altogether")


def test_a_token_without_a_file_for_its_pin_asks_for_it(fresh: Installation) -> None:
    settings = msgspec.structs.replace(fresh.settings, root_key=ADDRESS)
    said: list[str] = []

    def ask(words: str) -> str:
        said.append(words)
        return "1234"

    assert secrets_of(settings, fresh.layout, ask) == {"PIN of the token t": "1234"}
    assert said == ["PIN of the token t"]


def test_a_standard_descriptor_that_was_read_is_left_open_and_empty() -> None:
    """Or the next socket would get its number, and end the process when it closes."""
    code = (
        "import os\n"
        "from wardkeep.assembly.asking import asking\n"
        "print(asking(0)('one'))\n"
        "print(os.read(0, 9), os.open('/dev/zero', os.O_RDONLY) > 2)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], input=b"first\n", capture_output=True, check=True
    )
    assert said.stdout.split() == [b"first", b"b''", b"True"]
