# SPDX-License-Identifier: Apache-2.0
"""Every kind of root key against a real counterpart: files, SoftHSM2, a KMS server."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import botocore.session
import pkcs11
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from wardkeep.crypto.aead import KEY_BYTES, BoxCannotBeOpenedError, Key, new_key
from wardkeep.warden.root_key import (
    CanBeDestroyed,
    CanBeSplit,
    Place,
    RootKey,
    RootKeyExistsError,
    RootKeyUnavailableError,
)
from wardkeep.warden.root_key_ring import (
    RECORD_NAME,
    RootKeyRecord,
    open_ring,
    read_record,
    write_record,
)
from wardkeep.warden.root_keys import kinds, make_root_key, open_root_key
from wardkeep.warden.root_keys.aws_kms import KmsRootKey, read_address
from wardkeep.warden.root_keys.passphrase_file import make_with, open_with
from wardkeep.warden.root_keys.pkcs11_token import TokenRootKey, _in_words, read_uri
from wardkeep.warden.root_keys.plain_file import make_file, open_file

PHRASE = "five random words for keys"
MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/libsofthsm2.so")
PIN = "246813"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class Kept(NamedTuple):
    """Two keys of one kind: their addresses, and what they are asked in."""

    one: str
    other: str
    place: Place


@pytest.fixture(scope="session")
def module() -> str:
    found = next((one for one in MODULES if Path(one).exists()), None)
    if found is None or shutil.which("softhsm2-util") is None:
        pytest.fail("SoftHSM2 is not here. Install the Debian package softhsm2.")
    return found


@pytest.fixture(scope="session")
def token(module: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A token of SoftHSM2; the module reads its settings once a process."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(settings)
    words = ["--init-token", "--free", "--label", "wardkeep"]
    subprocess.run(
        ["softhsm2-util", *words, "--pin", PIN, "--so-pin", "135791"],
        check=True,
        capture_output=True,
    )
    pin = folder / "pin"
    pin.write_text(f"{PIN}\n")
    pin.chmod(0o600)
    yield f"module-path={module}&pin-source=file:{pin}"
    del os.environ["SOFTHSM2_CONF"]


@pytest.fixture(scope="session")
def service() -> Iterator[tuple[str, ...]]:
    """A server that speaks AWS KMS's API, and two keys in it."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    before = {name: os.environ.get(name) for name in CREDENTIALS}
    os.environ.update(CREDENTIALS)
    client = botocore.session.get_session().create_client(
        "kms", region_name="eu-west-2", endpoint_url=f"http://{host}:{port}"
    )
    names = [client.create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
    yield tuple(f"aws-kms:{one}?endpoint=http://{host}:{port}" for one in names)
    server.stop()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


CREDENTIALS = {"AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo"}


@pytest.fixture(params=["file", "passphrase", "pkcs11", "aws-kms"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    place = Place(tmp_path, lambda _: PHRASE)
    if request.param == "pkcs11":
        rest = request.getfixturevalue("token")
        return Kept(
            f"pkcs11:token=wardkeep;object=a-{tmp_path.name}?{rest}",
            f"pkcs11:token=wardkeep;object=b-{tmp_path.name}?{rest}",
            place,
        )
    if request.param == "aws-kms":
        one, other = request.getfixturevalue("service")
        return Kept(one, other, place)
    return Kept(f"{request.param}:one.key", f"{request.param}:two.key", place)


def test_what_a_root_key_wraps_it_opens_again_also_after_a_start(kept: Kept) -> None:
    key = new_key()
    wrapped = make_root_key(kept.one, kept.place).wrap(key, b"identity")
    again = open_root_key(kept.one, kept.place)
    assert again.unwrap(wrapped, b"identity") == key
    assert wrapped.find(key) < 0
    assert again.identity in make_text(again)


def make_text(root: RootKey) -> str:
    return f"{root.identity} {root!r}"


def test_nothing_else_opens_it(kept: Kept) -> None:
    one = make_root_key(kept.one, kept.place)
    wrapped = one.wrap(new_key(), b"identity")
    spoilt = (
        (wrapped, b"another"),
        (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"identity"),
        (wrapped[:20], b"identity"),
        (b"", b"identity"),
    )
    for box, identity in spoilt:
        with pytest.raises(BoxCannotBeOpenedError):
            one.unwrap(box, identity)
    if "aws" not in kept.one:  # the stand-in has another answer there than the service
        other = make_root_key(kept.other, kept.place)
        assert other.identity != one.identity
        with pytest.raises(BoxCannotBeOpenedError):
            other.unwrap(wrapped, b"identity")


def test_a_root_key_is_never_made_over_another(kept: Kept) -> None:
    wrapped = make_root_key(kept.one, kept.place).wrap(new_key(), b"identity")
    if "aws" not in kept.one:
        with pytest.raises(RootKeyExistsError, match="there already"):
            make_root_key(kept.one, kept.place)
    assert open_root_key(kept.one, kept.place).unwrap(wrapped, b"identity")


def test_a_root_key_that_is_not_there_says_so_with_the_mend(kept: Kept) -> None:
    if "aws" in kept.one:
        gone = kept.one.partition("?")[0] + "?endpoint=http://127.0.0.1:9"
        root = open_root_key(gone, kept.place)
        with pytest.raises(RootKeyUnavailableError, match="See that the machine"):
            root.wrap(new_key(), b"identity")
        return
    with pytest.raises(RootKeyUnavailableError, match=r"Restore|restore"):
        open_root_key(kept.one, kept.place)


def test_every_kind_moves_to_every_other_by_the_ring(
    kept: Kept, tmp_path: Path
) -> None:
    place = Place(tmp_path / "ring", kept.place.ask)
    place.folder.mkdir()
    ring = open_ring(place, usual="file:first.key", is_new=True)
    key = new_key()
    before = ring.wrap(key, b"identity")
    ring.turn_to(kept.one, keeps_older=False, secret=PHRASE)
    assert ring.unwrap(before, b"identity") == key
    again = open_ring(place, usual="file:first.key", is_new=False)
    anew = again.rewrapped(before, b"identity")
    assert anew is not None
    for one in (ring, again):
        assert one.rewrapped(anew, b"identity") is None
        assert one.older_identity.startswith("file first.key")
    again.forget_older()
    assert not (place.folder / "first.key").exists()
    assert read_record(place.folder) == RootKeyRecord(current=kept.one)
    last = open_ring(place, usual="file:first.key", is_new=False)
    last.check()
    assert last.unwrap(anew, b"identity") == key
    with pytest.raises(BoxCannotBeOpenedError):
        last.rewrapped(before, b"identity")


# Files ------------------------------------------------------------------------


def test_a_file_is_closed_to_others_and_named_with_its_mend_where_it_is_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "keys" / "root.key"
    make_file(path, new_key())
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size == KEY_BYTES
    assert list(path.parent.iterdir()) == [path]
    for mode in (0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(RootKeyUnavailableError, match="chmod 600"):
            open_file(path)
    path.chmod(0o600)
    path.write_bytes(bytes(KEY_BYTES - 1))
    with pytest.raises(RootKeyUnavailableError, match="31 bytes where a root key"):
        open_file(path)


def test_a_wrong_passphrase_says_so_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    secret = new_key()
    made = make_with(path, PHRASE, secret)
    assert path.read_bytes().find(secret) < 0
    assert open_with(path, PHRASE).identity == made.identity
    for wrong in ("", PHRASE + " ", PHRASE.upper()):
        with pytest.raises(RootKeyUnavailableError) as told:
            open_with(path, wrong)
        assert str(told.value) == f"The passphrase does not open {path}."


@pytest.mark.parametrize(
    ("old", "new"),
    [(" 17 8 1 ", " 16 8 1 "), (" 17 8 1 ", " 17 4 1 ")],
)
def test_what_stands_before_the_box_cannot_be_changed(
    tmp_path: Path, old: str, new: str
) -> None:
    path = tmp_path / "root.key"
    make_with(path, PHRASE, new_key())
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(RootKeyUnavailableError, match="does not open"):
        open_with(path, PHRASE)


@pytest.mark.parametrize("line", ["", "wardkeep-root-key 2", " 17 8 1 ", "\n"])
def test_a_file_that_would_cost_too_much_or_is_damaged_is_refused(
    tmp_path: Path, line: str
) -> None:
    path = tmp_path / "root.key"
    make_with(path, PHRASE, new_key())
    whole = path.read_text()
    path.write_text(whole.replace(" 17 8 1 ", " 30 8 1 ") if line else "")
    with pytest.raises(RootKeyUnavailableError, match="no root key with a passphrase"):
        open_with(path, PHRASE)


def test_a_short_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RootKeyUnavailableError, match="five random words"):
        make_with(tmp_path / "root.key", "hunter2", new_key())
    assert list(tmp_path.iterdir()) == []


# Tokens -----------------------------------------------------------------------


def _token_key(token: str, name: str) -> TokenRootKey:
    address = f"pkcs11:token=wardkeep;object={name}?{token}"
    made = make_root_key(address, Place(Path(), lambda _: PIN))
    assert isinstance(made, TokenRootKey)
    return made


def test_a_session_that_the_token_drops_is_opened_again(
    token: str, module: str
) -> None:
    made = _token_key(token, "dropped")
    key = new_key()
    wrapped = made.wrap(key, b"identity")
    made._key.session.close()
    assert made.unwrap(wrapped, b"identity") == key
    pkcs11.lib(module).reinitialize()
    assert made.unwrap(wrapped, b"identity") == key


def test_no_key_comes_out_of_the_token(token: str) -> None:
    made = _token_key(token, "stays")
    with pytest.raises(pkcs11.AttributeSensitive):
        _ = made._key[pkcs11.Attribute.VALUE]
    assert made._key[pkcs11.Attribute.EXTRACTABLE] is False
    assert not isinstance(made, CanBeSplit)


def test_a_key_of_a_token_is_destroyed_in_it(token: str) -> None:
    made = _token_key(token, "ends")
    wrapped = made.wrap(new_key(), b"identity")
    assert isinstance(made, CanBeDestroyed)
    made.destroy()
    with pytest.raises(RootKeyUnavailableError, match="NoSuchKey"):
        made.unwrap(wrapped, b"identity")


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        ("token=a;object=b", "module-path is missing"),
        ("object=b?module-path=/m", "token is missing"),
        ("token=a;object=b?module-path=/m&pin-value=1", "'pin-value' may not stand"),
    ],
)
def test_an_address_of_a_token_that_cannot_be_used_is_refused(
    rest: str, why: str
) -> None:
    with pytest.raises(RootKeyUnavailableError, match=why):
        read_uri(rest)


def test_a_token_whose_pin_lies_in_no_file_asks_for_it(token: str) -> None:
    address = f"token=wardkeep;object=asked?{token.partition('&')[0]}"
    asked: list[str] = []

    def ask(words: str) -> str:
        asked.append(words)
        return PIN

    place = Place(Path(), ask)
    made = make_root_key(f"pkcs11:{address}", place)
    wrapped = made.wrap(new_key(), b"identity")
    assert open_root_key(f"pkcs11:{address}", place).unwrap(wrapped, b"identity")
    assert asked == ["PIN of the token wardkeep"] * 2
    kind = kinds()["pkcs11"]
    assert kind.asks(address) == "PIN of the token wardkeep"
    assert kind.asks(f"token=wardkeep;object=asked?{token}") == ""


@pytest.mark.parametrize(
    ("of_the_token", "ours", "words"),
    [
        (ImportError("pkcs11"), RootKeyUnavailableError, r"wardkeep\[pkcs11\]"),
        (pkcs11.EncryptedDataInvalid(), BoxCannotBeOpenedError, None),
        (pkcs11.PinIncorrect(), RootKeyUnavailableError, "PinIncorrect"),
        (ArithmeticError("ours"), ArithmeticError, "ours"),
    ],
)
def test_what_a_token_says_becomes_words_of_ours(
    of_the_token: Exception, ours: type[Exception], words: str | None
) -> None:
    uri = read_uri("token=a;object=b?module-path=/m")
    with pytest.raises(ours, match=words), _in_words(uri):
        raise of_the_token


# Elsewhere --------------------------------------------------------------------


def test_a_key_that_another_one_opened_is_not_taken(
    service: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = open_root_key(service[0], Place(Path(), lambda _: ""))
    assert isinstance(made, KmsRootKey)
    wrapped = made.wrap(new_key(), b"identity")
    decrypt = made._client.decrypt

    def by_another(**asked: object) -> dict[str, object]:
        return {**decrypt(**asked), "KeyId": f"{made._arn}-of-somebody-else"}

    monkeypatch.setattr(made._client, "decrypt", by_another)
    with pytest.raises(BoxCannotBeOpenedError):
        made.unwrap(wrapped, b"identity")


def test_a_service_that_lets_us_do_nothing_is_named_with_the_mend(
    service: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = open_root_key(service[0], Place(Path(), lambda _: ""))
    assert isinstance(made, KmsRootKey)

    def denied(**_asked: object) -> dict[str, object]:
        told = {"Error": {"Code": "AccessDeniedException"}}
        raise ClientError(told, "Encrypt")

    monkeypatch.setattr(made._client, "encrypt", denied)
    with pytest.raises(RootKeyUnavailableError, match=r"AccessDenied.*kms:Encrypt"):
        made.wrap(new_key(), b"identity")


def test_without_its_library_a_service_says_how_to_install_it(
    service: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(RootKeyUnavailableError, match=r"wardkeep\[aws\]"):
        open_root_key(service[0], Place(Path(), lambda _: ""))


@pytest.mark.parametrize(
    "rest",
    [
        "alias/wardkeep",
        "arn:aws:kms:eu-west-2:123456789012:key/a?endpoint=http://kms.example",
        "arn:aws:kms:eu-west-2:123456789012:key/a?region=x",
    ],
)
def test_an_address_in_the_cloud_names_a_key_and_is_asked_over_tls(rest: str) -> None:
    with pytest.raises(RootKeyUnavailableError, match="names no key"):
        read_address(rest)


def test_what_names_no_kind_lists_the_kinds(tmp_path: Path) -> None:
    with pytest.raises(RootKeyUnavailableError, match=r"floppy.*aws-kms.*file:NAME"):
        open_root_key("floppy:a", Place(tmp_path, lambda _: ""))
    assert set(kinds()) == {"file", "passphrase", "pkcs11", "aws-kms"}


def test_a_first_start_that_was_cut_short_goes_on_with_the_key_it_made(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path, lambda _: "")
    made = make_root_key("file:root.key", place)
    ring = open_ring(place, usual="file:root.key", is_new=True)
    assert ring.identity == made.identity
    assert repr(ring) == f"RootKeyRing({made.identity})"
    wrapped = made.wrap(new_key(), b"identity")
    assert ring.unwrap(wrapped, b"identity")


def test_a_damaged_record_of_places_is_named(tmp_path: Path) -> None:
    (tmp_path / RECORD_NAME).write_bytes(b"{")
    with pytest.raises(RootKeyUnavailableError, match=RECORD_NAME):
        read_record(tmp_path)


def test_an_older_key_that_is_gone_was_destroyed_and_is_not_missed(
    tmp_path: Path,
) -> None:
    make_file(tmp_path / "new.key", Key(bytes(32)))
    write_record(tmp_path, RootKeyRecord(current="file:new.key", older="file:gone.key"))
    ring = open_ring(Place(tmp_path, lambda _: ""), usual="", is_new=False)
    assert ring.older_identity == ""
    ring.forget_older()
    assert read_record(tmp_path).older == ""


def test_a_second_turn_is_refused_until_the_first_is_through(tmp_path: Path) -> None:
    ring = open_ring(Place(tmp_path, lambda _: ""), usual="file:a.key", is_new=True)
    ring.turn_to("file:b.key", keeps_older=True, secret="")
    with pytest.raises(RootKeyUnavailableError, match="under way"):
        ring.turn_to("file:c.key", keeps_older=True, secret="")
    ring.forget_older()
    assert (tmp_path / "a.key").exists(), "it was to be kept"
