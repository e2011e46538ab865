from datetime import UTC, datetime
from typing import Any

import pytest

from minutier.schemas.documents import Engine, MinutesDocument
from minutier.schemas.events import Stage, Written
from minutier.schemas.fallbacks import Failure
from minutier.schemas.references import ObjectRef
from minutier.shared.errors import ObjectMissing
from minutier.shared.worker import ignore
from minutier.summarisation.app import writers
from minutier.summarisation.extractive import Extractive
from minutier.summarisation.ports import Writer
from minutier.summarisation.settings import SummarisationSettings
from minutier.summarisation.summarise import summarise
from tests.support.summarisation_fakes import KeptArtefacts, ScriptedWriter, transcript

ASKED_AT = datetime(2026, 1, 1, 9, tzinfo=UTC)


@pytest.fixture
def artefacts() -> KeptArtefacts:
    return KeptArtefacts()


async def run(artefacts: KeptArtefacts, writer: Writer, **changes: Any) -> tuple[Written, MinutesDocument]:
    document = transcript(**changes)
    ref = await artefacts.store(document, tenant="acme", stage=Stage.ATTRIBUTION, version="1")
    reported: list[float] = []
    written = await summarise(
        ref,
        tenant="acme",
        asked_at=ASKED_AT,
        artefacts=artefacts,
        writer=writer,
        fallback=Extractive(),
        report=reported.append,
    )
    assert reported[-1] == 1.0
    assert written.asked_at == ASKED_AT
    return written, await artefacts.load(MinutesDocument, written.minutes)


async def test_extracts_say_that_they_are(artefacts: KeptArtefacts) -> None:
    written, minutes = await run(artefacts, Extractive())
    assert written.engine is minutes.engine is Engine.EXTRACTIVE
    assert not written.fell_back
    assert minutes.fallback_reason is None
    assert written.items == 4
    (action,) = minutes.actions
    assert (action.who, action.what, action.due) == ("Anna", "write to the volunteers by Friday", "by Friday")


async def test_an_unknown_speaker_acts_without_a_name(artefacts: KeptArtefacts) -> None:
    _, minutes = await run(artefacts, Extractive(), said=[(None, "I will call the mayor about it.")])
    assert minutes.actions[0].who is None


async def test_a_transcript_without_words_gives_empty_minutes(artefacts: KeptArtefacts) -> None:
    written, _ = await run(artefacts, Extractive(), said=[])
    assert written.items == 0


async def test_a_model_s_minutes_are_counted(artefacts: KeptArtefacts) -> None:
    written, minutes = await run(artefacts, ScriptedWriter())
    assert written.engine is minutes.engine is Engine.LANGUAGE_MODEL
    assert written.dropped_claims == minutes.dropped_claims == 2
    assert minutes.model.name == "scripted"


async def test_the_same_work_is_not_done_again(artefacts: KeptArtefacts) -> None:
    writer = ScriptedWriter()
    first, _ = await run(artefacts, writer)
    again, _ = await run(artefacts, writer)
    assert first.minutes == again.minutes
    assert (first.items, first.dropped_claims) == (again.items, again.dropped_claims)
    assert writer.written == 1
    other, _ = await run(artefacts, ScriptedWriter(name="other"))
    assert other.minutes.key != first.minutes.key


@pytest.mark.parametrize("failure", Failure)
async def test_a_writer_that_cannot_is_replaced_and_the_minutes_say_why(
    artefacts: KeptArtefacts, failure: Failure
) -> None:
    written, minutes = await run(artefacts, ScriptedWriter(failure))
    assert written.fell_back
    assert written.engine is Engine.EXTRACTIVE
    assert minutes.fallback_reason == failure.explanation
    assert minutes.summary


async def test_after_a_failure_the_writer_is_asked_again(artefacts: KeptArtefacts) -> None:
    writer = ScriptedWriter(Failure.OVERLOADED)
    fallen, _ = await run(artefacts, writer)
    writer.failure = None
    written, _ = await run(artefacts, writer)
    assert not written.fell_back
    plain, _ = await run(artefacts, Extractive())
    assert len({fallen.minutes.key, written.minutes.key, plain.minutes.key}) == 3


async def test_a_transcript_that_is_gone_is_no_reason_to_write(artefacts: KeptArtefacts) -> None:
    missing = ObjectRef(bucket="artefacts", key="none", sha256="0" * 64, size=0)
    with pytest.raises(ObjectMissing):
        await summarise(
            missing,
            tenant="acme",
            asked_at=ASKED_AT,
            artefacts=artefacts,
            writer=Extractive(),
            fallback=Extractive(),
            report=ignore,
        )


def test_without_an_endpoint_there_is_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINUTIER_SUMMARISATION_BASE_URL", "")
    extractive = Extractive()
    assert writers(SummarisationSettings(model="large"), extractive) == {"default": extractive}


def test_other_models_of_the_endpoint_are_offered_by_name() -> None:
    settings = SummarisationSettings(
        base_url="http://127.0.0.1:1/v1", model="large", models={"small": "s-1", "quick": "extractive"}
    )
    offered = writers(settings, Extractive())
    assert {name: (writer.engine.value, writer.model.name) for name, writer in offered.items()} == {
        "default": ("language_model", "large"),
        "small": ("language_model", "s-1"),
        "quick": ("extractive", "extractive"),
    }


def test_settings_that_cannot_work_say_what_to_do() -> None:
    with pytest.raises(ValueError, match="needs MINUTIER_SUMMARISATION_MODEL"):
        SummarisationSettings(base_url="http://127.0.0.1:1/v1")
    with pytest.raises(ValueError, match="MODELS needs MINUTIER_SUMMARISATION_BASE_URL"):
        SummarisationSettings(models={"large": "l-1"})
    with pytest.raises(ValueError, match="'default' is the model"):
        SummarisationSettings(models={"default": "extractive"})
    with pytest.raises(ValueError, match="at most a quarter"):
        SummarisationSettings(context_tokens=4096, answer_tokens=4000)


def test_a_key_that_cannot_be_sent_is_refused_and_not_shown() -> None:
    with pytest.raises(ValueError, match="printable ASCII") as raised:
        SummarisationSettings(api_key="clé secrète")
    assert "secrète" not in str(raised.value)


@pytest.mark.parametrize("failure", Failure)
def test_an_explanation_names_the_remedy(failure: Failure) -> None:
    assert failure.explanation.startswith("The ")
    assert failure is Failure.FAILED or "MINUTIER_SUMMARISATION_" in failure.explanation
