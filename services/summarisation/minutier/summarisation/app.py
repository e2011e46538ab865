"""The composition root of summarisation."""

from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.service import Service
from minutier.shared.settings import ObjectSettings
from minutier.summarisation import handlers
from minutier.summarisation.endpoint import Endpoint
from minutier.summarisation.extractive import Extractive
from minutier.summarisation.language_model import LanguageModel, Limits
from minutier.summarisation.ports import Writer
from minutier.summarisation.settings import SummarisationSettings


def build() -> Service:
    service = Service("summarisation")
    extractive = Extractive()
    handlers.subscribe(
        service,
        artefacts=Artefacts(Objects(ObjectSettings())),
        writer=language_model(SummarisationSettings()) or extractive,
        fallback=extractive,
    )
    return service


def language_model(settings: SummarisationSettings) -> Writer | None:
    """The writer that asks the endpoint, where one is set."""
    if settings.base_url is None or settings.model is None:
        return None
    limits = Limits(settings.context_tokens, settings.answer_tokens, settings.budget_seconds)
    return LanguageModel(settings.model, Endpoint(settings), limits)
