# SPDX-License-Identifier: Apache-2.0
"""The verifier as a program of its own, for somebody who has a copy and a key.

Needs Python with msgspec and cryptography, and this package's files: nothing else that
Wardkeep is made of, no setting, no server.

    python -m wardkeep.ledger.verifier FOLDER KEY [--witness KEY]... [--seen FILE]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from wardkeep.base.note_keys import COSIGNER, LOG, NoteKey, read_note_key
from wardkeep.crypto.signing import PUBLIC_KEY_BYTES, VerifyKey
from wardkeep.ledger.verify import verify


def given_key(text: str, name: str) -> tuple[str, VerifyKey]:
    """A ledger's name and key: NAME+ID+KEY, or 64 hexadecimal digits and the name.

    Raises:
        ValueError: it is neither; the message has the mend.
    """
    if "+" in text:
        found = read_note_key(text, kind=LOG)
        return found.name, VerifyKey(found.public_bytes)
    try:
        raw = bytes.fromhex(text.strip())
    except ValueError:
        raw = b""
    if len(raw) != PUBLIC_KEY_BYTES:
        message = "Give the key as `wardkeep ledger key` prints it: NAME+ID+KEY."
        raise ValueError(message)
    return name, VerifyKey(raw)


def main(arguments: Sequence[str]) -> int:
    """0: whole; 1: not; 2: it could not be looked at."""
    asked = _parser().parse_args(arguments)
    name, key = asked.key
    seen = asked.seen.read_text(encoding="utf-8") if asked.seen else ""
    if seen and not asked.witness:
        _parser().error("name who signed it with --witness")
    report = verify(asked.folder, key, origin=name, witnesses=asked.witness, seen=seen)
    lines = [*map(str, report.faults), report.summary]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if report.is_whole else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m wardkeep.ledger.verifier",
        description="Prove that a copy of a ledger is whole, without its server.",
    )
    parser.add_argument("folder", type=_folder, help="the copy")
    parser.add_argument("key", type=_key, help="NAME+ID+KEY, from: wardkeep ledger key")
    parser.add_argument(
        "--witness",
        type=_witness,
        action="append",
        default=[],
        help="a witness's key: it must have signed; may be given several times",
    )
    parser.add_argument(
        "--seen", type=_file, help="the newest checkpoint as the witness has it"
    )
    return parser


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder")
    return Path(text)


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"{text} is no file")
    return Path(text)


def _key(text: str) -> tuple[str, VerifyKey]:
    try:
        name, key = given_key(text, "")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not name:
        message = "NAME+ID+KEY is needed: checkpoints are signed under the name."
        raise argparse.ArgumentTypeError(message)
    return name, key


def _witness(text: str) -> NoteKey:
    try:
        return read_note_key(text, kind=COSIGNER)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
