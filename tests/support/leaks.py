# SPDX-License-Identifier: Apache-2.0
"""Looks for words in files, however they are spelled: raw, hex, base64, UTF-16.

GNU or BSD grep does the looking: thousands of words in a hundred megabytes take it a
second.
"""

import base64
import os
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

SHORTEST = 6
"""Letters; fewer stand in any hundred megabytes by chance."""
_SHORTEST_BASE64 = 8


def spellings(word: str) -> set[bytes]:
    """The word as it is, in hex, and in base64 wherever it begins in a longer text."""
    raw = word.encode()
    found = {raw, raw.hex().encode(), raw.hex().upper().encode()}
    for lead in range(3):
        inner = base64.b64encode(bytes(lead) + raw)
        # Less the letters that its neighbours have a share in.
        first = (lead * 8 + 5) // 6
        kept = inner[first : (lead + len(raw)) * 8 // 6]
        if len(kept) >= _SHORTEST_BASE64:
            found |= {kept, kept.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def leaked(words: Iterable[str], files: Iterable[Path]) -> set[str]:
    """Those of the words that stand in any of the files."""
    by_spelling = {
        spelling: word
        for word in words
        if len(word) >= SHORTEST
        for spelling in spellings(word)
    }
    # UTF-16 of plain letters is the letters with NULs between them, either way round.
    with tempfile.TemporaryDirectory() as folder:
        patterns, plain = Path(folder) / "words", Path(folder) / "without-nul"
        patterns.write_bytes(b"\n".join(by_spelling))
        whole = [_read(path) for path in files]
        plain.write_bytes(b"\n".join([*whole, b"", *[_less_nul(one) for one in whole]]))
        done = subprocess.run(
            ["grep", "-aoFf", str(patterns), str(plain)],
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            check=False,
        )
    assert done.returncode in (0, 1), done.stderr
    return {by_spelling[one] for one in set(done.stdout.splitlines())}


def _read(path: Path) -> bytes:
    """Empty of what is no file, or was taken away while one looked."""
    try:
        return path.read_bytes() if path.is_file() else b""
    except FileNotFoundError:
        return b""


def _less_nul(raw: bytes) -> bytes:
    return raw.replace(b"\0", b"")


def words_of(value: object) -> set[str]:
    """Every text of a FHIR resource that says something of a person."""
    if isinstance(value, dict):
        return {
            word
            for key, part in value.items()
            if key in _TELLING or isinstance(part, dict | list)
            for word in words_of(part)
        }
    if isinstance(value, list):
        return {word for part in value for word in words_of(part)}
    return {value} if isinstance(value, str) and len(value) >= SHORTEST else set()


_TELLING = (
    *("family", "given", "line", "city", "postalCode", "value", "text", "display"),
    *("code", "data", "div", "birthDate", "valueString", "description", "title"),
)
