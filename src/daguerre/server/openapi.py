"""The OpenAPI document, and a page that shows it without fetching anything from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse

from daguerre.server.problems import ProblemBody, documented

_PAGE = Path(__file__).parent / "docs"


def install(app: FastAPI) -> None:
    """Give ``app`` its document and ``/api/docs``."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _as_answered(
                get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            )
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]

    @app.get("/api/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(_PAGE / "docs.html")

    @app.get("/api/docs/{name}", include_in_schema=False)
    async def part(name: str) -> FileResponse:
        known = {"docs.css", "docs.js"}
        return FileResponse(_PAGE / (name if name in known else "docs.html"))


def _as_answered(document: dict[str, Any]) -> dict[str, Any]:
    """The document with this server's refusals: what is not valid is answered with a 400."""
    for operations in document["paths"].values():
        for operation in operations.values():
            if operation["responses"].pop("422", None) is not None:
                operation["responses"].setdefault("400", documented(400)[400])
    document["components"]["schemas"]["ProblemBody"] = ProblemBody.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    return document
