# SPDX-License-Identifier: Apache-2.0
"""Setting an observation level: which, how often, why, and when it is looked at again.

The level before ends in the same change, with its alert: nobody has two, or none
because a machine stopped between them.
"""

from datetime import timedelta

import msgspec
from starlette.responses import Response

from wardkeep.apps.wards.opening import (
    DONE,
    NO_STAY,
    STAFF,
    WARNED,
    Changed,
    at_door,
    back_to,
    board_of,
    carry_out,
    read_as,
    sent,
    stay_of,
    stored_or_none,
)
from wardkeep.base.ids import derived_uuid, new_uuid
from wardkeep.care.keeping import Keeping, finish, go_on, resume
from wardkeep.care.kept_forms import LEVEL
from wardkeep.care.of_patient import banner_for
from wardkeep.care.opening import me
from wardkeep.fhir.wards.level import (
    FLAG,
    GENERAL,
    KINDS,
    TYPE,
    Level,
    flag_content,
    flag_id,
    level_content,
    read_level,
)
from wardkeep.fhir.wards.rows import StayRow
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

LONGEST_REASON = 1000
REVIEWS = (
    ("4", "In 4 hours"),
    ("12", "In 12 hours"),
    ("24", "In 24 hours"),
    ("72", "In 3 days"),
    ("168", "In 7 days"),
)
EVERY = tuple(sorted({many for one in KINDS.values() for many in one.every}))


@page("/patients/{id}/ward/level", gate=STAFF)
async def show_level(visit: Visit) -> Response:
    stay = await stay_of(visit)
    if stay is None:
        return await at_door(visit, visit.tell(NO_STAY))
    keeping = await resume(visit, LEVEL)
    if isinstance(keeping, Response):
        return keeping
    form = Form({"which": new_uuid(), "level-before": stay.level} | keeping.values)
    return await _show(visit, form, keeping, stay)


async def _show(visit: Visit, form: Form, keeping: Keeping, stay: StayRow) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    now = None
    if stay.level:
        found = await read_as(visit, TYPE, stay.level, read_level)
        if isinstance(found, Response):
            return found
        now = found[0]
    problems = tuple(form.problems.values())
    return visit.render(
        "wards/level.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=banner,
        stay=stay,
        level=now,
        titles={code: one.title for code, one in KINDS.items()},
        kinds=[(one.code, one.title) for one in KINDS.values()],
        every=[("", "Choose how often"), *((str(it), f"{it} minutes") for it in EVERY)],
        reviews=[("", "Choose when"), *REVIEWS],
        ward=board_of(visit, form),
        typed=form.values,
        problems=problems,
        keeping=keeping,
        most=LONGEST_REASON,
    )


@page("/patients/{id}/ward/level", gate=STAFF, methods=("POST",))
async def set_level(visit: Visit) -> Response:
    got = await sent(visit, is_new=True)
    if isinstance(got, Response):
        return got
    form, stay = got.form, got.stay
    if stay is None:
        return await at_door(visit, visit.tell(NO_STAY))
    id_ = derived_uuid("ward-level", visit.path("id"), got.which)
    if stay.level == id_:
        await finish(visit, form)
        return back_to(visit, got.ward, "already")
    level = await _typed(visit, form, id_)
    if stay.level != form.values.get("level-before", ""):
        form.reject("kind", wrong=_MET, mend="Look at it above, then set yours.")
    if level is None or form.problems:
        form.values["level-before"] = stay.level
        return await _again(visit, form, got.which, stay)
    return await _write(visit, form, level, stay)


_MET = "somebody else set another level just now"


async def _again(visit: Visit, form: Form, which: str, stay: StayRow) -> Response:
    keeping = await go_on(visit, LEVEL, form, note=which)
    if isinstance(keeping, Response):
        return keeping
    return await _show(visit, form, keeping, stay)


async def _typed(visit: Visit, form: Form, id_: str) -> Level | None:
    """What was typed; None where something is wrong with it."""
    code = form.choice("kind", called="the level", among=tuple(KINDS))
    every = form.choice("every", called="how often", among=tuple(map(str, EVERY)))
    hours = form.choice(
        "review", called="when it is reviewed", among=tuple(it for it, _ in REVIEWS)
    )
    reason = form.text("reason", called="why", at_most=LONGEST_REASON)
    if code and every and int(every) not in KINDS[code].every:
        may = " or ".join(str(one) for one in sorted(KINDS[code].every))
        form.reject(
            "every",
            wrong="that is not how often this level is recorded",
            mend=f"Choose {may} minutes.",
        )
    if form.problems:
        return None
    now = visit.clock.now().replace(microsecond=0)
    return Level(
        id=id_,
        patient=visit.path("id"),
        code=code,
        every=int(every),
        began=now,
        by=await me(visit),
        reason=reason,
        review=now + timedelta(hours=int(hours)),
    )


async def _write(visit: Visit, form: Form, level: Level, stay: StayRow) -> Response:
    ended = await ended_level(visit, stay.level)
    if isinstance(ended, Response):
        return ended
    new = [Changed(content=level_content(level), version=0)]
    if level.code != GENERAL:
        new.append(Changed(content=flag_content(level), version=0))
    done = await carry_out(visit, "level", [*new, *ended])
    if isinstance(done, Response):
        return done
    if done != DONE:
        return await _met(visit, form, level)
    await finish(visit, form)
    return back_to(visit, form.values.get("of-ward", ""), "level")


async def _met(visit: Visit, form: Form, level: Level) -> Response:
    stay = await stay_of(visit)
    if stay is None:
        return await at_door(visit, visit.tell(NO_STAY))
    if stay.level == level.id:
        await finish(visit, form)
        return back_to(visit, form.values.get("of-ward", ""), "already")
    form.values["level-before"] = stay.level
    form.reject("kind", wrong=WARNED["changed"], mend="Look at it above.")
    return await _again(visit, form, form.values["which"], stay)


async def ended_level(visit: Visit, id_: str) -> list[Changed] | Response:
    """A level that ends now, and its alert; nothing where none is set."""
    if not id_:
        return []
    found = await read_as(visit, TYPE, id_, read_level)
    if isinstance(found, Response):
        return found
    level, version = found
    now = visit.clock.now().replace(microsecond=0)
    over = msgspec.structs.replace(level, ended=now, ended_by=await me(visit))
    changed = [Changed(content=level_content(over), version=version)]
    flag = await stored_or_none(visit, FLAG, flag_id(id_))
    if isinstance(flag, Response):
        return flag
    if flag is not None:
        content = flag_content(over)
        changed.append(Changed(content=content, version=flag.version))
    return changed
