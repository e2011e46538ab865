"""The HTTP API and the pages, from the routers of their parts."""

from fastapi import FastAPI

from minutier.retention.audit import routes as audit
from minutier.retention.audit.ports import AuditLogs
from minutier.retention.audit.watch import Watch
from minutier.retention.desk import Desks
from minutier.retention.erasures import routes as erasures
from minutier.retention.erasures.ports import Documents
from minutier.retention.holds import routes as holds
from minutier.retention.pages import routes as pages
from minutier.retention.pages.look import LOOK
from minutier.retention.pages.office import Office
from minutier.retention.policies import routes as policies
from minutier.retention.policies.ports import Registers
from minutier.retention.purges import routes as purges
from minutier.retention.purges.elimination import routes as elimination
from minutier.retention.purges.ports import Stock
from minutier.retention.purges.reapplications import routes as reapplications
from minutier.retention.records import routes as records
from minutier.retention.records.ports import Logs
from minutier.retention.settings import RetentionSettings
from minutier.shared.identity.identify import Identity
from minutier.shared.pages.front import stand_before
from minutier.shared.pages.render import Pages
from minutier.shared.problems import described


def build(
    *,
    identity: Identity,
    desks: Desks,
    registers: Registers,
    logs: AuditLogs,
    disposals: Logs,
    watch: Watch,
    stock: Stock,
    documents: Documents,
    settings: RetentionSettings,
) -> FastAPI:
    terms = purges.Terms(settings.grace, settings.alarm, signs=settings.signing_key is not None)
    app = FastAPI(
        title="Minutier: retention",
        version="1",
        # Their pages load scripts from elsewhere; the document itself is at /openapi.json.
        docs_url=None,
        redoc_url=None,
        description="How long recordings are kept, and what may not be deleted.",
        responses=described(429, 503),
    )
    shown = Pages(LOOK)
    gate = stand_before(app, identity=identity, pages=shown, settings=settings)
    app.include_router(policies.router(gate=gate, desks=desks, registers=registers))
    app.include_router(holds.router(gate=gate, desks=desks))
    app.include_router(purges.router(gate=gate, desks=desks, terms=terms))
    app.include_router(erasures.router(gate=gate, desks=desks, documents=documents))
    app.include_router(elimination.router(gate=gate, desks=desks, stock=stock))
    key = settings.key.public if settings.key else None
    app.include_router(reapplications.router(gate=gate, desks=desks, stock=stock, key=key))
    app.include_router(records.router(gate=gate, logs=disposals, watch=watch, key=key))
    app.include_router(audit.router(gate=gate, logs=logs, watch=watch))
    office = Office(gate, desks, registers, logs, disposals, watch, documents, terms, shown)
    app.include_router(pages.router(office))
    return app
