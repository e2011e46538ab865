"""The pages, for compliance staff. What people do on them is done and written down as by the API."""

from fastapi import APIRouter

from minutier.retention.pages import audit, erasures, holds, overview, policies, purges, recordings, records
from minutier.retention.pages.office import Office


def router(office: Office) -> APIRouter:
    api = APIRouter(include_in_schema=False)
    for part in (overview, policies, holds, purges, erasures, records, recordings, audit):
        api.include_router(part.routes(office))
    return api
