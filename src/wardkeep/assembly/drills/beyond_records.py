# SPDX-License-Identifier: Apache-2.0
"""What a web process that was taken over tries besides records (PRODUCT, P2).

To sign in, to enrol, to raise a budget, to touch the ledger: each by the door's socket,
by what it saw of the people who came by, and by its own password of the database.
"""

from collections.abc import Sequence

from wardkeep.assembly.drills.as_in_2022 import as_web, refused_to
from wardkeep.assembly.drills.by_ledger import is_whole
from wardkeep.assembly.drills.ground import HOME, Ground, Person
from wardkeep.assembly.drills.result import Step, unless_any
from wardkeep.crypto.software_authenticator import SoftwareAuthenticator
from wardkeep.disclosure.answers import Answer, CeremonyOptions, Refusal
from wardkeep.disclosure.confirming import BeginConfirm, FinishConfirm
from wardkeep.disclosure.containment import BeginProve, FinishProve
from wardkeep.disclosure.incidents import WriteIncident
from wardkeep.disclosure.limits import SetBudget
from wardkeep.disclosure.people import ChangePasskeys
from wardkeep.disclosure.questions import (
    AddRelationships,
    BeginAddPasskey,
    BeginEnrolment,
    BeginSignIn,
    CreateAccount,
    FinishAddPasskey,
    FinishSignIn,
    Invite,
    Question,
    ReadLedger,
)
from wardkeep.identity.roles import Role

_WORDS = {
    "not-understood": "the door's socket does not take that question",
    "no-right": "the web's role of the database may not",
    "not-your-work": "it is nobody's work who treats patients",
    "sign-in-refused": "no challenge of a sign-in was signed",
    "confirm-first": "a touch that is for this",
    "not-confirmed": "what it saw was signed for something else",
    "invitation-over": "there is no such invitation",
    "passkey-rests": "what is added rests for a day, and its owner is told",
    "closed-folder": "its files are the warden's own",
    "whole": "the verifier finds it whole",
}
_RAISED = SetBudget(
    role=Role.WARD_NURSE.value, soft=5_000, hard=5_000, expected=5_000, reach=5_000
)
_BY_A_TOUCH = "sign in by a passkey of its own, enrolled by a touch for something else"
_OTHERS = 0o077
"""Of a file's mode: whatever anybody may who does not own it."""


async def tries_beyond(ground: Ground, nurse: Person) -> tuple[Step, ...]:
    """With the live session of somebody who came by, and a touch that it saw."""
    seen = await _touch_seen(ground, nurse)
    return (
        await _signs_in(ground, seen),
        await _enrols(ground, nurse, seen),
        await _enrols_by_a_touch(ground, nurse),
        await _raises_budget(ground, nurse, seen),
        await _touches_ledger(ground, nurse),
    )


async def _touch_seen(ground: Ground, nurse: Person) -> bytes:
    """What her passkey signed to go on, which went through the web process."""
    options = await ground.door.ask(BeginProve(nurse.token), CeremonyOptions)
    if isinstance(options, Refusal):
        return b""
    seen = nurse.key.sign_in(options.options)
    await ground.door.ask_any(FinishProve(nurse.token, seen))
    return seen


async def _asked(ground: Ground, *questions: Question) -> list[str]:
    """The code of each refusal; nothing, where there was none."""
    return [_code(await ground.door.ask_any(one)) for one in questions]


def _code(answer: Answer) -> str:
    return answer.code if isinstance(answer, Refusal) else ""


async def _signs_in(ground: Ground, seen: bytes) -> Step:
    said = await _asked(
        ground,
        FinishSignIn(seen, "drill"),
        FinishSignIn(b'{"username": "nurse", "password": "Winter1!"}', "drill"),
    )
    return _step("sign in, by a touch that it saw or a password", "sessions", said)


async def _enrols(ground: Ground, nurse: Person, seen: bytes) -> Step:
    said = await _asked(
        ground,
        BeginAddPasskey(nurse.token),
        FinishAddPasskey(nurse.token, seen, "Another key"),
        BeginEnrolment("guessed"),
        CreateAccount(HOME, "Somebody new", Role.DOCTOR.value),
        Invite(account=nurse.account, valid_hours=1),
    )
    return _step("enrol a passkey or a person of its own", "passkeys", said)


async def _enrols_by_a_touch(ground: Ground, nurse: Person) -> Step:
    """She touches for something else: what is signed is the change of her passkeys."""
    await ground.confirms(nurse, ChangePasskeys())
    own = SoftwareAuthenticator(origin=ground.settings.public_origin)
    options = await ground.door.ask(BeginAddPasskey(nurse.token), CeremonyOptions)
    if isinstance(options, Refusal):
        return _step(_BY_A_TOUCH, "sessions", [options.code])
    registered = own.register(options.options)
    added = FinishAddPasskey(nurse.token, registered, "Her new telephone")
    refused = _code(await ground.door.ask_any(added))
    begun = await ground.door.ask(BeginSignIn(), CeremonyOptions)
    if refused or isinstance(begun, Refusal):
        return _step(_BY_A_TOUCH, "sessions", [refused or "not-understood"])
    signed = FinishSignIn(own.sign_in(begun.options), "drill")
    return _step(_BY_A_TOUCH, "sessions", await _asked(ground, signed))


async def _raises_budget(ground: Ground, nurse: Person, seen: bytes) -> Step:
    pairs = tuple((nurse.account, one, "ward") for one in ground.patients[HOME][:5])
    said = await _asked(
        ground,
        BeginConfirm(nurse.token, _RAISED),
        FinishConfirm(nurse.token, _RAISED, seen),
        AddRelationships(HOME, pairs),
    )
    async with as_web(ground) as web:
        said += [
            await refused_to(web, "update warden.budget set hard = 5000"),
            await refused_to(web, "delete from warden.budget"),
        ]
    return _step("raise a budget, or whom the work explains", "budgets", said)


async def _touches_ledger(ground: Ground, nurse: Person) -> Step:
    said = await _asked(
        ground,
        ReadLedger(nurse.token),
        WriteIncident(
            incident="00000000-0000-4000-8000-000000000000",
            step="declare",
            version=1,
            digest="0" * 64,
            touched=((ground.numbers[HOME], 1),),
        ),
    )
    is_open = ground.layout.warden.stat().st_mode & _OTHERS
    said.append("" if is_open else "closed-folder")
    ground.service.ledger.publish()
    said.append("whole" if is_whole(ground, ground.layout.ledger) else "")
    return _step("read the ledger, or write into it", "entries", said)


def _step(what: str, unit: str, said: Sequence[str]) -> Step:
    got = said.count("")
    words = dict.fromkeys(_WORDS.get(one, one) for one in said if one)
    return Step(
        what=what,
        tried=len(said),
        got=got,
        unit=unit,
        stopped_by=unless_any(got, "; ".join(words)),
    )
