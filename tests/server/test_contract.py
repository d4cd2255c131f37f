"""The OpenAPI document and the server are held to each other, with requests that nobody would think of."""

from __future__ import annotations

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from daguerre.config import Config
from daguerre.jobs.backends import open_database
from daguerre.server.keys import Keys

EXAMPLES = 8


def told(error: BaseException) -> str:
    return "\n".join(map(told, error.exceptions)) if isinstance(error, BaseExceptionGroup) else str(error)


def hold(operation, mode, headers) -> None:
    """Requests that are right, or wrong in one thing, are answered as the document says."""
    # No schema says which bytes are a photo.
    excluded = [not_a_server_error, *([positive_data_acceptance] if "/tools/" in operation.path else [])]

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case):
        answer = case.call_and_validate(timeout=240, headers=headers, excluded_checks=excluded)
        # A 501 is an answer: the models that were asked for are not installed.
        assert answer.status_code < 500 or answer.status_code in (501,)

    holds()


def test_the_document_describes_what_the_server_does(start, tmp_path):
    key = Keys(open_database(Config(data=tmp_path / "data"))).create("tester", role="admin")
    server = start(
        "--workers", "1", SUBMISSIONS_PER_MINUTE=100_000, WRONG_KEYS_PER_MINUTE=100_000, OFFLINE="1", EARLY_STREAM_S=0
    )
    schema = schemathesis.openapi.from_url(f"{server.url}/api/v1/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 12
    failures = []
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                hold(operation, mode, {"Authorization": f"Bearer {key}"})
            except Unsatisfiable:  # Without parameters nothing can be wrong with them.
                continue
            except (Exception, BaseExceptionGroup) as error:
                failures.append(f"{operation.label}, {mode.value}: {told(error)}")
    assert not failures, "\n\n".join(failures)
