# What there is to do in this workspace.
default:
    @just --list

# Every check and every test: on all cores, up to four, and two where servers run; what loads models has them alone.
test: check
    uv run pytest -n logical --maxprocesses 4 --dist loadfile tests/contract tests/unit
    uv run pytest -n 2 --dist loadfile tests/integration
    uv run pytest tests/models tests/e2e

# Style, types, imports and generated files.
check:
    uv run ruff check .
    uv run ruff format --check .
    uv run mypy schemas shared compose services tests bench
    uv run lint-imports
    uv run python -m minutier.schemas.generate --check

# Write the JSON Schemas and the AsyncAPI document anew.
schemas:
    uv run python -m minutier.schemas.generate

# Run one benchmark: diarization, transcription, pipeline, naming, platform, webhooks, search, query, purge or memory.
bench name *options:
    uv run python -m bench.{{ name }} {{ options }}

# Copy the fonts and icons of the pages anew, from the npm packages that shared/package-lock.json names.
vendor:
    uv run python shared/vendor.py

# Write into the French of the pages what they say now; what is missing there is then translated by hand.
messages:
    uv run python -m minutier.shared.pages.messages shared/minutier/shared/pages services/query/minutier/query/pages services/retention/minutier/retention/pages
