# SPDX-License-Identifier: Apache-2.0
"""A drill on new data keys: the keys of drafts of notes move along, sealed ones too."""

from pathlib import Path
from uuid import UUID

from support.rotations import rotate, settle_at_once, until_finished, wrapped_now
from support.sealed_rows import as_owner, plain_keys
from support.template import settings_for
from support.warden import Installation
from wardkeep.assembly.database import WEB, address_for
from wardkeep.assembly.drills.ground import HOME, Ground, ground
from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.base.stored_id import stored_id
from wardkeep.crypto.aead import Cipher, Key
from wardkeep.db.connection import connect
from wardkeep.disclosure.keys import PATIENT, RotateKey
from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.sealed import row_identity, row_key_identity

_INSERT = """
insert into record.note_draft
  (id, patient, begun_at, saved_at, account, organisation, first_version, based_on,
   tier, note, seal, wrapped_key, author)
select $2, number, now(), now(), $2, organisation, 1, 0, $3, $4, $5, $6, 'Ada'
  from record.patient where id = $1
"""


async def keys_of(here: Ground, patient: str) -> dict[Tier, Key]:
    """The newest data keys of one patient, in the clear."""
    installation = Installation.__new__(Installation)
    installation.settings, installation.layout = here.settings, here.layout
    number = here.numbers[HOME]
    wrapped = await wrapped_now(installation, number)
    return plain_keys(here.service, number, wrapped, shared=b"")[patient]


async def test_the_keys_of_drafts_move_along_when_data_keys_are_replaced(
    tmp_path: Path,
) -> None:
    async with ground(settings_for(tmp_path), patients=3) as here:
        nurse = await here.person("ward_nurse", expects=1)
        mine, number = nurse.expected[0], here.numbers[HOME]
        plain, sealed = new_uuid(), new_uuid()
        row = row_identity(
            number, "Composition", sealed, 1, patient=mine, tier=Tier.SEALED
        )
        bound = {
            plain: (Tier.RECORD, f"draft-key|1|{number}|{mine}|{plain}".encode()),
            sealed: (Tier.SEALED, row_key_identity(row)),
        }
        old = await keys_of(here, mine)
        for id_, (tier, identity) in bound.items():
            box = Cipher(old[tier]).seal(b"k" * 32, identity)
            boxes = (box, b"") if tier is Tier.SEALED else (b"", box)
            values = (mine, UUID(id_), tier, stored_id(id_), *boxes)
            await as_owner(here.settings, here.layout, number, _INSERT, *values)
        settle_at_once(here)
        await rotate(here, RotateKey(PATIENT, organisation=HOME))
        assert (await until_finished(here)).unreadable == 0
        held = await connect(address_for(here.settings, here.layout, WEB))
        await held.serve(OrganisationId(number))
        found = await held.fetch(
            "select id::text, seal || wrapped_key as box from record.note_draft"
        )
        await held.close()
        new = await keys_of(here, mine)
        assert new[Tier.RECORD] != old[Tier.RECORD]
        assert len(found) == 2
        for one in found:
            tier, identity = bound[one["id"]]
            assert Cipher(new[tier]).open(one["box"], identity) == b"k" * 32
