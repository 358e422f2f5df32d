"""pytest: the fixture `ntk_verify`, the marker `ntk`, three options, and a section in the terminal summary.

    def test_my_theory(ntk_verify):
        ntk_verify(net, x, kernel_fn=my_kernel_fn)

fails with the verdict's table where the theory is REFUTED. All verdicts of a session are one family: false alarms
have probability ≤ --ntk-alpha together. `@pytest.mark.ntk(budget=…, widths=…)` sets a test's own budget or widths.
Neither JAX nor SymPy is imported before a test asks for the fixture.
"""

from collections.abc import Callable
from typing import Any

import pytest

_FAMILY = pytest.StashKey[Any]()
_SEEN = pytest.StashKey[list[tuple[str, str, str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the command line."""
    group = parser.getgroup("ntk_theory", "theory of wide networks against finite ones")
    group.addoption(
        "--ntk-alpha", type=float, default=1e-6, help="false alarms of all tests together (default 1e-6)"
    )
    group.addoption("--ntk-budget", type=float, default=2**28, help="neurons for each verdict (default 2.7e8)")
    group.addoption("--ntk-widths", help="widths instead of the claims' own, as in 64,256,1024")


def pytest_configure(config: pytest.Config) -> None:
    """The marker, and a place for what was found."""
    config.addinivalue_line("markers", "ntk(budget=…, widths=…): settings of ntk_verify for this test")
    config.stash[_SEEN] = []
    _widths(config)


def _widths(config: pytest.Config) -> tuple[int, ...] | None:
    text = config.getoption("--ntk-widths")
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise pytest.UsageError(f"--ntk-widths {text}: give whole numbers, as in 64,256,1024") from error


@pytest.fixture
def ntk_verify(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`ntk_verify(net, x, **settings)`: as `ntk_theory.verify`, but a REFUTED theory fails the test.

    Settings are those of `verify`, save alpha, which is the session's. `expect="REFUTED"` turns the test round:
    it fails unless the theory is refuted. A failure shows the smallest example that was found to fail too.
    """
    from ntk_theory.verify.family import Family

    config = request.config
    if _FAMILY not in config.stash:
        alpha, budget = config.getoption("--ntk-alpha"), int(config.getoption("--ntk-budget"))
        config.stash[_FAMILY] = Family(alpha=alpha, budget=budget, widths=_widths(config))
    family, seen = config.stash[_FAMILY], config.stash[_SEEN]
    marker = request.node.get_closest_marker("ntk")
    own = dict(marker.kwargs) if marker else {}

    def check(net: Any, x: Any, *, expect: str | None = None, **settings: Any) -> Any:
        settings = {**own, **settings}
        verdict = family.verify(net, x, label=request.node.nodeid, **settings)
        seen.append((request.node.nodeid, verdict.verdict, f"{verdict.claim}; {_numbers(verdict)}"))
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


def _numbers(verdict: Any) -> str:
    return f"e-value 10^{verdict.log10_e_value:.1f}, {verdict.neurons:.2g} neurons, {verdict.seconds:.1f} s"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Each verdict, and what they are worth together."""
    seen = config.stash[_SEEN]
    if not seen:
        return
    terminalreporter.section("ntk_theory verdicts")
    for nodeid, verdict, about in seen:
        terminalreporter.write_line(f"{verdict:<10} {nodeid}: {about}")
    alpha = config.getoption("--ntk-alpha")
    terminalreporter.write_line(f"{len(seen)} verdicts; false alarms among them with probability ≤ {alpha:g}.")
