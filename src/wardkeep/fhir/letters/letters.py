# SPDX-License-Identifier: Apache-2.0
"""The letters of one patient: found by their type, so that no other document opens."""

from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.letters.letter import LETTER, LOINC, TYPE
from wardkeep.fhir.search.query import terms_of
from wardkeep.fhir.store.outcomes import NotFound, Opened, Opener
from wardkeep.fhir.store.reading import PatientQuery, Reader
from wardkeep.fhir.store.tokens import tokens_of

MOST_LETTERS = 100


class Letters:
    """Opens a patient's letters, through the door."""

    def __init__(self, reader: Reader, warden: WardenClient) -> None:
        self._reader = reader
        self._warden = warden

    async def of(self, patient: str, *, opener: Opener) -> Opened | Refusal | NotFound:
        """The newest hundred, the newest first."""
        terms = terms_of(TYPE, [("type", f"{LOINC}|{LETTER}")])
        tokens = await tokens_of(self._warden, opener.session, terms)
        if isinstance(tokens, Refusal):
            return tokens
        return await self._reader.of_patient(
            PatientQuery(
                patient=patient,
                types=(TYPE,),
                any_of=(tuple(tokens),),
                at_most=MOST_LETTERS,
            ),
            opener=opener,
        )
