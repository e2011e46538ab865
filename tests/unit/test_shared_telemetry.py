import subprocess
import sys

import pytest

from minutier.shared import telemetry
from tests.support import query_events as told


def test_where_nobody_asks_for_it_the_sdk_is_not_imported() -> None:
    program = (
        "import sys\n"
        "from minutier.shared import telemetry\n"
        "telemetry.configure('query')\n"
        "off = ('opentelemetry.sdk', 'opentelemetry.exporter')\n"
        "sys.exit(any(name.startswith(off) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], env={}, timeout=60).returncode == 0


class Histogram:
    def __init__(self) -> None:
        self.recorded: list[tuple[float, object]] = []

    def record(self, amount: float, attributes: object) -> None:
        self.recorded.append((amount, attributes))


def test_a_real_time_factor_that_an_event_states_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    histogram = Histogram()
    monkeypatch.setattr(telemetry, "_real_time_factor", histogram)
    telemetry.published([told.diarized(), told.ingested()])
    assert histogram.recorded == [(0.1, {"event": "minutier.speech.diarized.v1"})]
