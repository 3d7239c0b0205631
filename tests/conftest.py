"""What holds for every test: CI skips nothing, and what a run says at its end, whichever of its processes has seen it."""

from __future__ import annotations

import gc
import os
import signal
import tempfile
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import settings

# a program that was started with nohup, or in the background, ignores signals, and so does everything that it starts
for _number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGINT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL)

# what runs keep of themselves is not for the home of whoever runs the tests
_STATE = tempfile.TemporaryDirectory(prefix="podstead-state-")
os.environ["XDG_STATE_HOME"] = _STATE.name

# how long an example takes says more about the machine than about the code
settings.register_profile("podstead", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=10)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "podstead"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that is skipped proves nothing: where CI is set, what the machine lacks is an error."""
    report = yield
    if report.skipped and os.environ.get("CI"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"CI must run this. {reason}"
    return report


def pytest_collection_finish() -> None:
    """Thousands of tests are no garbage: what is there by now is not looked at again."""
    gc.freeze()


SEEN = pytest.StashKey[list[str]]()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process that runs a part of the tests hands over what its part has to say (xdist's ``workeroutput``)."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["seen"] = session.config.stash.get(SEEN, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # noqa: ARG001 - xdist's
    """Take over what a process that has ended had to say."""
    node.config.stash.setdefault(SEEN, []).extend(getattr(node, "workeroutput", {}).get("seen", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print it below the results."""
    lines = config.stash.get(SEEN, [])
    if lines:
        terminalreporter.section("detection")
        for line in lines:
            terminalreporter.write_line(line)
