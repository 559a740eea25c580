# SPDX-License-Identifier: Apache-2.0
"""Keys of signed notes are read as they are printed, and mistypes are found."""

import pytest

from wardkeep.base.note_keys import COSIGNER, LOG, NoteKey, read_note_key

# The example of the Go project's checksum database, which C2SP's notes come from.
SUMDB = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"


def test_a_key_that_others_published_is_read() -> None:
    found = read_note_key(SUMDB, kind=LOG)
    assert (found.name, found.id.hex()) == ("sum.golang.org", "033de0ae")
    assert found.text == SUMDB


def test_each_mistyped_letter_is_found() -> None:
    for place, letter in enumerate(SUMDB):
        other = "A" if letter != "A" else "B"
        with pytest.raises(ValueError, match="key"):
            read_note_key(SUMDB[:place] + other + SUMDB[place + 1 :], kind=LOG)


def test_a_log_is_no_witness() -> None:
    with pytest.raises(ValueError, match="another kind"):
        read_note_key(SUMDB, kind=COSIGNER)


@pytest.mark.parametrize(
    "text", ["", "name", "name+00000000", "na me+00000000+AAAA", "+00000000+AAAA"]
)
def test_what_is_no_key_is_refused_with_the_mend(text: str) -> None:
    with pytest.raises(ValueError, match=r"NAME\+ID\+KEY"):
        read_note_key(text, kind=LOG)


def test_the_name_and_kind_are_part_of_the_id() -> None:
    ids = {
        NoteKey(name=name, kind=kind, public_bytes=bytes(32)).id
        for name in ("a", "b")
        for kind in (LOG, COSIGNER)
    }
    assert len(ids) == 4
