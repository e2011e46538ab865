from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from minutier.ingestion.spans import merged, within

spans = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)).map(lambda pair: (*sorted(pair),)))


def moments(spans: list[tuple[float, float]]) -> set[int]:
    return {moment for start, end in spans for moment in range(int(start), int(end))}


@given(spans)
def test_merged_spans_have_the_same_moments_and_a_gap_between_them(given: list[tuple[float, float]]) -> None:
    result = merged(given)
    assert moments(result) == moments(given)
    assert all(start < end for start, end in result)
    assert all(end < start for (_, end), (start, _) in pairwise(result))


@given(spans, spans)
def test_what_lies_within_is_what_both_have(
    one: list[tuple[float, float]], other: list[tuple[float, float]]
) -> None:
    assert moments(within(one, other)) == moments(one) & moments(other)
    assert within(one, other) == merged(within(other, one))
