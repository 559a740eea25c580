# SPDX-License-Identifier: Apache-2.0
"""How long searches take as an organisation grows: 1,000 to 64,000 patients.

Made-up patients with five observations each; one caller, the median of many requests.
The aim is that no indexed search takes more than one and a half times as long.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from bench._stack import stack
from support.program import Program

ORGANISATION = "bench"
SIZES = (1_000, 4_000, 16_000, 64_000)
ASKED = 300
ROUNDS = 3
A_FILE = 200
PULSES = 5
_CODES = ("8867-4", "8302-2", "29463-7", "9279-1", "8480-6")
_DAY_SECONDS = 86_400
Json = dict[str, Any]


def run() -> dict[str, float]:
    figures: dict[str, float] = {}
    with stack() as made, tempfile.TemporaryDirectory() as folder:
        made.await_ready()
        made.command("organisation", "create", "--slug", ORGANISATION, "--name", "B")
        with closing(Program(made, Path(folder), organisation=ORGANISATION)) as asker:
            first = 0
            for size in SIZES:
                part = Path(folder) / str(size)
                written(part, range(first, size))
                made.command("import", str(part), "--organisation", ORGANISATION)
                first = size
                asker.sign_in()
                for name, path in _searches(size).items():
                    figures[f"{name}, {size:,} patients, ms"] = _median(asker, path)
    for name in _searches(1):
        small, large = (f"{name}, {one:,} patients, ms" for one in (1_000, 64_000))
        figures[f"{name}, times as long"] = figures[large] / figures[small]
    return figures


def _searches(size: int) -> dict[str, Callable[[int], str]]:
    def someone(turn: int) -> int:
        return (turn * 7_919) % size

    return {
        "read": lambda turn: f"Observation/{_pulse_id(someone(turn), 1)}",
        "identifier": lambda turn: f"Patient?identifier=urn:bench|{someone(turn)}",
        "name and birth date": lambda turn: (
            f"Patient?family={_family(someone(turn))}&birthdate={_born(someone(turn))}"
        ),
        "a patient's observations": lambda turn: (
            f"Observation?patient={_patient_id(someone(turn))}"
        ),
        "code and a moment": lambda turn: (
            f"Observation?code={_CODES[1]}&date={_moment(someone(turn), 1)}"
        ),
    }


def _median(asker: Program, path: Callable[[int], str]) -> float:
    """The best of some rounds: a load just before leaves the machine busy."""
    return min(_round(asker, path) for _ in range(ROUNDS))


def _round(asker: Program, path: Callable[[int], str]) -> float:
    taken = []
    for turn in range(ASKED):
        start = time.perf_counter()
        reply = asker.get(path(turn))
        taken.append(time.perf_counter() - start)
        if reply.status != 200:
            raise RuntimeError(reply)
    return statistics.median(taken[ASKED // 6 :]) * 1000


def written(folder: Path, numbers: range) -> None:
    """Patients of these numbers and their observations, as bundles in a new folder."""
    folder.mkdir()
    for start in range(0, len(numbers), A_FILE):
        some = numbers[start : start + A_FILE]
        entries = [
            {
                "fullUrl": f"urn:uuid:{one['id']}",
                "resource": one,
                "request": {"method": "POST", "url": one["resourceType"]},
            }
            for number in some
            for one in _record(number)
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        (folder / f"{some[0]:06}.json").write_text(json.dumps(bundle))


def _record(number: int) -> Iterator[Json]:
    yield {
        "resourceType": "Patient",
        "id": _patient_id(number),
        "identifier": [{"system": "urn:bench", "value": str(number)}],
        "name": [{"family": _family(number), "given": [f"Given{number % 97}"]}],
        "birthDate": _born(number),
    }
    for place in range(PULSES):
        yield {
            "resourceType": "Observation",
            "id": _pulse_id(number, place),
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": _CODES[place]}]},
            "subject": {"reference": f"urn:uuid:{_patient_id(number)}"},
            "effectiveDateTime": _moment(number, place),
            "valueQuantity": {"value": 60 + number % 40, "unit": "/min"},
        }


def _patient_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


def _pulse_id(number: int, place: int) -> str:
    return f"00000000-0000-4000-9{place:03x}-{number:012x}"


def _family(number: int) -> str:
    return f"Family{number % 9_973}"


def _born(number: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(number * 7 % 25_000 * _DAY_SECONDS))


def _moment(number: int, place: int) -> str:
    """Another second for everybody, over ten years: the same few match at any size."""
    second = 1_300_000_000 + number * 4_513 + place
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))
