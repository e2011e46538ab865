"""The composition root of retention."""

from minutier.retention import api, handlers
from minutier.retention.audit.anchor import Anchoring, Anchors
from minutier.retention.audit.repository import AuditLogs
from minutier.retention.audit.watch import Watch
from minutier.retention.desk import Desks
from minutier.retention.holds.lock import Locker
from minutier.retention.holds.repository import Boards
from minutier.retention.policies.recompute import Recompute
from minutier.retention.policies.repository import Registers
from minutier.retention.settings import RetentionSettings
from minutier.shared.artefacts import Artefacts
from minutier.shared.identity.identify import identify
from minutier.shared.objects import Objects
from minutier.shared.service import Service
from minutier.shared.settings import ObjectSettings


def build() -> Service:
    service = Service("retention")
    settings = RetentionSettings()
    periods = settings.periods
    objects = Objects(ObjectSettings())
    registers, boards = Registers(service.engine, periods), Boards(service.engine)
    handlers.subscribe(service, registers=registers, documents=Artefacts(objects), boards=boards)
    service.on_start(Recompute(registers, periods=periods).run)
    service.on_start(Locker(service.transaction, boards, objects).run)
    logs, anchors = AuditLogs(service.engine), Anchors(objects, settings.key)
    service.on_start(Anchoring(logs, anchors, seconds=settings.anchor_seconds).run)
    watch = Watch(logs, anchors)
    service.on_start(watch.run)
    service.serve(
        api.build(
            identity=identify(service, settings),
            desks=Desks(service.transaction, registers, boards, logs),
            registers=registers,
            logs=logs,
            watch=watch,
            settings=settings,
        )
    )
    return service
