# SPDX-License-Identifier: Apache-2.0
"""One's own passkeys and sessions, with a warden that says what the test needs."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import pytest

from support.asgi import FROM_OUR_PAGE, Answer, call
from support.pages import COOKIE, Stage, stage_of
from support.scripted_warden import ROWAN
from wardkeep.disclosure.answers import (
    CeremonyOptions,
    Done,
    Passkey,
    Passkeys,
    Refusal,
    Sessions,
)
from wardkeep.disclosure.people import ListMyOrganisations, MyOrganisations
from wardkeep.disclosure.questions import (
    BeginAddPasskey,
    EndSession,
    FinishAddPasskey,
    ListPasskeys,
    ListSessions,
    RevokePasskey,
)

LAPTOP = Passkey(
    credential=b"laptop",
    label="Ward <laptop>",
    created_at=1_790_000_000_000_000,
    last_used_at=1_790_100_000_000_000,
    is_synced=False,
)
PHONE = Passkey(
    credential=b"phone",
    label="Phone",
    created_at=1_790_000_000_000_000,
    last_used_at=0,
    is_synced=True,
)
ELSEWHERE = msgspec.structs.replace(ROWAN, session="s-2", device="Safari on iPhone")
THIRD = msgspec.structs.replace(ROWAN, session="s-3", device="")
REFUSED = Refusal(code="busy", why="Too much is asked at once.", mend="Try again.")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage_of(tmp_path) as made:
        made.warden.when(ListPasskeys, Passkeys((LAPTOP, PHONE)))
        made.warden.when(ListMyOrganisations, MyOrganisations(()))
        made.warden.when(ListSessions, Sessions((ROWAN, ELSEWHERE, THIRD)))
        made.warden.when(EndSession, Done())
        made.warden.when(RevokePasskey, Done())
        yield made


async def get(stage: Stage, path: str) -> Answer:
    return await call(stage.app, "GET", path, headers=COOKIE)


async def post(stage: Stage, path: str, fields: dict[str, str]) -> Answer:
    headers = {
        **FROM_OUR_PAGE,
        **COOKIE,
        "content-type": "application/x-www-form-urlencoded",
    }
    body = urlencode(fields).encode()
    return await call(stage.app, "POST", path, headers=headers, body=body)


async def post_json(stage: Stage, path: str, sent: object) -> Answer:
    headers = {**FROM_OUR_PAGE, **COOKIE, "content-type": "application/json"}
    body = json.dumps(sent).encode()
    return await call(stage.app, "POST", path, headers=headers, body=body)


def revoke_links(page: Answer) -> list[str]:
    return re.findall(r'href="(/account/passkeys/[0-9a-f]+/revoke)"', page.text)


async def test_the_account_shows_whose_it_is_its_passkeys_and_sessions(
    stage: Stage,
) -> None:
    page = await get(stage, "/account")
    assert page.status == 200
    for words in ("Rowan Ash", "Fernhill Hospital", "Doctor", "Ward &lt;laptop&gt;"):
        assert words in page.text
    assert "Not used to sign in yet" in page.text
    assert "Safari on iPhone" in page.text
    assert page.text.count("End this session") == 2
    assert len(revoke_links(page)) == 2
    assert "rowan-token" not in page.text


async def test_times_are_those_of_london(stage: Stage) -> None:
    page = await get(stage, "/account")
    # 1,790,000,000 s is 14:13:20 UTC on 21 September 2026, in British summer time.
    assert "21-Sep-2026 15:13" in page.text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("enrolled", "Your passkey is ready"),
        ("added", "new passkey is kept"),
        ("new", "If you did not add it, revoke it now"),
        ("revoked", "The passkey is revoked"),
    ],
)
async def test_what_was_just_done_is_said(stage: Stage, query: str, words: str) -> None:
    assert words in (await get(stage, f"/account?{query}=yes")).text
    assert words not in (await get(stage, "/account")).text


async def test_the_only_passkey_cannot_be_revoked(stage: Stage) -> None:
    link = revoke_links(await get(stage, "/account"))[0]
    stage.warden.when(ListPasskeys, Passkeys((LAPTOP,)))
    assert revoke_links(await get(stage, "/account")) == []
    for answer in (await get(stage, link), await post(stage, link, {})):
        assert answer.status == 409
        assert "only passkey" in answer.text
    assert stage.warden.questions(RevokePasskey) == []


async def test_revoking_is_explained_and_asked_first(stage: Stage) -> None:
    link = revoke_links(await get(stage, "/account"))[1]
    page = await get(stage, link)
    assert "Phone" in page.text
    assert "cannot be undone" in page.text
    assert stage.warden.questions(RevokePasskey) == []
    done = await post(stage, link, {})
    assert done.headers["location"] == "/account?revoked=yes"
    assert stage.warden.questions(RevokePasskey) == [
        RevokePasskey("rowan-token", b"phone")
    ]


async def test_a_passkey_that_is_not_ours_is_not_found(stage: Stage) -> None:
    path = "/account/passkeys/0123456789abcdef/revoke"
    assert (await get(stage, path)).status == 404
    assert (await post(stage, path, {})).status == 404
    assert stage.warden.questions(RevokePasskey) == []


async def test_a_passkey_is_added_by_the_wardens_options(stage: Stage) -> None:
    page = await get(stage, "/account/passkeys/add")
    assert "Add a passkey" in page.text
    stage.warden.when(BeginAddPasskey, CeremonyOptions(b'{"rp": {}}'))
    begun = await post_json(stage, "/account/passkeys/add/begin", {})
    assert begun.body == b'{"rp": {}}'
    stage.warden.when(FinishAddPasskey, Done())
    sent = {"label": "Blue key", "response": {"id": "x"}}
    done = await post_json(stage, "/account/passkeys/add/finish", sent)
    assert json.loads(done.body) == {"next": "/account?added=yes"}
    asked = stage.warden.questions(FinishAddPasskey)[0]
    assert (asked.session, asked.label) == ("rowan-token", "Blue key")


async def test_a_passkey_that_is_refused_is_told_and_so_is_nonsense(
    stage: Stage,
) -> None:
    stage.warden.when(FinishAddPasskey, REFUSED)
    sent = {"label": "x", "response": {}}
    refused = await post_json(stage, "/account/passkeys/add/finish", sent)
    assert refused.status == 503
    nonsense = await post_json(stage, "/account/passkeys/add/finish", [])
    assert nonsense.status == 400


async def test_one_other_session_is_ended(stage: Stage) -> None:
    done = await post(stage, "/account/sessions/end", {"session": "s-2"})
    assert done.headers["location"] == "/account?session-ended=yes"
    assert stage.warden.questions(EndSession) == [EndSession("rowan-token", "s-2")]


async def test_this_session_is_ended_by_signing_out_only(stage: Stage) -> None:
    for fields in ({"session": "s-1"}, {}):
        done = await post(stage, "/account/sessions/end", fields)
        assert done.headers["location"] == "/account"
    assert stage.warden.questions(EndSession) == []


async def test_all_other_sessions_are_ended_and_this_one_is_not(
    stage: Stage,
) -> None:
    done = await post(stage, "/account/sessions/end-others", {})
    assert done.headers["location"] == "/account?others-ended=yes"
    ended = [asked.which for asked in stage.warden.questions(EndSession)]
    assert ended == ["s-2", "s-3"]


async def test_a_form_of_another_kind_is_refused(stage: Stage) -> None:
    answer = await post_json(stage, "/account/sessions/end", {})
    assert answer.status == 415


async def test_the_wardens_refusals_become_pages(stage: Stage) -> None:
    link = revoke_links(await get(stage, "/account"))[0]
    stage.warden.when(RevokePasskey, REFUSED)
    stage.warden.when(EndSession, REFUSED)
    assert (await post(stage, link, {})).status == 503
    one = await post(stage, "/account/sessions/end", {"session": "s-2"})
    assert one.status == 503
    assert (await post(stage, "/account/sessions/end-others", {})).status == 503
    stage.warden.when(ListSessions, REFUSED)
    assert (await get(stage, "/account")).status == 503
    assert (await post(stage, "/account/sessions/end-others", {})).status == 503
    stage.warden.when(ListPasskeys, REFUSED)
    for answer in (
        await get(stage, "/account"),
        await get(stage, link),
        await post(stage, link, {}),
    ):
        assert answer.status == 503
        assert REFUSED.why in answer.text
