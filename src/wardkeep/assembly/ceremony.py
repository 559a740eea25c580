# SPDX-License-Identifier: Apache-2.0
"""The root key on paper: shares for keepers, and the key back from some of them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from wardkeep.crypto.aead import KEY_BYTES, Key
from wardkeep.crypto.share_words import (
    Share,
    ShareRefusedError,
    join_words,
    split_into_words,
)
from wardkeep.warden.root_key import (
    CanBeSplit,
    Place,
    RootKey,
    RootKeyUnavailableError,
)
from wardkeep.warden.root_keys.passphrase_file import make_with
from wardkeep.warden.root_keys.plain_file import make_file

_WORDS_A_LINE = 4


class Paper(NamedTuple):
    """One share as a keeper has it."""

    title: str
    file_name: str
    text: str


def make_papers(
    root: RootKey,
    origin: str,
    *,
    shares: int,
    threshold: int,
    names: Sequence[str],
) -> list[Paper]:
    """One paper a share; `names` of the keepers, or none.

    Raises:
        RootKeyUnavailableError: it is a key of which nobody has the bytes.
    """
    if not isinstance(root, CanBeSplit):
        message = f"{root.identity} never leaves its device or service, so it cannot be"
        message += " put on paper. Use the backup that the device or service has."
        raise RootKeyUnavailableError(message)
    made = split_into_words(root.unsafe_secret(), shares=shares, threshold=threshold)
    return [
        Paper(
            title=f"Share {number} of {shares}",
            file_name=f"share-{number}-of-{shares}.txt",
            text=_text(root, origin, words, (number, shares, threshold), keeper),
        )
        for number, (words, keeper) in enumerate(
            zip(made, names or [""] * shares, strict=True), start=1
        )
    ]


def _text(
    root: RootKey, origin: str, words: str, counts: tuple[int, int, int], keeper: str
) -> str:
    number, shares, threshold = counts
    return "\n".join(
        (
            f"WARDKEEP ROOT KEY, share {number} of {shares}",
            f"Any {threshold} of the {shares} shares give it back; fewer tell nothing.",
            f"Installation: {origin}",
            f"Root key: {root.identity}",
            f"Keeper: {keeper or '______________________'}",
            "",
            *_lines(words.split()),
            "",
            "Keep it where nobody else reads it, and away from the other shares.",
            "To use it: wardkeep key recover (standard: SLIP-0039).",
            "",
        )
    )


def _lines(words: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(words), _WORDS_A_LINE):
        row = enumerate(words[start : start + _WORDS_A_LINE], start + 1)
        yield "  ".join(f"{number:>2} {word:<10}" for number, word in row).rstrip()


def recover_root_key(address: str, place: Place, shares: Sequence[Share]) -> str:
    """Write the root key where it was; its identity.

    Raises:
        ShareRefusedError: the shares give no root key.
        RootKeyUnavailableError: it is there already, or cannot be in a file.
    """
    scheme, _, name = address.partition(":")
    if scheme not in {"file", "passphrase"}:
        message = f"{address} was never on paper. Restore the device from its backup."
        raise RootKeyUnavailableError(message)
    secret = join_words(shares)
    if len(secret) != KEY_BYTES:
        message = f"They give {len(secret)} bytes where a root key has {KEY_BYTES}."
        raise ShareRefusedError(message)
    path = place.folder / name
    if scheme == "file":
        return make_file(path, Key(secret)).identity
    words = f"New passphrase for the root key {name}"
    return make_with(path, place.ask(words), Key(secret)).identity
