# SPDX-License-Identifier: Apache-2.0
"""Apps of others' making in a real browser: npm `fhirclient`, PyPI `fhirclient`."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from fhirclient.client import FHIRClient
from fhirclient.models.observation import Observation
from playwright.async_api import Browser, expect

from support.chromium import PHONE, Device, chromium, clean, device
from support.program import Program
from support.served import Served, served
from support.smart_page import SmartPage, smart_page
from support.warden import RunningWarden
from wardkeep.disclosure.questions import Invite

pytestmark = pytest.mark.asyncio(loop_scope="module")
ASKED = (
    "openid fhirUser offline_access patient/Patient.rs patient/Observation.rs"
    " patient/Condition.rs"
)
REGISTERED = f"launch launch/patient {ASKED}"
DONE = "ASHDOWN 2 observations for Rowan Ash"


@pytest.fixture(scope="module")
def page() -> Iterator[SmartPage]:
    with smart_page() as running:
        yield running


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, page: SmartPage
) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("apps")) as running:
        running.found("fernhill")
        _fill(running, tmp_path_factory.mktemp("keys"))
        made = running.command(
            *("client", "register-app", "--organisation", "fernhill"),
            *("--name", "Growth charts", "--redirect-uri", page.redirect_uri),
            *("--scope", REGISTERED, "--launch-url", page.launch_url, "--json"),
        )
        page.settings = {
            "clientId": json.loads(made)["client_id"],
            "scope": f"launch/patient {ASKED}",
            "iss": f"{running.origin}/fhir",
        }
        yield running


def _fill(server: Served, folder: Path) -> None:
    with closing(Program(server, folder, organisation="fernhill")) as program:
        for id_, family in (("anna", "ASHDOWN"), ("bert", "BRACKEN")):
            program.put(
                {
                    "resourceType": "Patient",
                    "id": id_,
                    "name": [{"family": family, "given": ["Test"]}],
                    "birthDate": "1950-02-03",
                    "identifier": [
                        {
                            "system": "https://fhir.nhs.uk/Id/nhs-number",
                            "value": "9990000018" if id_ == "anna" else "9990000026",
                        }
                    ],
                }
            )
            for number in (1, 2):
                program.put(
                    {
                        "resourceType": "Observation",
                        "id": f"{id_}-{number}",
                        "status": "final",
                        "code": {"text": "pulse"},
                        "subject": {"reference": f"Patient/{id_}"},
                    }
                )


@pytest.fixture(scope="module")
def links(server: Served) -> list[str]:
    """Enrolment links of doctors who have Anna on their ward."""
    return asyncio.run(_links(server))


async def _links(server: Served) -> list[str]:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    found = []
    for _ in range(4):
        account = await warden.account("doctor", organisation="fernhill")
        await warden.relate(account, "anna", organisation="fernhill")
        secret = await warden.tell(Invite(account=account, valid_hours=1))
        found.append(f"{server.origin}/enrol/{secret}")
    await warden.operator.close()
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def arrive(own: Device, links: list[str]) -> None:
    await own.go(links.pop())
    await own.press("Make your passkey")
    await own.reads("Your passkey is ready")


async def test_an_app_is_started_from_a_record_and_taken_back(
    server: Served, page: SmartPage, browser: Browser, links: list[str]
) -> None:
    async with device(browser) as own:
        # Given a doctor has a record open
        await arrive(own, links)
        await own.go(f"{server.origin}/patients/anna")
        await own.press("Open in an app")
        await own.reads("Open ASHDOWN, Test in an app")
        await clean(own, "apps-launch")
        # When she starts the app, she is asked what it may do
        page.settings["scope"] = f"launch {ASKED}"
        await own.press("Growth charts")
        await own.reads("Let Growth charts in?")
        await clean(own, "apps-consent")
        await own.page.get_by_label("problems and diagnoses").uncheck()
        await own.press("Let it in")
        # Then the app has that patient, and what was left ticked
        told = own.page.locator("#told")
        await expect(told).to_have_text(DONE)
        refused = await own.page.evaluate(
            "client.request('Condition').then(() => 'given', (e) => e.statusCode)"
        )
        assert refused == 403
        other = await own.page.evaluate(
            "client.request('Patient/bert').then(() => 'given', (e) => e.statusCode)"
        )
        assert other in (403, 404)
        # And it goes on by its refresh token
        fresh = await own.page.evaluate(
            "client.refresh().then(() => client.patient.read()).then((p) => p.id)"
        )
        assert fresh == "anna"
        # When she takes it back, it is out
        await own.go(f"{server.origin}/account/apps")
        await clean(own, "apps-own")
        await own.page.get_by_role("button", name=re.compile("Take it back")).click()
        await own.reads("That app is out")
        await own.go(page.redirect_uri)
        await expect(told).to_have_text(re.compile("^Failed"))


async def test_an_app_that_stands_alone_asks_for_the_patient(
    page: SmartPage, browser: Browser, links: list[str]
) -> None:
    page.settings["scope"] = f"launch/patient {ASKED}"
    async with device(browser, viewport=PHONE) as own:
        await arrive(own, links)
        # Given the app is opened by its own address
        await own.go(page.launch_url)
        await own.reads("An app asks to work with one patient")
        await clean(own, "apps-find-phone")
        await own.page.get_by_label("NHS number").fill("9990000018")
        await own.press("Find")
        await own.page.get_by_role("link", name=re.compile("ASHDOWN")).click()
        await own.reads("It is about one patient")
        await clean(own, "apps-consent-phone")
        await own.press("Let it in")
        await expect(own.page.locator("#told")).to_have_text(DONE)


async def test_an_app_that_goes_on_after_signing_out_takes_the_passkey(
    server: Served, page: SmartPage, browser: Browser
) -> None:
    """Who came from another organisation has not used it since, as a thief has not."""
    page.settings["scope"] = f"launch/patient {ASKED}"
    there, here = await _links_of_two(server)
    async with device(browser, viewport=PHONE) as own:
        # Given somebody who went to another organisation
        await own.go(there)
        await own.press("Make your passkey")
        await own.reads("Your passkey is ready")
        await own.go(here)
        already = "I have a passkey for Wardkeep already"
        await own.page.get_by_role("link", name=already).click()
        await own.press("Take it on")
        await own.page.get_by_role("button", name="Go there").click()
        await own.page.get_by_text("Fernhill").first.wait_for()
        # When an app asks to go on after signing out
        await own.go(page.launch_url)
        await own.page.get_by_label("NHS number").fill("9990000018")
        await own.press("Find")
        await own.page.get_by_role("link", name=re.compile("ASHDOWN")).click()
        await own.page.get_by_label("Reason").fill("rang about results from Tuesday")
        await own.press("Go on")
        await own.press("Let it in")
        # Then the passkey is asked for, and what was ticked is not lost
        await own.reads("Is it still you?")
        await own.reads("The app would go on after you have signed out")
        await clean(own, "apps-prove-phone")
        await own.press("Go on with your passkey")
        await expect(own.page.locator("#told")).to_have_text(DONE)
        assert own.complaints == []


async def _links_of_two(server: Served) -> tuple[str, str]:
    """A link for a doctor of one organisation, and one for work in Fernhill."""
    server.found("oakdale")
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    found = []
    for slug in ("oakdale", "fernhill"):
        account = await warden.account("doctor", organisation=slug)
        secret = await warden.tell(Invite(account=account, valid_hours=1))
        found.append(f"{server.origin}/enrol/{secret}")
    await warden.operator.close()
    return found[0], found[1]


async def test_who_says_no_is_believed(
    server: Served, page: SmartPage, browser: Browser, links: list[str]
) -> None:
    page.settings["scope"] = f"launch/patient {ASKED}"
    async with device(browser) as own:
        await arrive(own, links)
        await own.go(page.launch_url)
        await own.page.get_by_label("NHS number").fill("9990000018")
        await own.press("Find")
        await own.page.get_by_role("link", name=re.compile("ASHDOWN")).click()
        await own.press("Do not let it in")
        told = own.page.locator("#told")
        await expect(told).to_have_text(re.compile("^Failed.*did not allow"))
        await own.go(f"{server.origin}/account/apps")
        await own.reads("No app acts for you")


async def test_the_python_client_reads_by_a_persons_consent(
    server: Served, page: SmartPage, browser: Browser, links: list[str]
) -> None:
    client = FHIRClient(
        settings={
            "app_id": page.settings["clientId"],
            "api_base": f"{server.origin}/fhir",
            "redirect_uri": page.redirect_uri,
            "scope": ASKED,
        }
    )
    await asyncio.to_thread(client.prepare)
    async with device(browser) as own:
        await arrive(own, links)
        await own.go(client.authorize_url)
        await own.page.get_by_label("NHS number").fill("9990000018")
        await own.press("Find")
        await own.page.get_by_role("link", name=re.compile("ASHDOWN")).click()
        async with own.page.expect_request(f"{page.redirect_uri}**") as sent:
            await own.press("Let it in")
        back = (await sent.value).url
    await asyncio.to_thread(client.handle_callback, back)
    assert client.patient_id == "anna"
    assert client.patient.name[0].family == "ASHDOWN"
    search = Observation.where({"patient": "anna"})
    found = search.perform_resources_iter(client.server)
    assert {one.id for one in found} == {"anna-1", "anna-2"}
    assert await asyncio.to_thread(client.reauthorize)
    client.server.session.close()
