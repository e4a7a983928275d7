"""The API's description: paths by hand, shapes from the records that are sent."""

from typing import Any

import msgspec

from warmstart.web.answering import ModelAbout, PictureAnswer
from warmstart.web.problems import JSON, Problem

PICTURE = {
    "required": True,
    "description": "The bytes of a picture's file, as they are: no form, no base64.",
    "content": {
        kind: {"schema": {"type": "string", "format": "binary"}}
        for kind in ("image/*", "application/octet-stream")
    },
}
STATUSES = {
    400: "A word of the query does not fit, or the Host is none of this server's.",
    403: "A page of another origin asks.",
    404: "There is no such path.",
    405: "The path has other methods.",
    408: "The body was too slow.",
    413: "The body is too large.",
    422: "The body is no picture that can be read.",
    429: "Too many requests from this address.",
    503: "Too much waits.",
}
ALWAYS = (400, 403, 429)
OF_PICTURES = (*ALWAYS, 408, 413, 422, 503)
ON_UNREADABLE = {
    "name": "on_unreadable",
    "in": "query",
    "description": "use takes what is left of a damaged JPEG.",
    "schema": {"enum": ["raise", "use"], "default": "raise"},
}
CONFIDENCE = {
    "name": "confidence",
    "in": "query",
    "description": "Asks for a set of classes that holds the truth so often; of models that can.",
    "schema": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
}
TOP = {
    "name": "top",
    "in": "query",
    "description": "How many classes are told, the likeliest first; all by default.",
    "schema": {"type": "integer", "minimum": 1},
}
CLASS_NAME = {
    "name": "class_name",
    "in": "query",
    "required": True,
    "description": "The class that it is asked about.",
    "schema": {"type": "string"},
}


def describe_api(version: str) -> dict[str, Any]:
    """OpenAPI 3.1.

    Args:
        version: Of this package.
    """
    records = (PictureAnswer, ModelAbout, Problem)
    schemas, shapes = msgspec.json.schema_components(
        records, ref_template="#/components/schemas/{name}"
    )
    answer, about, problem = schemas
    errors = {str(status): failure(status, problem) for status in STATUSES}

    def operation(
        summary: str, kind: str, schema: Any, codes: tuple[int, ...], **more: Any
    ) -> dict[str, Any]:
        told = {str(code): errors[str(code)] for code in codes}
        good = {"description": "Done.", "content": {kind: {"schema": schema}}}
        return {"summary": summary, "responses": {"200": good, **told}, **more}

    text = {"type": "string"}
    predict = operation(
        "What is on a picture.", JSON, answer, OF_PICTURES,
        parameters=[CONFIDENCE, TOP, ON_UNREADABLE], requestBody=PICTURE,
    )  # fmt: skip
    explain = operation(
        "Where in a picture the network found what speaks for a class.",
        "image/jpeg", {**text, "format": "binary"}, OF_PICTURES,
        parameters=[CLASS_NAME, ON_UNREADABLE], requestBody=PICTURE,
    )  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "warmstart serve",
            "version": version,
            "description": "One image classifier. Its answers are those of `warmstart predict`.",
        },
        "paths": {
            "/api/predict": {"post": predict},
            "/api/explain": {"post": explain},
            "/api/model": {"get": operation("What the model is.", JSON, about, ALWAYS)},
            "/healthz": {"get": operation("Whether it answers.", "text/plain", text, ALWAYS)},
            "/metrics": {"get": operation("Counters.", "text/plain", text, ALWAYS)},
            "/openapi.json": {
                "get": operation("This description.", JSON, {"type": "object"}, ALWAYS)
            },
        },
        "components": {"schemas": shapes},
    }


def failure(status: int, problem: Any) -> dict[str, Any]:
    """What one status means."""
    content: dict[str, Any] = {JSON: {"schema": problem}}
    if status == 400:  # Starlette's own word on a Host that is none of ours
        content["text/plain"] = {"schema": {"type": "string"}}
    return {"description": STATUSES[status], "content": content}
