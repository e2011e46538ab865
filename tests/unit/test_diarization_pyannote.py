"""What names the model, without loading it."""

from dataclasses import replace
from pathlib import Path

import pytest

from minutier.diarization import parameters
from minutier.diarization.pyannote import PyannoteDiarizer
from minutier.diarization.weights import Bundled, Pipeline
from minutier.shared.worker import Worker

BUNDLED = Bundled(Path("segmentation"), Path("embedding"), revision="1")


def diarizer(weights: Bundled | Pipeline) -> PyannoteDiarizer:
    return PyannoteDiarizer(Worker(limit_seconds=1), weights, threads=1)


def test_a_parameter_that_changes_makes_another_model(monkeypatch: pytest.MonkeyPatch) -> None:
    before = diarizer(BUNDLED).model
    assert before.parameters["clustering.threshold"] == parameters.PARAMETERS["clustering"]["threshold"]
    monkeypatch.setitem(parameters.PARAMETERS["clustering"], "threshold", 0.6)
    assert diarizer(BUNDLED).model != before
    assert diarizer(replace(BUNDLED, revision="2")).model != before


def test_a_pipeline_brings_its_own_parameters() -> None:
    assert diarizer(Pipeline("a directory", revision="1")).model.parameters == {}
