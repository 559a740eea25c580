# SPDX-License-Identifier: Apache-2.0
"""How a command ends when it did not work: one line of words, and an exit code.

What is listed here is expected to happen to somebody one day, and its message says
what to do. Anything else is a fault of ours and keeps its traceback. Kinds of error
stand here by name: to import them all would be to import the house.
"""

from wardkeep.assembly.configuration import SettingsError

EXIT_FAILED, EXIT_SETTINGS, EXIT_NOT_RUNNING = 1, 3, 4

_NO_WARDEN = (
    "the warden does not answer. Is it running? Start everything with: wardkeep serve"
)
_OTHER_VERSION = (
    "the warden that is running is of another version. Stop it and start it again."
)
_NO_DATABASE = (
    "the database does not answer. Start everything with: wardkeep serve;"
    " what is wrong with it, says: wardkeep doctor"
)
_INTERRUPTED = (
    "the import ended early, because {} went away. What was loaded is kept: run the"
    " same command again and it goes on."
)
_DAMAGED = (
    "the ledger is damaged: {}. Nothing opens until it is whole: find every place with"
    " `wardkeep ledger verify`, then restore the ledger's folder from its copy."
)
_IN_USE = "another warden has the ledger {} open. There is one: stop the other."
_CANNOT_WRITE = "the ledger cannot be written ({}). Free space on its disk."
_AS_SAID = "{}"

EXPECTED: dict[str, tuple[int, str]] = {
    "wardkeep.assembly.layout.SocketFolderError": (EXIT_SETTINGS, _AS_SAID),
    "wardkeep.disclosure.client.WardenUnavailableError": (EXIT_NOT_RUNNING, _NO_WARDEN),
    "wardkeep.disclosure.client.WardenBusyError": (EXIT_NOT_RUNNING, _NO_WARDEN),
    "wardkeep.disclosure.client.UnexpectedAnswerError": (
        EXIT_NOT_RUNNING,
        _OTHER_VERSION,
    ),
    "wardkeep.db.errors.DatabaseUnavailableError": (EXIT_NOT_RUNNING, _NO_DATABASE),
    "wardkeep.db.errors.DatabaseBusyError": (EXIT_NOT_RUNNING, _NO_DATABASE),
    "wardkeep.fhir.loading.crew.LoadInterruptedError": (EXIT_FAILED, _INTERRUPTED),
    "wardkeep.ledger.opening.LedgerDamagedError": (EXIT_FAILED, _DAMAGED),
    "wardkeep.ledger.log.LedgerInUseError": (EXIT_FAILED, _IN_USE),
    "wardkeep.ledger.log.LedgerCannotWriteError": (EXIT_FAILED, _CANNOT_WRITE),
    "wardkeep.fhir.data_sets.reading.DataSetRefusedError": (EXIT_FAILED, _AS_SAID),
    "wardkeep.assembly.data_set_files.FolderError": (EXIT_FAILED, _AS_SAID),
    "wardkeep.assembly.demonstration.DemonstrationError": (EXIT_FAILED, _AS_SAID),
    "wardkeep.assembly.importing.ImportRefusedError": (EXIT_FAILED, _AS_SAID),
    "wardkeep.assembly.serving.NotReadyError": (EXIT_FAILED, _AS_SAID),
    "wardkeep.assembly.planting.PlantingRefusedError": (EXIT_FAILED, _AS_SAID),
    "wardkeep.assembly.serving.PortInUseError": (EXIT_FAILED, _AS_SAID),
    "wardkeep.assembly.partners.PartnerError": (EXIT_FAILED, _AS_SAID),
    "wardkeep.db.roles.RoleTooPowerfulError": (EXIT_FAILED, _AS_SAID),
    "wardkeep.warden.root_key.RootKeyUnavailableError": (EXIT_FAILED, _AS_SAID),
    "wardkeep.assembly.schema.SchemaError": (EXIT_FAILED, _AS_SAID),
    "wardkeep.db.migrate.SchemaRefusedError": (EXIT_FAILED, _AS_SAID),
    "wardkeep.db.server.errors.ServerStartError": (EXIT_FAILED, _AS_SAID),
    "wardkeep.assembly.proof.SigningKeyFileError": (EXIT_FAILED, _AS_SAID),
    "wardkeep.ledger.witness.WitnessFolderError": (EXIT_FAILED, _AS_SAID),
}


def ending_of(error: Exception) -> tuple[int, tuple[str, ...]] | None:
    """Exit code and lines for an error; None for one that nobody expected."""
    if isinstance(error, SettingsError):
        return EXIT_SETTINGS, tuple(map(str, error.problems))
    for kind in type(error).__mro__:
        found = EXPECTED.get(f"{kind.__module__}.{kind.__qualname__}")
        if found is not None:
            code, words = found
            return code, (words.format(error),)
    return None
