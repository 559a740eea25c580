# SPDX-License-Identifier: Apache-2.0
"""Programs of npm that tests run: installed once into the cache, then run by node."""

import fcntl
import hashlib
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from support.hl7 import ROOT

SCRIPTS = ROOT / "tests" / "conformance" / "npm"
PATIENCE_SECONDS = 180


def installed(*packages: str) -> Path:
    """A folder with these packages (`name@version`) and what they need."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.fail("Install Node.js with npm: the tests run programs of others.")
    name = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12]
    folder = ROOT / ".cache" / f"npm-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    # Two test processes may want the same at once.
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install(folder, npm, packages)
    return folder


def _install(folder: Path, npm: str, packages: Sequence[str]) -> None:
    if not (folder / "installed").exists():
        (folder / "package.json").write_text('{"private": true}')
        done = subprocess.run(
            [
                *(npm, "install", "--silent", "--no-audit", "--no-fund"),
                *("--omit=peer", "--omit=optional", "--ignore-scripts", *packages),
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        if done.returncode:
            pytest.fail(f"npm could not install {packages}: {done.stderr[-500:]}")
        (folder / "installed").touch()


def run(script: str, asked: object, *, packages: Sequence[str]) -> Any:
    """What the script of `tests/conformance/npm/` prints, given `asked` as JSON."""
    folder = installed(*packages)
    own = folder / script
    shutil.copyfile(SCRIPTS / script, own)
    done = subprocess.run(
        ["node", str(own)],
        input=json.dumps(asked),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
