# SPDX-License-Identifier: Apache-2.0
"""How a command ends when it did not work: one line of words, and an exit code.

What is listed here is expected to happen to somebody one day, and its message says
what to do. Anything else is a fault of ours and keeps its traceback.
"""

from wardkeep.assembly.configuration import SettingsError
from wardkeep.assembly.data_set_files import FolderError
from wardkeep.assembly.demonstration import DemonstrationError
from wardkeep.assembly.importing import ImportRefusedError, LoadInterruptedError
from wardkeep.assembly.layout import SocketFolderError
from wardkeep.assembly.planting import PlantingRefusedError
from wardkeep.assembly.proof import SigningKeyFileError
from wardkeep.assembly.schema import SchemaError
from wardkeep.assembly.serving import NotReadyError, PortInUseError
from wardkeep.db.errors import DatabaseBusyError, DatabaseUnavailableError
from wardkeep.db.migrate import SchemaRefusedError
from wardkeep.db.roles import RoleTooPowerfulError
from wardkeep.db.server.errors import ServerStartError
from wardkeep.disclosure.client import (
    UnexpectedAnswerError,
    WardenBusyError,
    WardenUnavailableError,
)
from wardkeep.fhir.data_sets.reading import DataSetRefusedError
from wardkeep.ledger.log import LedgerCannotWriteError, LedgerInUseError
from wardkeep.ledger.opening import LedgerDamagedError
from wardkeep.ledger.witness import WitnessFolderError
from wardkeep.warden.root_key import RootKeyUnavailableError

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

_WORDS: dict[type[Exception], tuple[int, str]] = {
    SocketFolderError: (EXIT_SETTINGS, _AS_SAID),
    WardenUnavailableError: (EXIT_NOT_RUNNING, _NO_WARDEN),
    WardenBusyError: (EXIT_NOT_RUNNING, _NO_WARDEN),
    UnexpectedAnswerError: (EXIT_NOT_RUNNING, _OTHER_VERSION),
    DatabaseUnavailableError: (EXIT_NOT_RUNNING, _NO_DATABASE),
    DatabaseBusyError: (EXIT_NOT_RUNNING, _NO_DATABASE),
    LoadInterruptedError: (EXIT_FAILED, _INTERRUPTED),
    LedgerDamagedError: (EXIT_FAILED, _DAMAGED),
    LedgerInUseError: (EXIT_FAILED, _IN_USE),
    LedgerCannotWriteError: (EXIT_FAILED, _CANNOT_WRITE),
    DataSetRefusedError: (EXIT_FAILED, _AS_SAID),
    FolderError: (EXIT_FAILED, _AS_SAID),
    DemonstrationError: (EXIT_FAILED, _AS_SAID),
    ImportRefusedError: (EXIT_FAILED, _AS_SAID),
    NotReadyError: (EXIT_FAILED, _AS_SAID),
    PlantingRefusedError: (EXIT_FAILED, _AS_SAID),
    PortInUseError: (EXIT_FAILED, _AS_SAID),
    RoleTooPowerfulError: (EXIT_FAILED, _AS_SAID),
    RootKeyUnavailableError: (EXIT_FAILED, _AS_SAID),
    SchemaError: (EXIT_FAILED, _AS_SAID),
    SchemaRefusedError: (EXIT_FAILED, _AS_SAID),
    ServerStartError: (EXIT_FAILED, _AS_SAID),
    SigningKeyFileError: (EXIT_FAILED, _AS_SAID),
    WitnessFolderError: (EXIT_FAILED, _AS_SAID),
}


def ending_of(error: Exception) -> tuple[int, tuple[str, ...]] | None:
    """Exit code and lines for an error; None for one that nobody expected."""
    if isinstance(error, SettingsError):
        return EXIT_SETTINGS, tuple(map(str, error.problems))
    for kind, (code, words) in _WORDS.items():
        if isinstance(error, kind):
            return code, (words.format(error),)
    return None
