"""The pages of policies."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from minutier.retention.officers import officer
from minutier.retention.pages.forms import SENT, Form, answered, number
from minutier.retention.pages.office import Office
from minutier.retention.pages.views import policies as views
from minutier.retention.policies.routes import mark, policy_of, put_in_force, withdraw
from minutier.retention.policies.shown import Body
from minutier.retention.policies.simulate import simulate
from minutier.schemas.clock import now
from minutier.shared.identity.domain import Person

_YEAR = timedelta(days=365)


def routes(office: Office) -> APIRouter:
    api = APIRouter()
    asking: Any = officer(office.gate)
    costly: Any = officer(office.gate, costly=True)

    @api.get("/policies")
    async def show_policies(request: Request, person: Person = asking) -> Response:
        async with office.desks.of(person.tenant) as desk:
            tenant = await desk.register.tenant()
        return await office.pages.page(
            request,
            "policies.html",
            person=person,
            policies=views.in_force(tenant),
            public_body=tenant.public_body,
        )

    @api.post("/policies")
    async def mark_organisation(person: Person = asking, form: Form = SENT) -> Response:
        marked = {"yes": True, "no": False}.get(form.text("public_body"))
        if marked is None:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "Say whether it is: 'yes' or 'no'.")
        async with office.desks.of(person.tenant) as desk:
            await mark(Body(public_body=marked), person, desk)
        return RedirectResponse("/policies", HTTPStatus.SEE_OTHER)

    @api.get("/policies/new")
    async def begin_policy(person: Person = asking) -> Response:
        # It has its id from the beginning: sent twice, it is set once.
        return RedirectResponse(f"/policies/{uuid4()}/change", HTTPStatus.SEE_OTHER)

    @api.get("/policies/{id}")
    async def show_policy(id: UUID, request: Request, person: Person = asking) -> Response:
        return await _policy(office, id, request, person, Form())

    @api.post("/policies/{id}")
    async def withdraw_policy(
        id: UUID, request: Request, person: Person = asking, form: Form = SENT
    ) -> Response:
        async def do() -> str:
            async with office.desks.of(person.tenant) as desk:
                await withdraw(id, _version(form), person, desk)
            return f"/policies/{id}"

        return await answered(
            form, do, lambda form, status: _policy(office, id, request, person, form, status)
        )

    @api.get("/policies/{id}/change")
    async def write_policy(id: UUID, request: Request, person: Person = asking) -> Response:
        draft = await _draft(office, id, person)
        return await _form(office, request, person, draft, views.form_of(draft))

    @api.post("/policies/{id}/change")
    async def set_policy(id: UUID, request: Request, person: Person = costly, form: Form = SENT) -> Response:
        """Set it, or only try what it would have made due."""
        draft = await _draft(office, id, person)

        async def do() -> str | Response:
            asked = views.asked(form, default=draft.is_default)
            policy = policy_of(asked, id, _version(form), person)
            if form.has("do", "simulate"):
                found = await simulate(policy, since=now() - _YEAR, until=now(), registers=office.registers)
                return await _form(office, request, person, draft, form, simulated=views.simulated(found))
            async with office.desks.of(person.tenant) as desk:
                await put_in_force(policy, person, desk)
            return f"/policies/{id}"

        return await answered(
            form, do, lambda form, status: _form(office, request, person, draft, form, status)
        )

    return api


async def _policy(
    office: Office,
    id: UUID,
    request: Request,
    person: Person,
    form: Form,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    async with office.desks.of(person.tenant) as desk:
        versions = await desk.register.versions(id)
        tenant = await desk.register.tenant()
    if not versions:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such policy in your organisation.")
    return await office.pages.page(
        request,
        "policy.html",
        person=person,
        status=status,
        row=views.row(versions[0].policy),
        versions=tuple(versions),
        disposition=tenant.disposition(versions[0].policy),
        form=form,
    )


async def _form(
    office: Office,
    request: Request,
    person: Person,
    draft: views.Draft,
    form: Form,
    status: HTTPStatus = HTTPStatus.OK,
    simulated: views.Simulated | None = None,
) -> Response:
    return await office.pages.page(
        request,
        "policy_form.html",
        person=person,
        status=status,
        draft=draft,
        form=form,
        simulated=simulated,
    )


async def _draft(office: Office, id: UUID, person: Person) -> views.Draft:
    async with office.desks.of(person.tenant) as desk:
        return views.draft(id, await desk.register.versions(id), person.tenant)


def _version(form: Form) -> int:
    """That which whoever fills in the form is about to set; of what is no number nothing comes."""
    version = number(form.text("version"))
    if not isinstance(version, int) or not 1 <= version <= 10**6:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "Load the form again: it has no version.")
    return version
