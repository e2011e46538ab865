"""What the pipeline with the bundled weights is set to; part of the model that a document names."""

# Chosen on pyannote's sample and six excerpts of the AMI corpus, alone and joined: see the decision.
PARAMETERS: dict[str, dict[str, str | int | float]] = {
    "segmentation": {"min_duration_off": 0.0},
    "clustering": {"method": "average", "min_cluster_size": 2, "threshold": 0.55},
}


def flat() -> dict[str, str | int | float]:
    """Each by its full name, as in ``clustering.threshold``."""
    return {f"{part}.{name}": value for part, values in PARAMETERS.items() for name, value in values.items()}
