"""Every document is OpenAPI 3.1, every schema JSON Schema, and every example fits its schema."""

import copy

import jsonschema
from openapi_spec_validator import OpenAPIV31SpecValidator

from documents import DOCUMENTS, document, fail, finish, ok, operations


def problems_of_examples(text: dict):
    for method, path, operation in operations(text):
        media = [("takes", kind, body) for kind, body
                 in operation.get("requestBody", {}).get("content", {}).items()]
        for status, response in operation["responses"].items():
            media += [(status, kind, body) for kind, body in response.get("content", {}).items()]
        for place, kind, body in media:
            if "example" not in body:
                continue
            schema = copy.deepcopy(body["schema"])
            schema["components"] = text["components"]
            validator = jsonschema.Draft202012Validator(
                schema, format_checker=jsonschema.FormatChecker())
            for error in validator.iter_errors(body["example"]):
                yield f"{method} {path} {place} {kind}: {error.message}"
        for parameter in operation.get("parameters", []):
            if "example" in parameter:
                schema = dict(parameter["schema"], components=text["components"])
                for error in jsonschema.Draft202012Validator(schema).iter_errors(parameter["example"]):
                    yield f"{method} {path} {parameter['name']}: {error.message}"


for service in DOCUMENTS:
    text = document(service)
    errors = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
              for error in OpenAPIV31SpecValidator(text).iter_errors()]
    if errors:
        fail(f"{service}.json is OpenAPI 3.1", "; ".join(errors[:5]))
    else:
        ok(f"{service}.json is OpenAPI 3.1, with {sum(1 for _ in operations(text))} operations")
    problems = list(problems_of_examples(text))
    if problems:
        fail(f"{service}.json: examples fit their schemas", "; ".join(problems[:5]))
    else:
        ok(f"{service}.json: examples fit their schemas")

finish()
