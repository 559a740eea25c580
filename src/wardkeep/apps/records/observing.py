# SPDX-License-Identifier: Apache-2.0
"""Recording a set of observations: typed, scored and looked at, then saved.

Done means: a nurse types what was measured, sees the score and what it asks for before
anything is stored, and one press stores it once. What cannot be is refused; what is
unusual is asked about. A set with gaps is stored as one, without a total.
Rejected: a score that is worked out in the browser (the chart's rule would be there
twice), and saving each value as it is typed (half a set reads like a whole one).
"""

from datetime import datetime, timedelta

from starlette.responses import Response

from wardkeep.apps.records.frame import (
    Frame,
    open_section,
    render_section,
)
from wardkeep.apps.records.observation_set import (
    LEVELS,
    MEASURES,
    ObservationSet,
    resources_of,
    unusual,
)
from wardkeep.base.clock import LONDON
from wardkeep.base.ids import is_fhir_id, new_uuid
from wardkeep.base.news2 import Score, Unfit, response_to
from wardkeep.care import reading
from wardkeep.care.due import OBSERVATIONS, due_id, due_request
from wardkeep.care.keeping import Keeping, finish, go_on, resume
from wardkeep.care.kept_forms import OBSERVATIONS as OBSERVATIONS_FORM
from wardkeep.care.observations import ROWS, score
from wardkeep.care.of_patient import WRITERS
from wardkeep.care.opening import author_of, opener_of
from wardkeep.care.pregnancy import unfit_on
from wardkeep.care.sent_twice import unless_sent_twice
from wardkeep.care.writing import drafted
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Change
from wardkeep.fhir.store.outcomes import Conflict, NotFound, Written
from wardkeep.fhir.store.parts import Part
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.ui.format import read_moment
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

SAVE, EDIT = "save", "edit"
_CONDITIONS = Part(types=("Condition",), at_most=400)
_TIME = "%H:%M"
_ONE_DAY = timedelta(days=1)


@page("/patients/{id}/observations/new", gate=WRITERS)
async def show_observing(visit: Visit) -> Response:
    frame = await open_section(visit, _CONDITIONS)
    if isinstance(frame, Response):
        return frame
    scale = "2" if frame.chart.is_spo2_scale_2 else "1"
    keeping = await resume(visit, OBSERVATIONS_FORM)
    if isinstance(keeping, Response):
        return keeping
    form = Form({"set": keeping.row.note, "scale": scale, **keeping.values})
    _say_when(form, keeping, visit.clock.now())
    return _form(visit, frame, form, keeping)


def _say_when(form: Form, keeping: Keeping, now: datetime) -> None:
    """What was typed earlier was measured then, and not when it is gone on with."""
    typed_at = keeping.typed_at
    if typed_at is None or not keeping.values:
        return
    if now - typed_at >= _ONE_DAY:
        form.reject(
            "time",
            wrong="These values were typed more than a day ago",
            mend="Measure again, and throw away what was typed.",
        )
    elif not form.values.get("time"):
        form.values["time"] = f"{typed_at.astimezone(LONDON):{_TIME}}"


async def _again(visit: Visit, frame: Frame, form: Form) -> Response:
    """The form as it was sent."""
    note = form.values.get("set", "")
    keeping = await go_on(
        visit, OBSERVATIONS_FORM, form, note=note if is_fhir_id(note) else new_uuid()
    )
    if isinstance(keeping, Response):
        return keeping
    return _form(visit, frame, form, keeping)


def _form(
    visit: Visit,
    frame: Frame,
    form: Form,
    keeping: Keeping,
) -> Response:
    problems = tuple(form.problems.values())
    unfit = _unfit(frame, visit.clock.now())
    return render_section(
        visit,
        "records/observing.html",
        frame,
        section="observations",
        status=422 if problems else 200,
        measures=MEASURES,
        levels=LEVELS,
        typed=form.values,
        problems=problems,
        unfit=unfit.value if unfit else "",
        is_scale_2_known=frame.chart.is_spo2_scale_2,
        keeping=keeping,
    )


@page("/patients/{id}/observations/new", gate=WRITERS, methods=("POST",))
async def record_observations(visit: Visit) -> Response:
    """First to be looked at with its score; then, said so, to be stored."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    frame = await open_section(visit, _CONDITIONS)
    if isinstance(frame, Response):
        return frame
    taken = _read(form, visit.clock.now())
    if taken is None or form.values.get("step") == EDIT:
        return await _again(visit, frame, form)
    odd = unusual(taken)
    is_confirmed = form.values.get("confirm") == "yes"
    if form.values.get("step") != SAVE or (odd and not is_confirmed):
        return _look(visit, frame, form, taken)
    return await _save(visit, taken, _score(frame, taken), form)


def _unfit(frame: Frame, at: datetime) -> Unfit | None:
    day = at.astimezone(LONDON).date()
    return unfit_on(day, frame.chart.patient.birth_date, frame.chart.pregnancies)


def _score(frame: Frame, taken: ObservationSet) -> Score:
    unfit = _unfit(frame, taken.at)
    return score(taken.vital, is_scale_2=taken.is_scale_2, unfit=unfit)


def _look(visit: Visit, frame: Frame, form: Form, taken: ObservationSet) -> Response:
    found = _score(frame, taken)
    return render_section(
        visit,
        "records/observed.html",
        frame,
        section="observations",
        typed=form.values,
        taken=taken,
        rows=ROWS,
        score=found,
        response=response_to(found),
        odd=unusual(taken),
        is_asked=form.values.get("step") == SAVE,
        when=taken.at.astimezone(LONDON).strftime(_TIME),
    )


async def _save(
    visit: Visit, taken: ObservationSet, found: Score, form: Form
) -> Response:
    """All of a set in one change, with when the next one is due."""
    patient = visit.path("id")
    author = await author_of(visit)
    made = resources_of(taken, found, patient=patient, author=author)
    drafts = [drafted(one) for one in made]
    expected: list[int | None] = [MUST_NOT_EXIST] * len(drafts)
    response = response_to(found)
    if response is not None and not await _is_overtaken(visit, taken.at):
        at = taken.at + timedelta(minutes=response.repeat_minutes)
        request = due_request(
            patient, kind=OBSERVATIONS, at=at, author=author, now=taken.at
        )
        drafts.append(drafted(request))
        expected.append(None)
    written = await visit.services[Writer].write(
        Change(drafts=drafts, expected=expected), opener=opener_of(visit)
    )
    if isinstance(written, Refusal):
        return visit.refuse(written)
    if isinstance(written, Conflict):
        is_other = await unless_sent_twice(visit, made)
        if is_other is not None:
            return is_other
    elif not isinstance(written, Written):
        return visit.tell(NOT_FOUND)
    await finish(visit, form)
    done = "already" if isinstance(written, Conflict) else "saved"
    return visit.go_to(f"/patients/{patient}/observations?done={done}")


async def _is_overtaken(visit: Visit, at: datetime) -> bool:
    """Whether a later set, or somebody since, said already when the next is due."""
    id_ = due_id(visit.path("id"), OBSERVATIONS)
    opened = await visit.services[Reader].one(
        "ServiceRequest", id_, opener=opener_of(visit)
    )
    if isinstance(opened, Refusal | NotFound):
        return False
    found = reading.read("ServiceRequest", id_, opened.resources[0].text)
    if not isinstance(found, reading.ServiceRequest) or found.status != "active":
        return False
    said = read_moment(found.authored_on)
    return said is not None and said > at


def _read(form: Form, now: datetime) -> ObservationSet | None:
    """The set as typed; None where something in it is wrong."""
    set_id = form.values.get("set", "")
    if not is_fhir_id(set_id):
        form.reject("set", wrong="The form is damaged", mend="Open it again.")
    values = {one.name: one.read(form) for one in MEASURES}
    level = form.values.get("level", "")
    if level and level not in {name for name, _, _ in LEVELS}:
        form.reject("level", wrong="That is no level", mend="Choose one.")
    scale = form.choice("scale", called="the SpO₂ scale", among=("1", "2"))
    air = form.values.get("air", "")
    is_on_oxygen = {"air": False, "oxygen": True}.get(air)
    flow = values.pop("oxygen_flow")
    if flow is not None and is_on_oxygen is not True:
        form.reject(
            "oxygen_flow",
            wrong="A flow is given, and not that it is oxygen",
            mend="Choose oxygen, or leave the flow out.",
        )
    at = _time(form, now)
    taken = ObservationSet(
        id=set_id,
        at=at,
        is_scale_2=scale == "2",
        is_on_oxygen=is_on_oxygen,
        oxygen_flow=flow,
        level=level,
        **values,
    )
    if not form.problems and not taken.measured:
        form.reject(
            "respiration_rate",
            wrong="Nothing was measured",
            mend="Enter what was measured; what was not may stay empty.",
        )
    return None if form.problems else taken


def _time(form: Form, now: datetime) -> datetime:
    """The last time of day that was typed, within 24 hours; empty: now."""
    typed = form.optional_text("time", called="the time", at_most=5)
    if not typed:
        return now.replace(microsecond=0)
    here = now.astimezone(LONDON)
    try:
        parsed = datetime.strptime(typed, _TIME).time()  # noqa: DTZ007 - a time of day
    except ValueError:
        form.reject(
            "time", wrong="That is no time of day", mend="Write it as in 14:05."
        )
        return now
    at = datetime.combine(here.date(), parsed, LONDON)
    if at > here:
        at = datetime.combine(here.date() - timedelta(days=1), parsed, LONDON)
    return at
