"""The document that every report is drawn from: the environment and the tests of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.report.upgrades import upgraded
from pytest_xraynoise.results import SCHEMA_VERSION, TestRecord
from pytest_xraynoise.results.serialize import plain, record_from_dict, record_to_dict

_REMEDY = "write it again with --xraynoise-json=PATH"


@dataclass(frozen=True, slots=True)
class Document:
    """Everything that one run measured.

    Attributes:
        environment: what :func:`pytest_xraynoise.report.environment.collect` gathered.
        tests: the records, sorted by test id.
    """

    environment: Mapping[str, Any]
    tests: Sequence[TestRecord]

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists: ``schema_version``, ``environment``, ``tests``."""
        return {
            "schema_version": SCHEMA_VERSION,
            "environment": plain(self.environment),
            "tests": [record_to_dict(test) for test in self.tests],
        }

    @classmethod
    def from_dict(cls, data: object) -> Document:
        """The inverse of :meth:`to_dict`.

        Raises:
            ReportError: if ``data`` is of a schema version that this release does not read, or is
                not such a document.
        """
        if not isinstance(data, Mapping) or "schema_version" not in data:
            raise ReportError(f"this is not a report of xraynoise (no schema_version); {_REMEDY}")
        data = upgraded(data)
        environment, tests = data.get("environment"), data.get("tests")
        if not isinstance(environment, Mapping) or not isinstance(tests, list):
            raise ReportError(
                f"this report is damaged (environment or tests are missing); {_REMEDY}"
            )
        return cls(dict(environment), tuple(_test(i, test) for i, test in enumerate(tests)))


def _test(index: int, data: object) -> TestRecord:
    try:
        if not isinstance(data, Mapping):
            raise TypeError(f"expected an object, got {type(data).__name__}")
        return record_from_dict(data)
    except KeyError as error:
        problem = f"field {error} is missing"
    except (TypeError, ValueError, AttributeError) as error:
        problem = str(error)
    raise ReportError(f"this report is damaged: tests[{index}]: {problem}; {_REMEDY}")
