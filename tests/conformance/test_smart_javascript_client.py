# SPDX-License-Identifier: Apache-2.0
"""The SMART client for JavaScript (npm `fhirclient`) works with the API as it is."""

from contextlib import closing
from pathlib import Path

from support.npm import run
from support.program import Program
from support.served import served


def test_the_smart_client_reads_writes_pages_and_patches(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        server.found("fernhill")
        with closing(Program(server, tmp_path, organisation="fernhill")) as program:
            for id_ in ("a", "b", "c", "d", "e"):
                program.put({"resourceType": "Patient", "id": id_})
            program.put(
                {
                    "resourceType": "Observation",
                    "id": "pulse",
                    "status": "final",
                    "code": {"text": "pulse"},
                    "subject": {"reference": "Patient/a"},
                }
            )
            said = run(
                "smart_client.mjs",
                {
                    "base": f"{server.origin}/fhir",
                    "token": program.token,
                    "observation": "pulse",
                },
                packages=("fhirclient@2.6.3",),
            )
    assert said["family"] == "Merriweather"
    assert said["version"] == "2"
    assert said["birthDate"] == "1932-04-05"
    assert said["subject"] == "Patient"
    assert len(said["ids"]) == len(set(said["ids"])) == 6
    assert said["status"] == 410
