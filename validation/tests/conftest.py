"""What all tests share: which may run beside each other, and that nothing is skipped where everything is prepared."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share loopback addresses, or a server that takes seconds to start, on one worker of xdist."""
    for item in items:
        server = getattr(item, "callspec", None) and item.callspec.params.get("stack")
        group = server or ("local" if Path(item.path).parent.name == "local" else None)
        if group:
            item.add_marker(pytest.mark.xdist_group(str(group)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """`make test` has prepared everything, so there a test that skips for want of a tool has failed."""
    report = yield
    wants_a_tool = report.skipped and "leanrag tools" in str(report.longrepr)
    if wants_a_tool and os.environ.get("LEANRAG_REQUIRE_ALL"):
        report.outcome = "failed"
    return report
