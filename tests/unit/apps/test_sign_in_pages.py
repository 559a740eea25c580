# SPDX-License-Identifier: Apache-2.0
"""The pages of signing in and enrolling, on a warden that says what a test needs."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from support.asgi import FROM_OUR_PAGE, Answer, call
from support.pages import COOKIE, Stage, stage_of
from support.scripted_warden import NOBODY
from wardkeep.disclosure.answers import (
    CeremonyOptions,
    Done,
    Invitation,
    Refusal,
    SignedIn,
)
from wardkeep.disclosure.questions import (
    BeginEnrolment,
    BeginSignIn,
    EndSession,
    FinishEnrolment,
    FinishSignIn,
    LookAtInvitation,
)
from wardkeep.web.answer_log import FLUSH_SECONDS
from wardkeep.web.logs import JsonLines

IN_THE_LINK = "n0b0dyKnowsThisSecretButThePersonInvited123"
OPTIONS = CeremonyOptions(b'{"challenge": "AAAA"}')
BUSY = Refusal(code="busy", why="Too much is asked at once.", mend="Try again.")
USED = Refusal(
    code="invitation-over",
    why="This invitation has been used.",
    mend="Ask for another.",
)
FOR_ROWAN = Invitation(
    display_name="Rowan <Ash>", organisation="Fernhill Hospital", role_title="Doctor"
)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage_of(tmp_path) as made:
        yield made


async def post(
    app: ASGIApp, path: str, sent: object, *, client: str = "127.0.0.1"
) -> Answer:
    headers = {
        **FROM_OUR_PAGE,
        "content-type": "application/json",
        "user-agent": "Mozilla/5.0 (X11; Linux) Chrome/156",
    }
    body = json.dumps(sent).encode()
    return await call(app, "POST", path, headers=headers, body=body, client=client)


async def test_the_first_page_leads_to_work_or_to_the_sign_in_page(
    stage: Stage,
) -> None:
    signed_in = await call(stage.app, "GET", "/", headers=COOKIE)
    assert signed_in.headers["location"].startswith("/")
    assert signed_in.headers["location"] != "/sign-in"
    nobody = await call(stage.app, "GET", "/")
    assert nobody.headers["location"] == "/sign-in"


async def test_the_sign_in_page_has_one_button_and_says_what_to_do_without_script(
    stage: Stage,
) -> None:
    answer = await call(stage.app, "GET", "/sign-in?next=/account")
    assert answer.text.count("<button") == 1
    assert "Sign in with your passkey" in answer.text
    assert 'value="/account"' in answer.text
    assert "Passkeys need JavaScript" in answer.text
    assert "session has ended" not in answer.text
    assert "developer tools" not in answer.text


async def test_a_foreign_address_is_never_returned_to(stage: Stage) -> None:
    answer = await call(stage.app, "GET", "/sign-in?next=//evil.example")
    assert "evil.example" not in answer.text
    stage.warden.when(FinishSignIn, SignedIn("fresh", 1))
    sent = {"response": {}, "next": "https://evil.example"}
    finished = await post(stage.app, "/sign-in/finish", sent)
    assert json.loads(finished.body) == {"next": "/"}


async def test_an_ended_session_is_explained_in_plain_words(stage: Stage) -> None:
    answer = await call(stage.app, "GET", "/sign-in?ended=yes")
    assert "Your session has ended" in answer.text
    assert "30 minutes" in answer.text
    answer = await call(stage.app, "GET", "/sign-in?signed-out=yes")
    assert "You are signed out" in answer.text


async def test_only_the_demonstration_explains_the_pretended_authenticator(
    tmp_path: Path,
) -> None:
    async with stage_of(tmp_path, is_demo=True) as stage:
        answer = await call(stage.app, "GET", "/sign-in")
    assert "WebAuthn" in answer.text


async def test_the_wardens_options_are_passed_on_as_they_are(stage: Stage) -> None:
    stage.warden.when(BeginSignIn, OPTIONS)
    answer = await post(stage.app, "/sign-in/begin", {})
    assert answer.body == OPTIONS.options
    assert answer.headers["content-type"] == "application/json"


async def test_a_verified_passkey_sets_the_cookie_and_leads_on(stage: Stage) -> None:
    stage.warden.when(FinishSignIn, SignedIn("fresh-token", 1))
    sent = {"response": {"id": "x", "é": [1, 2]}, "next": "/account"}
    answer = await post(stage.app, "/sign-in/finish", sent)
    assert json.loads(answer.body) == {"next": "/account"}
    assert "fresh-token" in answer.cookies[0]
    assert "fresh-token" not in answer.text
    asked = stage.warden.questions(FinishSignIn)[0]
    assert json.loads(asked.response) == sent["response"]
    assert asked.device == "Chrome on Linux"


async def test_a_refused_passkey_is_told_in_the_wardens_words(stage: Stage) -> None:
    unknown = Refusal(code="unknown-passkey", why="Not registered.", mend="Ask.")
    stage.warden.when(FinishSignIn, unknown)
    answer = await post(stage.app, "/sign-in/finish", {"response": {}})
    assert answer.status == 403
    assert json.loads(answer.body) == {
        "code": "unknown-passkey",
        "why": "Not registered.",
        "mend": "Ask.",
    }
    assert not answer.cookies


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/sign-in/begin", BeginSignIn), ("/enrol/begin", BeginEnrolment)],
)
async def test_a_busy_warden_is_a_503_that_says_when_to_come_back(
    stage: Stage, path: str, kind: type[BeginSignIn | BeginEnrolment]
) -> None:
    stage.warden.when(kind, BUSY)
    answer = await post(stage.app, path, {"secret": IN_THE_LINK})
    assert answer.status == 503
    assert answer.headers["retry-after"] == "2"
    assert json.loads(answer.body)["why"] == BUSY.why


@pytest.mark.parametrize("path", ["/sign-in/finish", "/enrol/begin", "/enrol/finish"])
async def test_nonsense_is_refused_before_the_warden_sees_it(
    stage: Stage, path: str
) -> None:
    answer = await post(stage.app, path, ["nonsense"])
    assert answer.status == 400
    assert json.loads(answer.body)["code"] == "bad-request"
    headers = {**FROM_OUR_PAGE, "content-type": "text/plain"}
    answer = await call(stage.app, "POST", path, headers=headers, body=b"{}")
    assert answer.status == 415
    assert stage.warden.asked == []


@pytest.mark.parametrize(
    "path", ["/sign-in/begin", "/sign-in/finish", "/enrol/begin", "/enrol/finish"]
)
async def test_one_address_cannot_ask_without_end(stage: Stage, path: str) -> None:
    stage.warden.when(BeginSignIn, OPTIONS)
    statuses = [
        (await post(stage.app, path, ["nonsense"], client="192.0.2.7")).status
        for _ in range(70)
    ]
    assert statuses[0] != 429
    assert statuses[-1] == 429
    elsewhere = await post(stage.app, path, ["nonsense"], client="192.0.2.8")
    assert elsewhere.status != 429


async def test_looking_at_invitations_is_paced_too(stage: Stage) -> None:
    stage.warden.when(LookAtInvitation, USED)
    path = f"/enrol/{IN_THE_LINK}"
    answers = [
        await call(stage.app, "GET", path, client="192.0.2.9") for _ in range(70)
    ]
    answer = answers[-1]
    assert answer.status == 429
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_signing_out_ends_the_session_and_forgets_the_cookie(
    stage: Stage,
) -> None:
    stage.warden.when(EndSession, Done())
    headers = {**FROM_OUR_PAGE, **COOKIE}
    answer = await call(stage.app, "POST", "/sign-out", headers=headers)
    assert answer.status == 303
    assert answer.headers["location"] == "/sign-in?signed-out=yes"
    assert "Max-Age=0" in answer.cookies[0]
    assert stage.warden.questions(EndSession) == [EndSession("rowan-token")]


async def test_a_link_elsewhere_cannot_sign_anyone_out(stage: Stage) -> None:
    headers = {"sec-fetch-site": "cross-site", **COOKIE}
    answer = await call(stage.app, "POST", "/sign-out", headers=headers)
    assert answer.status == 403
    assert (await call(stage.app, "GET", "/sign-out", headers=COOKIE)).status == 405
    assert stage.warden.questions(EndSession) == []


async def test_a_sign_out_that_the_warden_could_not_do_is_not_claimed(
    stage: Stage,
) -> None:
    stage.warden.when(EndSession, BUSY)
    headers = {**FROM_OUR_PAGE, **COOKIE}
    answer = await call(stage.app, "POST", "/sign-out", headers=headers)
    assert answer.status == 503
    assert not answer.cookies


async def test_an_invitation_says_whom_it_is_for_and_tells_nobody_its_secret(
    stage: Stage, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.warden.when(LookAtInvitation, FOR_ROWAN)
    with caplog.at_level(logging.DEBUG, logger="wardkeep"):
        answer = await call(stage.app, "GET", f"/enrol/{IN_THE_LINK}")
    assert answer.status == 200
    assert "Rowan &lt;Ash&gt;" in answer.text
    assert "Fernhill Hospital" in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    await asyncio.sleep(2 * FLUSH_SECONDS)
    lines = [JsonLines("web").format(record) for record in caplog.records]
    lines += capsys.readouterr().err.splitlines()
    assert any("/enrol/{secret}" in line for line in lines)
    assert not any(IN_THE_LINK in line for line in lines)


async def test_an_invitation_that_is_over_says_so_and_warns(stage: Stage) -> None:
    stage.warden.when(LookAtInvitation, USED)
    answer = await call(stage.app, "GET", f"/enrol/{IN_THE_LINK}")
    assert answer.status == 404
    assert USED.why in answer.text
    assert USED.mend in answer.text
    assert "somebody else may have" in answer.text


async def test_a_warden_in_trouble_is_not_told_as_a_wrong_link(stage: Stage) -> None:
    stage.warden.when(LookAtInvitation, BUSY)
    answer = await call(stage.app, "GET", f"/enrol/{IN_THE_LINK}")
    assert answer.status == 503


async def test_enrolling_signs_the_person_in(stage: Stage) -> None:
    stage.warden.when(BeginEnrolment, OPTIONS)
    stage.warden.when(FinishEnrolment, SignedIn("fresh-token", 1))
    begun = await post(stage.app, "/enrol/begin", {"secret": IN_THE_LINK, "label": "x"})
    assert begun.body == OPTIONS.options
    sent = {"secret": IN_THE_LINK, "label": "  My\tkey ", "response": {"id": "x"}}
    answer = await post(stage.app, "/enrol/finish", sent)
    assert json.loads(answer.body) == {"next": "/account?enrolled=yes"}
    assert "fresh-token" in answer.cookies[0]
    asked = stage.warden.questions(FinishEnrolment)[0]
    assert (asked.secret, asked.label, asked.device) == (
        IN_THE_LINK,
        "My key",
        "Chrome on Linux",
    )


async def test_a_refused_enrolment_sets_no_cookie(stage: Stage) -> None:
    stage.warden.when(FinishEnrolment, USED)
    sent = {"secret": IN_THE_LINK, "label": "", "response": {}}
    answer = await post(stage.app, "/enrol/finish", sent)
    assert answer.status == 403
    assert json.loads(answer.body)["code"] == "invitation-over"
    assert not answer.cookies


async def test_nobody_is_asked_twice_about_a_session_that_is_over(
    stage: Stage,
) -> None:
    stage.warden.when(EndSession, NOBODY)
    headers = {**FROM_OUR_PAGE, **COOKIE}
    answer = await call(stage.app, "POST", "/sign-out", headers=headers)
    assert answer.status == 303
    assert "Max-Age=0" in answer.cookies[0]
