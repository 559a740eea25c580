# SPDX-License-Identifier: Apache-2.0
"""The authorization endpoint: a person sees what an app asks for, and decides.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-authorization-code.
The request is carried from step to step as it came; the warden reads it anew in each.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.responses import RedirectResponse, Response

from wardkeep.apps.connected_apps.patients import (
    LONGEST_REASON,
    REASON_PURPOSES,
    Chosen,
    open_patient,
)
from wardkeep.apps.connected_apps.wording import in_words, lasting
from wardkeep.base.ids import is_fhir_id
from wardkeep.base.outcome import Problem
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.purpose import Purpose
from wardkeep.disclosure.smart import (
    Authorization,
    AuthorizationGiven,
    AuthorizationRefused,
    AuthorizationView,
    BeginAuthorization,
    FinishAuthorization,
)
from wardkeep.fhir.store.limits import match_of, rights_in
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.web.forms import Form
from wardkeep.web.gates import Gate
from wardkeep.web.headers import CONTENT_SECURITY_POLICY
from wardkeep.web.pages import page
from wardkeep.web.trouble import MALFORMED, NOT_FOUND, Trouble
from wardkeep.web.visit import SEE_OTHER, Visit

PATH = "/oauth/authorize"
CHOSEN = "chosen"
"""Our own parameter: whom the person found, for an app that works with one patient."""
_NAMES = frozenset(Authorization.__struct_fields__)
_LONGEST_STATE = 1_000
_PROVE_AGAIN = "prove-again"
_FORM_ACTION = "form-action 'self'"
_TWICE = AuthorizationRefused(
    "invalid_request", "A parameter of the app’s request comes twice, or is too long."
)


def read_request(query: str) -> tuple[Authorization, str] | None:
    """The parameters and the chosen patient; None where one comes twice."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=60)
    except ValueError:
        return None
    known = [pair for pair in pairs if pair[0] in _NAMES or pair[0] == CHOSEN]
    found = dict(known)
    if len(found) != len(known):
        return None
    chosen = found.pop(CHOSEN, "")
    return Authorization(**found), chosen if is_fhir_id(chosen) else ""


def send_back(
    visit: Visit, asked: Authorization, address: str, told: Mapping[str, str]
) -> Response:
    """To the app, at an address that it is registered with (RFC 9207: `iss`)."""
    pairs = dict(told)
    if asked.state and len(asked.state) <= _LONGEST_STATE:
        pairs["state"] = asked.state
    pairs["iss"] = f"{visit.site.origin}/fhir"
    mark = "&" if urlsplit(address).query else "?"
    return RedirectResponse(f"{address}{mark}{urlencode(pairs)}", SEE_OTHER)


def refuse(
    visit: Visit, asked: Authorization, refused: AuthorizationRefused
) -> Response:
    """To the app where it is known, else to the person alone."""
    if refused.redirect_uri:
        told = {"error": refused.error, "error_description": refused.description}
        return send_back(visit, asked, refused.redirect_uri, told)
    return visit.render("connected_apps/refused.html", status=400, refused=refused)


@page(PATH, gate=Gate.SIGNED_IN)
async def authorize(visit: Visit) -> Response:
    query = visit.request.scope["query_string"].decode("latin-1")
    read = read_request(query)
    if read is None:
        return refuse(visit, Authorization(), _TWICE)
    asked, chosen = read
    given = await visit.warden.ask_any(BeginAuthorization(visit.token, asked, chosen))
    if isinstance(given, AuthorizationRefused):
        return refuse(visit, asked, given)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    if not isinstance(given, AuthorizationView):
        return visit.tell(MALFORMED)
    unread = _unread_filter(given)
    if unread is not None:
        return refuse(visit, asked, unread)
    return await _ask(visit, given, query=query, form=None)


def _unread_filter(given: AuthorizationView) -> AuthorizationRefused | None:
    """The refusal of the first filter that the search cannot decide."""
    for right in rights_in(given.scopes):
        if right.filter and isinstance(match_of(right.type, right.filter), Problem):
            words = f"The filter of a scope for {right.type} is not supported."
            return AuthorizationRefused("invalid_scope", words, given.redirect_uri)
    return None


async def _ask(
    visit: Visit, given: AuthorizationView, *, query: str, form: Form | None
) -> Response:
    """The next thing that is needed: a patient, a reason, or the decision."""
    if given.needs_patient and not given.patient:
        bare = _without_chosen(query)
        return visit.go_to(f"/find?for={quote(f'{PATH}?{bare}', safe='/')}")
    patient: Chosen | None = None
    if given.patient:
        found = await open_patient(visit, given.patient)
        if isinstance(found, NotFound):
            return visit.tell(NOT_FOUND)
        if isinstance(found, Refusal):
            is_reason_due = found.needs_reason
            return _why(visit, query, None) if is_reason_due else visit.refuse(found)
        if given.is_reason_due:
            return _why(visit, query, None)
        patient = found
    return _consent(visit, given, query=query, patient=patient, form=form)


def _without_chosen(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([pair for pair in pairs if pair[0] != CHOSEN])


def _consent(
    visit: Visit,
    given: AuthorizationView,
    *,
    query: str,
    patient: Chosen | None,
    form: Form | None,
) -> Response:
    values = {} if form is None else form.values
    problems = () if form is None else tuple(form.problems.values())
    response = visit.render(
        "connected_apps/consent.html",
        status=422 if problems else 200,
        given=given,
        scopes=[in_words(name) for name in given.scopes],
        unticked={
            name for name in given.scopes if form is not None and not _is(form, name)
        },
        lasting=lasting(given.lasts_seconds),
        patient=patient,
        goes_to=urlsplit(given.redirect_uri).netloc or given.redirect_uri,
        query=query,
        purposes=REASON_PURPOSES,
        purpose=values.get("purpose", Purpose.DIRECT_CARE.value),
        reason=values.get("reason", ""),
        problems=problems,
    )
    return letting_forms_go_to(response, [given.redirect_uri])


def _is(form: Form, name: str) -> bool:
    return form.values.get(f"allow {name}") == "yes"


def letting_forms_go_to(response: Response, addresses: Sequence[str]) -> Response:
    """Browsers hold `form-action` against where a form's answer sends them, too."""
    sources = []
    for address in addresses:
        parts = urlsplit(address)
        is_web = parts.scheme in ("http", "https")
        source = f"{parts.scheme}://{parts.netloc}" if is_web else f"{parts.scheme}:"
        # What would end the directive is in no address that can be registered.
        if not set(source) & set(" ;,'\""):
            sources.append(source)
    wider = " ".join([_FORM_ACTION, *dict.fromkeys(sources)])
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.replace(
        _FORM_ACTION, wider
    )
    return response


def _why(visit: Visit, query: str, form: Form | None) -> Response:
    problems = () if form is None else tuple(form.problems.values())
    values = {} if form is None else form.values
    return visit.render(
        "connected_apps/reason.html",
        status=422 if problems else 200,
        query=query,
        purposes=REASON_PURPOSES,
        chosen=values.get("purpose", Purpose.DIRECT_CARE.value),
        reason=values.get("reason", ""),
        problems=problems,
    )


@page(f"{PATH}/reason", gate=Gate.SIGNED_IN, methods=("POST",))
async def give_reason_for_app(visit: Visit) -> Response:
    """Why the record is opened; it holds for the consent that follows."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    query = form.values.get("request", "")
    read = read_request(query)
    if read is None:
        return refuse(visit, Authorization(), _TWICE)
    purpose = form.choice(
        "purpose", called="a purpose", among=tuple(p for p, _ in REASON_PURPOSES)
    )
    reason = form.text("reason", called="the reason", at_most=LONGEST_REASON)
    if form.problems:
        return _why(visit, query, form)
    given = await visit.warden.ask_any(BeginAuthorization(visit.token, *read))
    if not isinstance(given, AuthorizationView) or not given.patient:
        return visit.go_to(f"{PATH}?{query}")
    found = await open_patient(visit, given.patient, purpose=purpose, reason=reason)
    if isinstance(found, Refusal):
        form.reject("reason", wrong=found.why.rstrip("."), mend=found.mend)
        return _why(visit, query, form)
    return visit.go_to(f"{PATH}?{query}")


@page(f"{PATH}/decide", gate=Gate.SIGNED_IN, methods=("POST",))
async def decide(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    query = form.values.get("request", "")
    read = read_request(query)
    if read is None:
        return refuse(visit, Authorization(), _TWICE)
    asked, chosen = read
    given = await visit.warden.ask_any(
        FinishAuthorization(
            session=visit.token,
            asked=asked,
            patient=chosen,
            scopes=_ticked(form),
            purpose=form.values.get("purpose", ""),
            reason=form.optional_text(
                "reason", called="the reason", at_most=LONGEST_REASON
            ),
        )
    )
    if isinstance(given, AuthorizationGiven):
        return send_back(visit, asked, given.redirect_uri, {"code": given.code})
    if isinstance(given, AuthorizationRefused):
        return refuse(visit, asked, given)
    if not isinstance(given, Refusal):
        return visit.tell(MALFORMED)
    return await _again(visit, form, given, query=query)


def _ticked(form: Form) -> tuple[str, ...]:
    if form.values.get("decision") != "allow":
        return ()
    allowed = [name for name, value in form.values.items() if value == "yes"]
    return tuple(
        name.removeprefix("allow ") for name in allowed if name.startswith("allow ")
    )


async def _again(visit: Visit, form: Form, refusal: Refusal, *, query: str) -> Response:
    """The consent page with what is missing from it."""
    places = {"purpose-does-not-fit": "purpose", "patient-needed": "scopes"}
    place = "reason" if refusal.needs_reason else places.get(refusal.code)
    read = read_request(query)
    if refusal.code == _PROVE_AGAIN and read is not None:
        # After the passkey the form goes out again, and its answer on to the app.
        return letting_forms_go_to(visit.refuse(refusal, form), [read[0].redirect_uri])
    if place is None or read is None:
        return visit.refuse(refusal)
    given = await visit.warden.ask_any(BeginAuthorization(visit.token, *read))
    if not isinstance(given, AuthorizationView):
        return visit.refuse(refusal)
    form.reject(place, wrong=refusal.why.rstrip("."), mend=refusal.mend)
    return await _ask(visit, given, query=query, form=form)
