"""The composition root of summarisation."""

from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.service import Service
from minutier.shared.settings import ObjectSettings
from minutier.summarisation import handlers


def build() -> Service:
    service = Service("summarisation")
    handlers.register(service, artefacts=Artefacts(Objects(ObjectSettings())))
    return service
