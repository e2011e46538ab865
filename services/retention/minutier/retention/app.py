"""The composition root of retention."""

from functools import partial

from minutier.retention import api, handlers
from minutier.retention.audit.anchor import Anchoring, Anchors
from minutier.retention.audit.repository import AuditLogs
from minutier.retention.audit.watch import Watch
from minutier.retention.desk import Books, Desks
from minutier.retention.erasures.repository import Files
from minutier.retention.holds.lock import Locker
from minutier.retention.holds.repository import Boards
from minutier.retention.policies.recompute import Recompute
from minutier.retention.policies.repository import Registers
from minutier.retention.purges.carry_out import CarryOut
from minutier.retention.purges.repository import Ledgers
from minutier.retention.purges.stock import Stock
from minutier.retention.records.anchor import Heads, anchor
from minutier.retention.records.repository import Logs
from minutier.retention.records.verify import integrity
from minutier.retention.restrictions.repository import Registers as Restrictions
from minutier.retention.restrictions.tell import Telling
from minutier.retention.settings import RetentionSettings
from minutier.shared.artefacts import Artefacts
from minutier.shared.identity.identify import identify
from minutier.shared.objects import Objects
from minutier.shared.service import Service
from minutier.shared.settings import ObjectSettings

# Seconds between rounds: of what people wait for, and of what is read from its beginning.
_SOON = 2.0
_SELDOM = 6 * 3600.0


def build() -> Service:
    service = Service("retention")
    settings = RetentionSettings()
    periods = settings.periods
    objects = Objects(ObjectSettings())
    registers, boards = Registers(service.engine, periods), Boards(service.engine)
    ledgers = Ledgers(service.engine)
    documents, files = Artefacts(objects), Files()
    handlers.subscribe(
        service, registers=registers, documents=documents, boards=boards, ledgers=ledgers, files=files
    )
    recompute = Recompute(registers, periods=periods)
    service.repeat(recompute.follow, named="make schedules anew", seconds=_SOON)
    locker = Locker(service.transaction, boards, objects)
    service.repeat(locker.catch_up, named="lock objects", seconds=_SOON)
    telling = Telling(service.transaction, Restrictions(service.engine))
    service.repeat(telling.catch_up, named="tell what is restricted", seconds=_SOON)
    logs, anchors = AuditLogs(service.engine), Anchors(objects, settings.key)
    disposals = Logs(service.engine, settings.key)
    heads = Heads(objects, settings.key, settings.former)
    anchoring = Anchoring(logs, anchors, partial(anchor, logs=disposals, heads=heads))
    service.repeat(anchoring.catch_up, named="anchor audit logs", seconds=settings.anchor_seconds)
    watch = Watch(logs, anchors, partial(integrity, logs=disposals, heads=heads))
    service.repeat(watch.look_at_all, named="verify audit logs", seconds=_SELDOM)
    books = Books(registers, boards, ledgers, logs, disposals, files)
    desks = Desks(service.transaction, books)
    stock = Stock(objects, lambda: service.js)
    carrying_out = CarryOut(desks, ledgers, stock, documents, service.engine, reminding=settings.alarm)
    service.repeat(carrying_out.catch_up, named="carry out purges", seconds=_SOON)
    service.serve(
        api.build(
            identity=identify(service, settings),
            desks=desks,
            registers=registers,
            logs=logs,
            disposals=disposals,
            watch=watch,
            stock=stock,
            documents=documents,
            settings=settings,
        )
    )
    return service
