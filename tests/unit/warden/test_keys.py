# SPDX-License-Identifier: Apache-2.0
"""The root key's file, the keys below it, and names that the ledger outlives."""

from pathlib import Path

import pytest

from wardkeep.crypto.aead import KEY_BYTES, BoxCannotBeOpenedError, new_key
from wardkeep.warden.directory import IMPORTER, UNKNOWN_ACCOUNT, Directory
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.root_key import FileRootKey, RootKeyFileError


def test_a_root_key_is_made_once_closed_to_others_and_never_made_over(
    tmp_path: Path,
) -> None:
    path = tmp_path / "keys" / "root.key"
    made = FileRootKey.open_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size == KEY_BYTES
    key = new_key()
    wrapped = made.wrap(key, b"identity")
    assert FileRootKey.open_or_create(path).unwrap(wrapped, b"identity") == key
    with pytest.raises(FileExistsError):
        FileRootKey.create(path)
    assert FileRootKey(path).unwrap(wrapped, b"identity") == key


def test_a_root_key_opens_neither_anothers_nor_under_another_identity(
    tmp_path: Path,
) -> None:
    one = FileRootKey.create(tmp_path / "one")
    two = FileRootKey.create(tmp_path / "two")
    wrapped = one.wrap(new_key(), b"identity")
    for root, identity in ((two, b"identity"), (one, b"another")):
        with pytest.raises(BoxCannotBeOpenedError):
            root.unwrap(wrapped, identity)


def test_a_root_key_that_cannot_be_used_is_named_with_its_mend(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    with pytest.raises(RootKeyFileError, match="Restore the root key from its copy"):
        FileRootKey(path)
    path.write_bytes(bytes(KEY_BYTES - 1))
    path.chmod(0o600)
    with pytest.raises(RootKeyFileError, match="31 bytes where a root key has 32"):
        FileRootKey(path)
    path.write_bytes(bytes(KEY_BYTES))
    for mode in (0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(RootKeyFileError, match="chmod 600"):
            FileRootKey(path)
    path.chmod(0o600)
    FileRootKey(path)


def test_an_organisations_key_is_used_from_when_it_is_admitted(tmp_path: Path) -> None:
    root = FileRootKey.create(tmp_path / "root.key")
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
    store = KeyStore(FileRootKey.create(tmp_path / "root.key"))
    for number in (1, 2):
        store.admit(number, store.make_organisation_key(number))
    box, _ = store.make_key(1, b"identity")
    assert store.unwrap(1, box, b"another") is None
    assert store.unwrap(2, box, b"identity") is None
    assert store.tokens(1, (b"v",)) != store.tokens(2, (b"v",))
    with pytest.raises(BoxCannotBeOpenedError):
        store.admit(3, store.make_organisation_key(1))


def test_a_key_store_is_shown_without_its_keys(tmp_path: Path) -> None:
    store = KeyStore(FileRootKey.create(tmp_path / "root.key"))
    store.admit(1, store.make_organisation_key(1))
    assert repr(store) == "KeyStore(1 organisations)"


def test_the_directory_has_a_name_for_whatever_the_ledger_holds() -> None:
    directory = Directory()
    directory.remember("a-1", "Rowan Ash")
    assert directory.display_name("a-1") == "Rowan Ash"
    assert directory.display_name(IMPORTER) == "Import by the operator"
    assert directory.display_name("gone") == UNKNOWN_ACCOUNT
    assert directory.role_title("ward_nurse") == "Ward nurse"
    assert directory.role_title("a_role_of_later") == "a_role_of_later"
