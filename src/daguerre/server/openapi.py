"""The OpenAPI document, as JSON, as YAML, as a page that fetches nothing from elsewhere, and in short for models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, Response

from daguerre.server.problems import Problem, ProblemBody, documented

_PAGE = Path(__file__).parent / "docs"
_METHODS = ("get", "post", "delete")


def install(app: FastAPI, root_path: str) -> None:
    """Give ``app`` its document, ``/api/docs`` and ``/llms.txt``."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            servers = [{"url": root_path}] if root_path else None
            document = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes, servers=servers
            )
            app.openapi_schema = _as_answered(document)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]

    @app.get("/api/v1/openapi.yaml", include_in_schema=False)
    async def yaml_document() -> Response:
        import yaml

        text = yaml.safe_dump(describe(), allow_unicode=True, sort_keys=False, width=120)
        return Response(text, media_type="application/yaml")

    @app.get("/llms.txt", include_in_schema=False)
    async def summary() -> Response:
        return Response(_summary(describe(), root_path), media_type="text/markdown; charset=utf-8")

    @app.get("/api/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(_PAGE / "docs.html")

    @app.get("/api/docs/{name}", include_in_schema=False)
    async def part(name: str) -> FileResponse:
        if name not in ("docs.css", "docs.js"):
            raise Problem("NO_SUCH_FILE")
        return FileResponse(_PAGE / name)


def _as_answered(document: dict[str, Any]) -> dict[str, Any]:
    """The document with this server's refusals: what is not valid is answered with a 400."""
    for operations in document["paths"].values():
        for operation in operations.values():
            invalid = operation["responses"].get("422", {}).get("content", {}).get("application/json", {})
            if "HTTPValidationError" in str(invalid):
                del operation["responses"]["422"]
                operation["responses"].setdefault("400", documented(400)[400])
            form = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data", {}).get("schema", {})
            # FastAPI leaves out what is null; a default of null says something.
            for field in form.get("properties", {}).get("settings", {}).get("properties", {}).values():
                field.setdefault("default", None)
    document["components"]["schemas"]["ProblemBody"] = ProblemBody.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    return document


def _summary(document: dict[str, Any], root_path: str) -> str:
    """What a language model has to know to use the service: https://llmstxt.org."""
    info = document["info"]
    lines = [
        f"# {info['title']}", "", f"> {info['description']} HTTP API, version {info['version']}.", "",
        "Send a photo as multipart/form-data with `file` and, as JSON, `settings`; the answer is 202 with a `jobId`. "
        "Follow the job as Server-Sent Events, or ask for it, until `phase` is `complete` or `failed`; then fetch "
        "`result.downloadUrl`. Where the server has keys, send one as `Authorization: Bearer KEY`.", "",
        "```bash", f"curl -F file=@photo.jpg -F 'settings={{\"colorize\":true}}' "
        f"http://localhost:13490{root_path}/api/v1/tools/restore-photo", "```", "", "## Settings", "",
    ]  # fmt: skip
    form = document["paths"]["/api/v1/tools/restore-photo"]["post"]["requestBody"]["content"]["multipart/form-data"]
    for name, field in form["schema"]["properties"]["settings"]["properties"].items():
        lines.append(f"- `{name}`: {field['description']} Default: `{_literal(field.get('default'))}`.")
    lines += ["", "## Operations", ""]
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                said = operations[method].get("description", operations[method]["summary"]).splitlines()[0]
                lines.append(f"- `{method.upper()} {root_path}{path}`: {said}")
    lines += ["", f"The whole document: {root_path}/api/v1/openapi.json, or .yaml.", ""]
    return "\n".join(lines)


def _literal(value: object) -> str:
    return "none" if value is None else json.dumps(value)
