"""Why minutes were not written by the engine that was asked for."""

from enum import StrEnum


class Failure(StrEnum):
    """Why an endpoint's minutes cannot be had; the explanation names what mends it."""

    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    OVER_BUDGET = "over_budget"
    UNAUTHORISED = "unauthorised"
    NOT_FOUND = "not_found"
    OVERLOADED = "overloaded"
    REFUSED = "refused"
    FAILED = "failed"
    INVALID_ANSWER = "invalid_answer"
    UNSUPPORTED = "unsupported"

    @property
    def explanation(self) -> str:
        """What happened and what to do, for the operator; nothing of the meeting."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    Failure.UNREACHABLE: "The endpoint could not be reached. Check MINUTIER_SUMMARISATION_BASE_URL and that "
    "its server runs.",
    Failure.TIMED_OUT: "The endpoint did not answer in time. Check its load, or raise "
    "MINUTIER_SUMMARISATION_READ_SECONDS.",
    Failure.OVER_BUDGET: "The minutes took too long. Use a faster endpoint, or raise "
    "MINUTIER_SUMMARISATION_BUDGET_SECONDS.",
    Failure.UNAUTHORISED: "The endpoint refused the key. Check MINUTIER_SUMMARISATION_API_KEY.",
    Failure.NOT_FOUND: "The endpoint does not know the address or the model. Check "
    "MINUTIER_SUMMARISATION_BASE_URL and MINUTIER_SUMMARISATION_MODEL.",
    Failure.OVERLOADED: "The endpoint is overloaded. Give it more capacity, or lower "
    "MINUTIER_SUMMARISATION_CONCURRENCY.",
    Failure.REFUSED: "The endpoint refused the request. Check that its model can take "
    "MINUTIER_SUMMARISATION_CONTEXT_TOKENS.",
    Failure.FAILED: "The endpoint failed. Look at its server's log.",
    Failure.INVALID_ANSWER: "The endpoint's answers were not in the form that was asked for. Use another "
    "MINUTIER_SUMMARISATION_MODEL, or raise MINUTIER_SUMMARISATION_ANSWER_TOKENS.",
    Failure.UNSUPPORTED: "The endpoint wrote no summary that the transcript supports. Use another "
    "MINUTIER_SUMMARISATION_MODEL.",
}
