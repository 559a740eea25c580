# SPDX-License-Identifier: Apache-2.0
"""Client libraries that others wrote, against the server: fhirpy and fhirclient."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRServer
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound
from requests import HTTPError

from support.program import Program
from support.served import Served, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("clients")) as running:
        running.found("fernhill")
        yield running


@pytest.fixture(scope="module")
def token(server: Served, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("key")
    with closing(Program(server, folder, organisation="fernhill")) as program:
        return program.token


def test_fhirpy_creates_searches_pages_and_deletes(server: Served, token: str) -> None:
    client = SyncFHIRClient(f"{server.origin}/fhir", authorization=f"Bearer {token}")
    made = []
    for number in range(7):
        one = client.resource("Patient", name=[{"family": f"Fhirpy{number}"}])
        one.save()
        made.append(one)
    found = client.resources("Patient").search(family="fhirpy").limit(2).fetch_all()
    assert {one.id for one in found} == {one.id for one in made}
    counting = client.resources("Patient").search(family="fhirpy", _summary="count")
    assert counting.fetch_raw().total == 7
    with pytest.raises(OperationOutcome, match="_totalMethod"):
        # What one server calls a parameter of its own is unknown to all others.
        client.resources("Patient").count()
    pulse = client.resource(
        "Observation",
        status="final",
        code={"text": "pulse"},
        subject=made[0].to_reference(),
    )
    pulse.save()
    included = (
        client.resources("Observation")
        .search(_id=pulse.id)
        .include("Observation", "subject")
        .fetch_raw()
    )
    assert {one.resource.resource_type for one in included.entry} == {
        "Observation",
        "Patient",
    }
    made[0]["active"] = True
    made[0].save()
    assert client.reference("Patient", made[0].id).to_resource()["active"] is True
    pulse.delete()  # type: ignore[no-untyped-call]
    with pytest.raises(ResourceNotFound):
        client.reference("Observation", pulse.id).to_resource()
    with pytest.raises(OperationOutcome):
        client.resource("Patient", nam=1).save()


def test_fhirclient_reads_writes_and_follows_pages(server: Served, token: str) -> None:
    remote = FHIRServer(None, f"{server.origin}/fhir/")
    remote.session.headers["Authorization"] = f"Bearer {token}"
    with closing(remote.session):
        one = Patient({"resourceType": "Patient", "name": [{"family": "Fhirclient"}]})
        made = one.create(remote)
        assert made["meta"]["versionId"] == "1"
        again = Patient.read(made["id"], remote)
        again.gender = "female"
        assert again.update(remote)["gender"] == "female"
        for _ in range(5):
            Observation(
                {
                    "resourceType": "Observation",
                    "status": "final",
                    "code": {"text": "pulse"},
                    "subject": {"reference": f"Patient/{made['id']}"},
                }
            ).create(remote)
        search = Observation.where({"patient": made["id"], "_count": "2"})
        assert len(list(search.perform_resources_iter(remote))) == 5
        again.delete(remote)
        with pytest.raises(HTTPError, match="410"):
            Patient.read(made["id"], remote)
