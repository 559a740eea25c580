# SPDX-License-Identifier: Apache-2.0
"""Asks witnesses to co-sign each new checkpoint, and listens to what they answer.

A witness that saw more than we have, or something else, means that an older copy of the
ledger was put back, or that two ledgers run under one name: nobody on this machine
could tell. Care goes on; privacy officers and the operator are told, and it is kept.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.note_keys import NoteKey
from wardkeep.disclosure.answers import WitnessView
from wardkeep.identity.outside import Outside, Reply, Unreachable
from wardkeep.ledger.cosignature import (
    NoteRefusedError,
    SignedNote,
    cosigned_at,
    only_by,
    read_signed_note,
    read_size,
)
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.publishing import Continued
from wardkeep.ledger.witness import request
from wardkeep.warden.clock_steps import length

ASK_SECONDS = 5.0
"""Checkpoints are made each second; a witness is asked for the newest this often."""
AFRESH_SECONDS = 3600.0
"""How often a checkpoint that did not change is signed anew: the witness is alive."""
APART_SECONDS = 300.0
"""Clocks that are kept right are closer, and an answer does not take so long."""
NOT_ASKED = "was not asked yet"
_OK, _CONFLICT, _NOT_CONTINUED = 200, 409, 422
_REFUSALS = {
    403: "knows this ledger by another key",
    404: "does not watch this ledger",
}
_RING = "Ring whoever runs Wardkeep, before anything is changed."
log = logging.getLogger(__name__)

TellTwoStories = Callable[[str], None]
"""Takes what a witness's answer means, in words; called once a start."""


class Known(msgspec.Struct, kw_only=True):
    """What is known of one witness."""

    key: NoteKey
    address: str
    old: int = 0
    """Entries in the checkpoint that it signed last, as far as we know."""
    at: int = 0
    """POSIX seconds of its newest signature; 0: none."""
    asked_at: float = -AFRESH_SECONDS
    fault: str = NOT_ASKED
    is_at_odds: bool = False
    is_apart: bool = False
    """Its clock says another time than ours."""


class Witnessing:
    """Every witness of this ledger."""

    def __init__(
        self,
        ledger: Ledger,
        witnesses: Sequence[tuple[NoteKey, str]],
        *,
        clock: Clock,
        tell: TellTwoStories,
        tell_apart: Callable[[str], None],
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._tell = tell
        self._tell_apart = tell_apart
        self._has_told = False
        self._outside = Outside()
        self._keeping = asyncio.Lock()
        self._cosigned = _read(ledger.cosigned())
        self._known = [Known(key=key, address=address) for key, address in witnesses]
        for one in self._known:
            self._remember(one)

    def _remember(self, one: Known) -> None:
        """What it signed before this start is kept beside the checkpoints."""
        at = None if self._cosigned is None else cosigned_at(self._cosigned, one.key)
        if self._cosigned is not None and at is not None:
            one.old, one.at = self._cosigned.head.size, at

    @property
    def views(self) -> tuple[WitnessView, ...]:
        return tuple(
            WitnessView(
                name=one.key.name,
                entries=one.old if one.at else 0,
                at=one.at,
                fault=one.fault,
                is_at_odds=one.is_at_odds,
            )
            for one in self._known
        )

    async def keep_witnessed(self) -> None:
        """Until cancelled. A slow witness holds up neither the others nor the door."""
        await asyncio.gather(*[self._keep(one) for one in self._known])

    async def _keep(self, one: Known) -> None:
        while True:
            try:
                await self.ask(one)
            except Exception as error:
                # With a fault it is asked again, though it signed all that there is.
                one.fault = f"could not be asked ({type(error).__name__})"
                log.exception("a witness was not asked: %s", type(error).__name__)
            await asyncio.sleep(ASK_SECONDS)

    async def ask_all(self) -> None:
        """Each witness once, now."""
        for one in self._known:
            await self.ask(one)

    async def ask(self, one: Known) -> None:
        """Have the newest checkpoint signed, if it is not signed yet."""
        continued = await asyncio.to_thread(self._ledger.continued, one.old)
        if continued is None:
            one.fault = ""
            return
        if not self._is_due(one, continued):
            return
        one.asked_at = self._clock.monotonic_seconds()
        reply = await self._send(one, continued)
        learnt = _size_in(reply)
        if learnt is not None and learnt != one.old:
            # It signed another size last than we thought: as after a restart of ours.
            one.old = learnt
            again = await asyncio.to_thread(self._ledger.continued, learnt)
            if again is not None and learnt <= again.checkpoint.size:
                continued, reply = again, await self._send(one, again)
        await self._hear(one, continued, reply)

    def _is_due(self, one: Known, continued: Continued) -> bool:
        if one.fault or one.old != continued.checkpoint.size:
            return True
        return self._clock.monotonic_seconds() - one.asked_at >= AFRESH_SECONDS

    async def _send(self, one: Known, continued: Continued) -> Reply | Unreachable:
        # An old size beyond the checkpoint's is no request; a smaller one is told why.
        old = min(one.old, continued.checkpoint.size)
        body = request(old, continued.proof, continued.note)
        return await self._outside.send(f"{one.address}/add-checkpoint", body)

    async def _hear(
        self, one: Known, continued: Continued, reply: Reply | Unreachable
    ) -> None:
        if isinstance(reply, Unreachable):
            self._note(one, f"does not answer ({reply.code})")
        elif reply.status == _OK:
            await self._take(one, continued, reply.body)
        elif reply.status == _NOT_CONTINUED or _size_in(reply) is not None:
            self._at_odds(one, continued)
        else:
            words = _REFUSALS.get(reply.status, f"answers with status {reply.status}")
            self._note(one, words)

    async def _take(self, one: Known, continued: Continued, body: bytes) -> None:
        lines = body.decode(errors="replace")
        answered = _read(continued.note + lines)
        signed = None if answered is None else only_by(answered, one.key)
        at = None if signed is None else cosigned_at(signed, one.key)
        if signed is None or at is None:
            self._note(one, "answers with something that its key did not sign")
            return
        async with self._keeping:
            await self._keep_lines(signed)
        one.old, one.at, one.is_at_odds = continued.checkpoint.size, at, False
        self._note(one, "")
        self._hold_clocks(one, at)

    def _hold_clocks(self, one: Known, at: int) -> None:
        """What dates the ledger against a clock of another place."""
        ahead = self._clock.now().timestamp() - at
        was_apart, one.is_apart = one.is_apart, abs(ahead) >= APART_SECONDS
        if one.is_apart and not was_apart:
            log.error("the witness %s has another time", one.key.name)
            which = "ahead of" if ahead > 0 else "behind"
            self._tell_apart(
                f"The clock of this system is {length(ahead)} {which} that of the"
                f" witness {one.key.name}: one of them is wrong, and the ledger's dates"
                f" may be. {_RING}"
            )

    async def _keep_lines(self, signed: SignedNote) -> None:
        """Signatures of one checkpoint stand together; of a newer one, anew."""
        before = self._cosigned
        if before is not None and before.text == signed.text:
            newer = {line.split(" ")[1] for line in signed.lines}
            kept = [one for one in before.lines if one.split(" ")[1] not in newer]
            lines = (signed.lines[0], *kept, *signed.lines[1:])
            signed = msgspec.structs.replace(signed, lines=lines)
        elif before is not None and before.head.size > signed.head.size:
            return
        await asyncio.to_thread(self._ledger.keep_cosigned, signed.whole)
        self._cosigned = signed

    def _at_odds(self, one: Known, continued: Continued) -> None:
        """It signed what this ledger is no continuation of."""
        one.is_at_odds = True
        size = continued.checkpoint.size
        what = (
            f"signed {one.old:,} entries of this ledger, and there are {size:,} here"
            if one.old > size
            else f"signed {one.old:,} entries that are not the first ones here"
        )
        self._note(one, f"{what}: an older copy was put back, or two ledgers run")
        if not self._has_told:
            self._has_told = True
            self._tell(f"{one.key.name} {one.fault}. {_RING}")

    def _note(self, one: Known, fault: str) -> None:
        if fault and fault != one.fault:
            log.error("the witness %s %s", one.key.name, fault)
        one.fault = fault

    def close(self) -> None:
        self._outside.close()


def _read(note: str) -> SignedNote | None:
    try:
        return read_signed_note(note)
    except NoteRefusedError:
        return None


def _size_in(reply: Reply | Unreachable) -> int | None:
    """The size that a witness signed last, where it says that ours was another."""
    if isinstance(reply, Unreachable) or reply.status != _CONFLICT:
        return None
    return read_size(reply.body.decode(errors="replace").removesuffix("\n"))
