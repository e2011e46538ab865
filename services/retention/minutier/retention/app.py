"""The composition root of retention."""

from minutier.retention import handlers
from minutier.retention.policies.recompute import Recompute
from minutier.retention.policies.repository import Registers
from minutier.retention.settings import RetentionSettings
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.service import Service
from minutier.shared.settings import ObjectSettings


def build() -> Service:
    service = Service("retention")
    periods = RetentionSettings().periods
    registers = Registers(service.engine, periods)
    handlers.subscribe(service, registers=registers, documents=Artefacts(Objects(ObjectSettings())))
    service.on_start(Recompute(registers, periods=periods).run)
    return service
