# SPDX-License-Identifier: Apache-2.0
"""Keys below the root key, and names that the ledger outlives."""

from pathlib import Path

import pytest

from wardkeep.crypto.aead import BoxCannotBeOpenedError, new_key
from wardkeep.warden.directory import IMPORTER, UNKNOWN_ACCOUNT, Directory
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.root_keys.plain_file import make_file


def test_an_organisations_key_is_used_from_when_it_is_admitted(tmp_path: Path) -> None:
    root = make_file(tmp_path / "root.key", new_key())
    store = KeyStore(root)
    wrapped = store.make_organisation_key(1)
    assert len(store) == 0
    store.admit(1, wrapped)
    assert len(store) == 1
    box, key = store.make_key(1, b"identity")
    assert store.unwrap(1, box, b"identity") == key
    again = KeyStore(root)
    again.admit(1, wrapped)
    assert again.unwrap(1, box, b"identity") == key
    assert again.tokens(1, (b"v",)) == store.tokens(1, (b"v",))


def test_a_key_opens_for_no_other_organisation_or_identity(tmp_path: Path) -> None:
    store = KeyStore(make_file(tmp_path / "root.key", new_key()))
    for number in (1, 2):
        store.admit(number, store.make_organisation_key(number))
    box, _ = store.make_key(1, b"identity")
    assert store.unwrap(1, box, b"another") is None
    assert store.unwrap(2, box, b"identity") is None
    assert store.tokens(1, (b"v",)) != store.tokens(2, (b"v",))
    with pytest.raises(BoxCannotBeOpenedError):
        store.admit(3, store.make_organisation_key(1))


def test_while_a_key_is_replaced_the_one_before_still_opens_and_seals_nothing(
    tmp_path: Path,
) -> None:
    store = KeyStore(make_file(tmp_path / "root.key", new_key()))
    before, after = store.make_organisation_key(1), store.make_organisation_key(1)
    store.admit(1, before)
    box, key = store.make_key(1, b"identity")
    words = store.tokens(1, (b"v",))
    store.admit(1, after, older=before)
    assert store.unwrap(1, box, b"identity") == key
    anew = store.rewrapped(1, box, b"identity")
    assert anew is not None
    assert store.rewrapped(1, anew, b"identity") is None
    assert store.tokens(1, (b"v",)) != words, "the token key is stored beside it"
    store.forget_older(1)
    assert store.unwrap(1, box, b"identity") is None
    assert store.unwrap(1, anew, b"identity") == key
    with pytest.raises(BoxCannotBeOpenedError):
        store.rewrapped(1, box, b"identity")


def test_a_key_store_is_shown_without_its_keys(tmp_path: Path) -> None:
    store = KeyStore(make_file(tmp_path / "root.key", new_key()))
    store.admit(1, store.make_organisation_key(1))
    assert repr(store) == "KeyStore(1 organisations)"


def test_the_directory_has_a_name_for_whatever_the_ledger_holds() -> None:
    directory = Directory()
    directory.remember("a-1", "Rowan Ash", home=3)
    assert directory.is_at_home("a-1", 3)
    assert not directory.is_at_home("a-1", 4)
    assert not directory.is_at_home("a-2", 3)
    assert directory.display_name("a-1") == "Rowan Ash"
    assert directory.display_name(IMPORTER) == "Import by the operator"
    assert directory.display_name("gone") == UNKNOWN_ACCOUNT
    assert directory.role_title("ward_nurse") == "Ward nurse"
    assert directory.role_title("a_role_of_later") == "a_role_of_later"


def test_what_kiosks_take_along_lies_under_no_key_that_is_never_replaced(
    tmp_path: Path,
) -> None:
    """Whoever knew an organisation's key once forges no voucher after its rotation."""
    store = KeyStore(make_file(tmp_path / "root.key", new_key()))
    before, after = store.make_organisation_key(1), store.make_organisation_key(1)
    store.admit(1, before)
    [known] = store.pack_keys(1)
    store.admit(1, after, older=before)
    newest, *older = store.pack_keys(1)
    assert (newest != known, older) == (True, [known])
    store.forget_older(1)
    assert store.pack_keys(1) == (newest,)
