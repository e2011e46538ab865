"""What the pages stand on."""

from dataclasses import dataclass

from minutier.retention.audit.ports import AuditLogs
from minutier.retention.audit.watch import Watch
from minutier.retention.desk import Desks
from minutier.retention.erasures.ports import Documents
from minutier.retention.policies.ports import Registers
from minutier.retention.purges.routes import Terms
from minutier.retention.records.ports import Logs
from minutier.shared.identity.gate import Gate
from minutier.shared.pages.render import Pages


@dataclass(frozen=True)
class Office:
    """The parts of the service beside them, and how pages are written."""

    gate: Gate
    desks: Desks
    registers: Registers
    logs: AuditLogs
    disposals: Logs
    watch: Watch
    documents: Documents
    terms: Terms
    pages: Pages
