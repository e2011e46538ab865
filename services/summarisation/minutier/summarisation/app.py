"""The composition root of summarisation."""

from functools import partial

from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.offers import DEFAULT, chosen
from minutier.shared.service import Service
from minutier.shared.settings import ObjectSettings
from minutier.summarisation import handlers
from minutier.summarisation.endpoint import Endpoint
from minutier.summarisation.extractive import Extractive
from minutier.summarisation.language_model import LanguageModel, Limits
from minutier.summarisation.ports import Writer
from minutier.summarisation.replace import replace
from minutier.summarisation.settings import EXTRACTIVE, SummarisationSettings


def build() -> Service:
    service = Service("summarisation")
    fallback = Extractive()
    objects = Objects(ObjectSettings())
    artefacts = Artefacts(objects)
    offered = writers(SummarisationSettings(), fallback)
    handlers.subscribe(service, artefacts=artefacts, writers=offered, fallback=fallback)
    service.erase(
        objects,
        replace=partial(replace, artefacts=artefacts, writer=chosen(offered, None), fallback=fallback),
    )
    return service


def writers(settings: SummarisationSettings, extractive: Writer) -> dict[str, Writer]:
    """All that may be asked for, by name; each model that the endpoint has speaks a dialect of its own."""
    limits = Limits(settings.context_tokens, settings.answer_tokens, settings.budget_seconds)
    return {
        name: extractive
        if model == EXTRACTIVE
        else LanguageModel(model, Endpoint(settings.of(model)), limits)
        for name, model in {**settings.models, DEFAULT: settings.default_model}.items()
    }
