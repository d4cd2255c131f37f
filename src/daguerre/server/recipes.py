"""The recipes that the service keeps: settings with names."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from daguerre.recipes import list_recipes
from daguerre.server.auth import User
from daguerre.server.problems import documented
from daguerre.server.service import ServiceOf

router = APIRouter(prefix="/api/v1", tags=["restore"])


class Recipe(BaseModel):
    """``settings`` as a job is sent them."""

    name: str
    settings: dict[str, Any]


class Recipes(BaseModel):
    """Sorted by their names."""

    recipes: list[Recipe]


@router.get("/recipes", responses=documented(401, 403))
async def recipes(service: ServiceOf, caller: User) -> Recipes:
    """The recipes that a job may name."""
    del caller
    found = await run_in_threadpool(list_recipes, service.config.recipes)
    told = [
        Recipe(name=name, settings=settings.model_dump(mode="json", by_alias=True, exclude_unset=True))
        for name, settings in found.items()
    ]
    return Recipes(recipes=told)
