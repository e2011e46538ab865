"""The composition root of retention."""

from minutier.retention import handlers
from minutier.retention.settings import RetentionSettings
from minutier.shared.service import Service


def build() -> Service:
    service = Service("retention")
    handlers.subscribe(service, policy=RetentionSettings().policy)
    return service
