# SPDX-License-Identifier: Apache-2.0
"""How a session began, as the entry of its sign-in tells: passkey, device, address.

The request of that entry reads `passkey 5f3a…; Chrome on Windows, at 203.0.113.7`, or
`goes on from session …` where no passkey was used anew. The address is the one that the
web process saw: it says whence somebody came, and proves nothing against that process.
"""

import ipaddress

import msgspec

SIGN_IN = "sign-in"
GOES_ON_FROM = "goes on from session "
"""How the request of a sign-in begins that took no new touch of the passkey."""
APP = "app "
"""How the request of an entry begins that an app made for a person."""
_ON_PHONE_UNTIL = "on a phone until "
"""How the request of an entry begins whose resources lie on a phone since."""
_PASSKEY, _AND, _AT = "passkey ", "; ", ", at "


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry of sign-in says; empty where it does not."""

    passkey: str = ""
    """The credential's id in hexadecimal, as freezes name it."""
    address: str = ""
    session_before: str = ""


def told_of(*, passkey: bytes, device: str) -> str:
    """The request of a sign-in; `device` is what the web process says of it."""
    words = [f"{_PASSKEY}{passkey.hex()}"] if passkey else []
    # Only the warden says which passkey it was, or which session went before.
    device = "" if device.startswith((_PASSKEY, GOES_ON_FROM, APP)) else device
    return _AND.join([*words, device] if device else words)


def beginning_in(request: str) -> Beginning:
    """Undo it."""
    if request.startswith(GOES_ON_FROM):
        return Beginning(session_before=request.removeprefix(GOES_ON_FROM))
    # The passkey comes first and is the warden's word; what follows is not, and may
    # hold anything that would hide it.
    passkey, _, device = request.partition(_AND)
    if not passkey.startswith(_PASSKEY):
        passkey, device = "", request
    return Beginning(
        passkey=passkey.removeprefix(_PASSKEY),
        address=plain_address(device.rpartition(_AT)[2]),
    )


def app_in(request: str) -> str:
    """The app that made an entry for a person; empty: none."""
    if not request.startswith(APP):
        return ""
    return request.removeprefix(APP).partition(":")[0]


def on_phone_until(at: int) -> str:
    """The request of an entry that put something onto a phone; UTC microseconds."""
    return f"{_ON_PHONE_UNTIL}{at}"


def phone_until_in(request: str) -> int:
    """Undo it, in UTC microseconds; 0: it does not say so."""
    said = request.removeprefix(_ON_PHONE_UNTIL)
    is_one = said != request and said.isascii() and said.isdigit()
    return int(said[:20]) if is_one else 0


def plain_address(text: str) -> str:
    """An address in the one spelling that it is compared in; empty: it is none."""
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return ""
