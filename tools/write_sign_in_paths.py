# SPDX-License-Identifier: Apache-2.0
"""Writes docs/sign-in-paths.md: every way in, read from the code.

    python tools/write_sign_in_paths.py

It follows each desk of the warden from the question to the call that starts a session,
and reads which factor is named there. A drill holds the page to the code and fails
where a way lacks a phishing-resistant factor.
"""

import ast
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeGuard, get_args

from wardkeep import apps
from wardkeep.disclosure.questions import DoorQuestion
from wardkeep.identity.factor import Factor
from wardkeep.web.apps import find_apps
from wardkeep.web.gates import PublicGate

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "sign-in-paths.md"
DESKS = ROOT / "src" / "wardkeep" / "warden" / "service"

WITHOUT_SESSION = {
    "ForWork": "carries another question, which names a session and is answered as itself",
    "NotWritten": "takes back what a change told, by a random name that its maker alone has; opens nothing",
    "Hello": "begins a connection; tells the version",
    "BeginSignIn": "gives a random challenge",
    "FinishSignIn": "is a way in, above",
    "ClientSignIn": "is a way in, above",
    "LookAtInvitation": "tells whom a link is for, to who has its secret",
    "BeginEnrolment": "gives a challenge, to who has a link's secret",
    "FinishEnrolment": "is a way in, above",
    "AskList": "tells whether a list may stay on a phone, to who has the warden's own voucher; names nobody",
    "AskProviders": "names the identity providers, as the sign-in page does",
    "BeginFederation": "sends a browser to a provider; to link an identity it names a session",
    "FinishFederation": "is a way in, above",
    "BeginStepUp": "gives a challenge, to who came back from a provider a moment ago",
    "FinishStepUp": "is a way in, above",
    "ProviderLogout": "ends sessions that a provider started, by a token that it signed",
    "BeginPairing": "takes a device's public key, and gives a code for its screen",
    "PollPairing": "tells a device its own number, once somebody has typed its code",
    "AskByLink": "gives a ticket for the one patient a link was made for, to who has its secret and facts",
    "ExchangeCode": "is a way in, above",
    "RefreshAccess": "is a way in, above",
    "RevokeToken": "ends a token; tells nothing",
    "IntrospectToken": "tells a client about a token, to who has both the client's key and the token",
    "CheckToken": "tells whose a token is, to who has it and, where it is bound, its key",
    "AskSigningKeys": "gives public keys",
    "WhichMayGoOn": "names sessions by their secrets, and tells of each whether it may go on",
    "KnowsOrigin": "tells whether an app is registered at a web address",
    "AskHealth": "tells whether the warden can work; nothing of anybody",
}
"""Questions of the door's socket that carry no session, and why that is safe."""

HEAD = """# Every way to sign in

Written by `tools/write_sign_in_paths.py` from the code; `tests/drills/test_sign_in_paths.py` holds it there. A session starts in
one place, `Admission.admit`, which refuses every factor that can be phished; data needs a session.

## Ways in

| question to the warden | factor | phishing-resistant | where |
| --- | --- | --- | --- |
"""


SILENT = """
Besides, `BeginImport` on the operator's socket starts a session that makes keys and opens nothing, and `BeginDataSet` one that takes a national data set on which two people agreed; the kernel says who asks.
`AskCheckIn` and `AskByLink` give a ticket, which is no sign-in: with a kiosk's key or a link's secret, and facts about one person, it
reaches what that one person's check-in needs, for five minutes (`docs/decisions/0033-check-in.md`).
`MergeCapture` gives one for what stood in an entry of the kiosk's pack, which facts opened (`docs/decisions/0038-kiosks-offline.md`).

## Questions that carry no session

| question | why |
| --- | --- |
"""
PUBLIC = """
## Pages that need no session

| gate | pages | why |
| --- | --- | --- |
"""
TAIL = """
Every other page asks the warden for its session at each request, and every FHIR interaction for a token's scope.
"""


class WayIn(NamedTuple):
    """One question that can end with a session."""

    question: str
    factor: str
    is_phishing_resistant: bool
    where: str


class _Class(NamedTuple):
    """A class of a desk: its methods, and which question each of them answers."""

    methods: dict[str, ast.AST]
    handlers: dict[str, str]


def classes_in(tree: ast.Module) -> Iterator[_Class]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        methods: dict[str, ast.AST] = {
            one.name: one
            for one in node.body
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        yield _Class(methods, dict(_handlers(node)))


def _handlers(node: ast.AST) -> Iterator[tuple[str, str]]:
    """(question or act, method) of each dictionary that a Desk is made with."""
    for one in ast.walk(node):
        if not isinstance(one, ast.Dict):
            continue
        for key, value in zip(one.keys, one.values, strict=True):
            if not isinstance(key, ast.Name):
                continue
            for inner in ast.walk(value):
                if _is_own(inner):
                    yield key.id, inner.attr


def _is_own(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )


def _reached(found: _Class, start: str) -> set[str]:
    """The methods of the same class that one of them calls, and so on."""
    seen, ahead = {start}, [start]
    while ahead:
        for node in ast.walk(found.methods[ahead.pop()]):
            name = node.attr if _is_own(node) else ""
            if name in found.methods and name not in seen:
                seen.add(name)
                ahead.append(name)
    return seen


def _admits(node: ast.AST) -> bool:
    return any(
        isinstance(one, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and one.func.attr in ("admit", "admit_app")
        and ast.unparse(one.func.value).endswith("admission")
        for one in ast.walk(node)
    )


def _factors(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and ast.unparse(one.func) == "Proof":
            yield from (
                ast.unparse(word.value) for word in one.keywords if word.arg == "factor"
            )


def ways_in() -> list[WayIn]:
    """Each question and the factor with which it can end in a session."""
    found: list[WayIn] = []
    for path in sorted(DESKS.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        module = pkgutil.resolve_name(f"wardkeep.warden.service.{path.stem}")
        for one in classes_in(tree):
            for question, handler in one.handlers.items():
                if handler in one.methods:
                    where = f"`{path.relative_to(ROOT)}`"
                    found += _of_handler(one, (question, handler), module, where)
    return sorted(set(found))


def _of_handler(
    found: _Class, named: tuple[str, str], module: object, where: str
) -> Iterator[WayIn]:
    question, handler = named
    bodies = [found.methods[name] for name in _reached(found, handler)]
    if not any(map(_admits, bodies)):
        return
    names = sorted({name for body in bodies for name in _factors(body)})
    if not names:
        yield WayIn(question, "none", is_phishing_resistant=False, where=where)
    for name in names:
        factor = getattr(module, name)
        if not isinstance(factor, Factor):
            message = f"{question} starts a session with {name}, which is no factor"
            raise TypeError(message)
        yield WayIn(question, factor.name, factor.is_phishing_resistant, where)


def starts_of_sessions() -> set[str]:
    """Every function of the warden that starts a session by itself."""
    found = set()
    for path in sorted(DESKS.parent.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if "sessions.start(" in ast.unparse(function):
                found.add(f"{path.stem}.{function.name}")
    return found


def questions() -> dict[str, type]:
    """Every question of the door's socket."""
    return {one.__name__: one for one in get_args(DoorQuestion)}


def has_session(question: type) -> bool:
    return "session" in question.__struct_fields__  # type: ignore[attr-defined]


def page() -> str:
    ways = "".join(
        f"| `{one.question}` | {one.factor} | "
        f"{'yes' if one.is_phishing_resistant else '**no**'} | {one.where} |\n"
        for one in ways_in()
    )
    silent = "".join(
        f"| `{name}` | {WITHOUT_SESSION.get(name, '**nobody has said**')} |\n"
        for name, one in sorted(questions().items())
        if not has_session(one)
    )
    return HEAD + ways + SILENT + silent + PUBLIC + "".join(_public_pages()) + TAIL


def _public_pages() -> Iterator[str]:
    by_gate: dict[PublicGate, list[str]] = {}
    for found in find_apps(apps):
        for one in found.app.pages:
            if isinstance(one.gate, PublicGate):
                by_gate.setdefault(one.gate, []).append(f"`{one.path}`")
    for gate in sorted(by_gate, key=lambda one: one.name):
        listed = ", ".join(sorted(set(by_gate[gate])))
        yield f"| {gate.name} | {listed} | {gate.why} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
