"""The composition root of attribution."""

from minutier.attribution import handlers, repository
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.service import Service
from minutier.shared.settings import ObjectSettings


def build() -> Service:
    service = Service("attribution")
    objects = Objects(ObjectSettings())
    handlers.subscribe(service, artefacts=Artefacts(objects))
    service.erase(objects, repository.erase)
    return service
