"""pytest: the fixture `ntk_verify`, the marker `ntk`, three options, and a section in the terminal summary.

    def test_my_theory(ntk_verify):
        ntk_verify(net, x, kernel_fn=my_kernel_fn)

fails with the verdict's table where the theory is REFUTED. All verdicts of a session are one family: false alarms
have probability ≤ --ntk-alpha together, up to 10,000 of them, with pytest-xdist too, whose workers share them.
`@pytest.mark.ntk(budget=…, widths=…)` sets a test's own budget or widths. Neither JAX nor SymPy is imported before
a test asks for the fixture.
"""

import math
import os
from collections.abc import Callable
from typing import Any

import pytest

_FAMILY = pytest.StashKey[Any]()
_PROPERTY = "ntk_theory verdict"
_EXAMPLES = 10_000
_VERDICTS = ("VERIFIED", "REFUTED", "UNDECIDED")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the command line."""
    group = parser.getgroup("ntk_theory", "theory of wide networks against finite ones")
    group.addoption(
        "--ntk-alpha", type=float, default=1e-6, help="false alarms of all tests together (default 1e-6)"
    )
    group.addoption("--ntk-budget", type=float, default=2**28, help="neurons for each verdict (default 2.7e8)")
    group.addoption("--ntk-widths", help="widths instead of the claims' own, as in 64,256,1024")


def pytest_configure(config: pytest.Config) -> None:
    """The marker; options that make no sense are refused before any test runs."""
    config.addinivalue_line("markers", "ntk(budget=…, widths=…): settings of ntk_verify for this test")
    alpha, budget = config.getoption("--ntk-alpha"), config.getoption("--ntk-budget")
    if not 0 < alpha < 1:
        raise pytest.UsageError(f"--ntk-alpha {alpha:g}: give a probability between 0 and 1, as in 1e-6")
    if not (math.isfinite(budget) and budget > 0):
        raise pytest.UsageError(f"--ntk-budget {budget:g}: give a number of neurons, as in 3e8")
    _widths(config)
    config.pluginmanager.register(_Summary(), "ntk_theory verdicts")


def _widths(config: pytest.Config) -> tuple[int, ...] | None:
    text = config.getoption("--ntk-widths")
    if text is None:
        return None
    try:
        widths = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise pytest.UsageError(f"--ntk-widths {text}: give whole numbers, as in 64,256,1024") from error
    if min(widths) < 2 or sorted(set(widths)) != list(widths):
        raise pytest.UsageError(f"--ntk-widths {text}: give them ascending, of at least 2, as in 64,256,1024")
    return widths


@pytest.fixture
def ntk_verify(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`ntk_verify(net, x, **settings)`: as `ntk_theory.verify`, but a REFUTED theory fails the test.

    Settings are those of `verify`, save alpha, which is the session's. `expect` names the verdict without which
    the test fails: `expect="VERIFIED"` does not let an UNDECIDED pass, `expect="REFUTED"` turns the test round. A
    failure shows the smallest example that was found to fail too.
    """
    from ntk_theory.verify.family import Family

    config = request.config
    if _FAMILY not in config.stash:
        # workers share the examples: each example has the same alpha, and so the same networks, as without them
        share = _EXAMPLES // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        alpha = config.getoption("--ntk-alpha") * share / _EXAMPLES
        budget = int(config.getoption("--ntk-budget"))
        config.stash[_FAMILY] = Family(alpha=alpha, examples=share, budget=budget, widths=_widths(config))
    family = config.stash[_FAMILY]
    own = _own_settings(request.node)

    def check(net: Any, x: Any, *, expect: str | None = None, **settings: Any) -> Any:
        if expect is not None and expect not in _VERDICTS:
            pytest.fail(f"expect={expect!r} is not among {', '.join(_VERDICTS)}", pytrace=False)
        settings = {**own, **settings}
        verdict = family.verify(net, x, label=request.node.nodeid, **settings)
        about = f"{verdict.claim}; {_numbers(verdict)}"
        request.node.user_properties.append((_PROPERTY, f"{verdict.verdict:<10} {request.node.nodeid}: {about}"))
        rerun = f"Run again: pytest '{request.node.nodeid}' --ntk-alpha {config.getoption('--ntk-alpha'):g}"
        if expect is not None:
            if verdict.verdict != expect:
                pytest.fail(f"expected {expect}\n{verdict}\n{rerun}", pytrace=False)
        elif verdict.verdict == "REFUTED":
            from ntk_theory.verify.smallest import smallest

            least = smallest(net, x, verdict, **{"widths": family.widths, **settings})
            smaller = "" if least is None else f"\n\nA smaller example:\n{least.snippet}\n{least.reason}"
            pytest.fail(f"{verdict}{smaller}\n{rerun}", pytrace=False)
        return verdict

    return check


def _own_settings(node: Any) -> dict[str, Any]:
    """The settings of the test's marker; those of its class or module hold where it has none itself."""
    own: dict[str, Any] = {}
    for marker in node.iter_markers("ntk"):
        if marker.args:
            pytest.fail("@pytest.mark.ntk takes settings by name only, as in ntk(budget=1e8)", pytrace=False)
        own = {**marker.kwargs, **own}
    return own


def _numbers(verdict: Any) -> str:
    return f"e-value 10^{verdict.log10_e_value:.1f}, {verdict.neurons:.2g} neurons, {verdict.seconds:.1f} s"


class _Summary:
    """A section of the terminal summary: each verdict in the order of the tests, and what they are worth together.

    Verdicts come with the tests' reports, and so from the workers of pytest-xdist too.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test's call has found."""
        if report.when == "call":
            self.seen += [str(text) for name, text in report.user_properties if name == _PROPERTY]

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """Write the section, where there is anything to write."""
        if not self.seen:
            return
        terminalreporter.section("ntk_theory verdicts")
        for text in self.seen:
            terminalreporter.write_line(text)
        alpha = config.getoption("--ntk-alpha")
        terminalreporter.write_line(
            f"{len(self.seen)} verdicts; false alarms among them with probability ≤ {alpha:g}."
        )
        undecided = sum(text.startswith("UNDECIDED") for text in self.seen)
        if undecided:
            terminalreporter.write_line(
                f"{undecided} of them UNDECIDED, which says nothing for a theory: raise --ntk-budget, or let "
                'such tests fail by expect="VERIFIED".'
            )
