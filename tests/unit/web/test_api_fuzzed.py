"""Whatever is sent, the API answers as its description says: no 500, no undocumented status."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
)
from tests.unit.web.conftest import photo

from warmstart import Predictor
from warmstart.web.predict_app import predict_app
from warmstart.web.settings import ServeLimits

pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
PATHS = ("/api/predict", "/api/explain", "/api/model", "/healthz", "/metrics", "/openapi.json")
UNSAID: Any = [
    positive_data_acceptance,
    negative_data_rejection,
]  # no schema says what a picture is
FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def schema(models: dict[str, Predictor]) -> schemathesis.BaseSchema:
    app = predict_app(models["single"], ServeLimits(per_second=1e9), [asgi.HOST])
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.parametrize("path", PATHS)
def test_the_api_does_what_it_says(schema: schemathesis.BaseSchema, path: str) -> None:
    """By hand, not by the plugin's decorator, which does not know this pytest."""
    (operation,) = schema[path].values()
    statuses: set[int] = set()

    @FEW
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        reply = case.call_and_validate(excluded_checks=UNSAID[:1])
        statuses.add(reply.status_code)

    @FEW
    @given(case=operation.as_strategy())
    def ask_with_a_picture(case: Any) -> None:
        case.body = photo(0)  # which mends what was to be wrong with the body
        reply = case.call_and_validate(excluded_checks=UNSAID)
        statuses.add(reply.status_code)

    ask()
    if path.startswith("/api/p"):
        ask_with_a_picture()
    assert (200 in statuses) == (path != "/api/explain")
