# SPDX-License-Identifier: Apache-2.0
"""Starting an app from a patient's record: the EHR launch.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-ehr-launch
"""

from starlette.responses import RedirectResponse, Response

from wardkeep.apps.connected_apps.authorizing import letting_forms_go_to
from wardkeep.apps.connected_apps.patients import open_patient
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.smart import AppList, BeginLaunch, LaunchGiven, ListLaunchable
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import SEE_OTHER, Visit


@page("/patients/{id}/apps", gate=Gate.SIGNED_IN)
async def show_launchable(visit: Visit) -> Response:
    patient = await open_patient(visit, visit.path("id"))
    if isinstance(patient, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(patient, Refusal):
        # The record itself asks for the reason, and then leads here.
        back = f"/patients/{visit.path('id')}"
        return visit.go_to(back) if patient.needs_reason else visit.refuse(patient)
    found = await visit.warden.ask(ListLaunchable(visit.token), AppList)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    response = visit.render(
        "connected_apps/launch.html", patient=patient, apps=found.apps
    )
    return letting_forms_go_to(response, [one.launch_url for one in found.apps])


@page("/patients/{id}/apps", gate=Gate.SIGNED_IN, methods=("POST",))
async def launch_app(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    patient = await open_patient(visit, visit.path("id"))
    if isinstance(patient, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(patient, Refusal):
        return visit.refuse(patient)
    app = form.text("app", called="the app", at_most=64)
    given = await visit.warden.ask(
        BeginLaunch(visit.token, app, patient.id), LaunchGiven
    )
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return RedirectResponse(given.url, SEE_OTHER)
