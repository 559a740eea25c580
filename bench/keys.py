# SPDX-License-Identifier: Apache-2.0
"""Keys: what a root key costs by its kind, when it is paid, and how fast keys turn."""

import asyncio
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.rotations import (
    rotate,
    settle_at_once,
    store_patients,
    until_finished,
)
from support.sealed_rows import load_records
from support.warden import (
    Installation,
    RunningWarden,
    installation_in,
    running_warden,
)
from wardkeep.crypto.aead import Key, new_key
from wardkeep.disclosure.keys import ORGANISATION, PATIENT, TOKENS, RotateKey
from wardkeep.warden.root_key import Place, RootKey
from wardkeep.warden.root_keys import make_root_key
from wardkeep.warden.rotations import Rotation, WrappedKeys

PATIENTS = 20_000
RECORDS, EACH = 300, 98
ROUNDS = 50
MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PHRASE = "five random words for keys"


def run() -> dict[str, float]:
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), lambda _: PHRASE)
        for name, address in (("file", "file:a"), ("passphrase", "passphrase:b")):
            began = time.process_time()
            root = make_root_key(address, place)
            figures[f"{name}: to open, CPU ms"] = (time.process_time() - began) * 1e3
            figures[f"{name}: unwrap, median µs"] = _unwrap(root)
        with _token(Path(folder)) as address:
            figures["SoftHSM2: unwrap, median µs"] = _unwrap(
                make_root_key(address, place)
            )
        with _service() as address:
            figures["KMS over HTTP: unwrap, median µs"] = _unwrap(
                make_root_key(address, place)
            )
        with installation_in(Path(folder) / "data") as made:
            figures.update(asyncio.run(_turned(made)))
        with installation_in(Path(folder) / "records") as made:
            figures.update(asyncio.run(_resealed(made, Path(folder))))
        with installation_in(Path(folder) / "tokens") as made:
            figures.update(asyncio.run(_tokens_turned(made, Path(folder))))
    return figures


def _unwrap(root: RootKey) -> float:
    wrapped = root.wrap(new_key(), b"identity")
    return _median(lambda: root.unwrap(wrapped, b"identity"))


def _median(act: Callable[[], object]) -> float:
    """Microseconds."""
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        act()
        found.append(time.perf_counter() - began)
    return statistics.median(found) * 1e6


@contextmanager
def _token(folder: Path) -> Iterator[str]:
    """A token of SoftHSM2; the Debian package softhsm2 brings it."""
    (folder / "tokens").mkdir()
    settings, pin = folder / "softhsm2.conf", folder / "pin"
    settings.write_text(f"directories.tokendir = {folder}/tokens\n")
    pin.write_text("246813")
    pin.chmod(0o600)
    os.environ["SOFTHSM2_CONF"] = str(settings)
    words = ["softhsm2-util", "--init-token", "--free", "--label", "bench"]
    pins = ["--pin", "246813", "--so-pin", "135791"]
    subprocess.run([*words, *pins], check=True, capture_output=True)
    yield f"pkcs11:token=bench;object=root?module-path={MODULE}&pin-source=file:{pin}"


@contextmanager
def _service() -> Iterator[str]:
    """A server on this machine that speaks AWS KMS's API."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import botocore.session  # noqa: PLC0415 - after the warnings are quiet
        from moto.server import ThreadedMotoServer  # noqa: PLC0415

    os.environ.update(AWS_ACCESS_KEY_ID="demo", AWS_SECRET_ACCESS_KEY="demo")  # noqa: S106
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = botocore.session.get_session().create_client(
        "kms", region_name="eu-west-2", endpoint_url=f"http://{host}:{port}"
    )
    arn = client.create_key()["KeyMetadata"]["Arn"]
    yield f"aws-kms:{arn}?endpoint=http://{host}:{port}"
    server.stop()


async def _turned(made: Installation) -> dict[str, float]:
    """An organisation's key replaced, and what releasing a key asks of the root key."""
    async with running_warden(made) as running:
        number = await running.organisation()
        names = [f"p-{n:06d}" for n in range(PATIENTS)]
        await store_patients(running, number, names, slug="fernhill")
        asked = _count_root_use(running)
        store = running.service._keystore  # noqa: SLF001 - what is measured
        wrapped, _ = store.make_key(number, b"identity")
        released = _median(lambda: store.unwrap(number, wrapped, b"identity"))
        used_for_releases = len(asked)
        settle_at_once(running)
        began, cpu = time.perf_counter(), time.process_time()
        await rotate(running, RotateKey(ORGANISATION, organisation="fernhill"))
        last = await until_finished(running)
        seconds = time.perf_counter() - began
        used = time.process_time() - cpu
    return {
        "release of a patient's key in the warden, median µs": released,
        f"uses of the root key for {ROUNDS} of them": used_for_releases,
        f"{last.rewrapped:,} patients turned and proved, s": seconds,
        "patients a second": last.rewrapped / seconds,
        "patients a second of the warden's CPU": last.rewrapped / used,
    }


async def _resealed(made: Installation, folder: Path) -> dict[str, float]:
    """Every patient's data keys replaced: sealed anew, read once more, proved."""
    async with running_warden(made) as running:
        await load_records(running, folder, patients=RECORDS, each=EACH)
        settle_at_once(running)
        waited = _time_writers_wait(running)
        began, cpu = time.perf_counter(), time.process_time()
        await rotate(running, RotateKey(PATIENT, organisation="fernhill"))
        await until_finished(running, seconds=600)
        seconds = time.perf_counter() - began
        used = time.process_time() - cpu
    versions = RECORDS * (EACH + 2)
    return {
        f"data keys of {RECORDS} patients with {EACH + 2} versions each, s": seconds,
        "new data keys, the warden's CPU a patient, ms": used / RECORDS * 1e3,
        "of that for each version, µs": used / versions * 1e6,
        "writers of ten patients wait, median ms": statistics.median(waited) * 1e3,
    }


async def _tokens_turned(made: Installation, folder: Path) -> dict[str, float]:
    """The search-token key replaced: two tokens in each row, then the newer alone."""
    async with running_warden(made) as running:
        number = await load_records(running, folder, patients=RECORDS, each=EACH)
        settle_at_once(running)
        late: list[float] = []
        looking = asyncio.create_task(_look_at_the_clock(late))
        began, cpu = time.perf_counter(), time.process_time()
        await rotate(running, RotateKey(TOKENS, organisation="fernhill"))
        last = await until_finished(running, seconds=600)
        seconds = time.perf_counter() - began
        used = time.process_time() - cpu
        looking.cancel()
        store = running.service._keystore  # noqa: SLF001 - what is measured
        one = _median(lambda: store.tokens(number, (b"value",)))
        values = tuple(b"value %d" % n for n in range(1000))
        many = _median(lambda: store.tokens(number, values))
    return {
        f"search tokens of {last.rewrapped:,} rows turned and proved, s": seconds,
        "of that the warden's CPU a row, µs": used / last.rewrapped * 1e6,
        "the warden answers later meanwhile, p99 ms": sorted(late)[-len(late) // 100]
        * 1e3,
        "a token asked for by itself after a rotation, median µs": one,
        "one of a thousand, median µs": many / len(values),
    }


async def _look_at_the_clock(late: list[float]) -> None:
    """By how much the loop comes late to what is due each two milliseconds."""
    while True:
        due = time.perf_counter() + 0.002
        await asyncio.sleep(0.002)
        late.append(time.perf_counter() - due)


def _time_writers_wait(running: RunningWarden) -> list[float]:
    """For how long each portion of the proof holds its patients."""
    level = running.service.rotator.of_patients
    whole = level._retire_some  # noqa: SLF001 - what is measured
    waited: list[float] = []

    async def timed(rotation: Rotation, some: Sequence[WrappedKeys]) -> int:
        began = time.perf_counter()
        found = await whole(rotation, some)
        waited.append(time.perf_counter() - began)
        return found

    level._retire_some = timed  # type: ignore[method-assign] # noqa: SLF001
    return waited


def _count_root_use(running: RunningWarden) -> list[Key]:
    """Every unwrap by the root key from now on."""
    ring = running.service.rotator._ring  # noqa: SLF001 - what is measured
    asked: list[Key] = []
    newest = ring._newest  # noqa: SLF001

    class Counted:
        identity = newest.identity

        def wrap(self, key: Key, identity: bytes) -> bytes:
            return newest.wrap(key, identity)

        def unwrap(self, wrapped: bytes, identity: bytes) -> Key:
            found = newest.unwrap(wrapped, identity)
            asked.append(found)
            return found

    ring._newest = Counted()  # noqa: SLF001
    return asked
