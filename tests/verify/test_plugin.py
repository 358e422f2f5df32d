"""The pytest plugin, run as its users run it: in a pytest of its own, warnings as errors."""

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]
ARGUMENTS = ("-p", "ntk_theory.verify.plugin", "-p", "no:cacheprovider", "-W", "error")
TESTS = """
import numpy as np
import pytest
import ntk_theory as ntk

X = np.array([[1.0, 0.5]])
NET = ntk.mlp("erf", depth=1, W_std=1.5)

def off(x, get):
    right = NET.kernel_fn(x, get=get)
    return right._replace(ntk=1.05 * right.ntk)

@pytest.mark.ntk(min_detectable=0.02)
def test_right(ntk_verify):
    assert ntk_verify(NET, X).min_detectable == 0.02

def test_wrong(ntk_verify):
    ntk_verify(NET, np.array([[1.0, 0.5], [0.3, 0.1]]), kernel_fn=off)

def test_planted(ntk_verify):
    ntk_verify(NET, X, kernel_fn=off, expect="REFUTED")

def test_without():
    pass
"""


MISTAKES = """
import pytest

@pytest.mark.ntk(64)
def test_marker(ntk_verify):
    pass

def test_expectation(ntk_verify):
    ntk_verify(None, None, expect="refuted")
"""
UNDECIDED = """
import numpy as np
import ntk_theory as ntk

NET = ntk.mlp("erf", depth=1)

def test_passes(ntk_verify):
    assert ntk_verify(NET, np.array([[1.0]]), widths=(2, 3)).verdict == "UNDECIDED"

def test_fails(ntk_verify):
    ntk_verify(NET, np.array([[1.0]]), widths=(2, 3), expect="VERIFIED")
"""


def test_verdicts_messages_and_summary(pytester):
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_inprocess(*ARGUMENTS, "--ntk-alpha=1e-5", "--ntk-widths=64,256")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*REFUTED: ntk?*wrong by +*% of the kernel's size.*",
            "*width*quantity*estimate*bound*predicted*log10 e*",
            "*A smaller example:*",
            "x = numpy.array(*",
            "Run again: pytest 'test_verdicts*::test_wrong' --ntk-alpha 1e-05",
            "*ntk_theory verdicts*",
            "VERIFIED *::test_right: *e-value 10^*neurons*",
            "REFUTED *::test_wrong: *",
            "REFUTED *::test_planted: *",
            "3 verdicts; false alarms among them with probability ≤ 1e-05.",
        ]
    )


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--ntk-widths=64,wide", "give whole numbers"),
        ("--ntk-widths=256,64", "give them ascending"),
        ("--ntk-alpha=2", "give a probability"),
        ("--ntk-budget=nan", "give a number of neurons"),
    ],
)
def test_options_are_checked(pytester, option, words):
    pytester.makepyfile("def test_nothing(): pass")
    result = pytester.runpytest_inprocess(*ARGUMENTS, option)
    result.stderr.fnmatch_lines([f"*{option.replace('=', ' ')}: {words}*"])
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_markers_and_expectations_are_checked(pytester):
    pytester.makepyfile(MISTAKES)
    result = pytester.runpytest_inprocess(*ARGUMENTS)
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines_random(["*takes settings by name only*", "*expect='refuted' is not among*"])


def test_undecided_passes_only_where_nothing_else_is_expected(pytester):
    pytester.makepyfile(UNDECIDED)
    result = pytester.runpytest_inprocess(*ARGUMENTS)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*expected VERIFIED*", "2 of them UNDECIDED, which says nothing*"])


@pytest.mark.slow
def test_workers_of_xdist_report_too(pytester):
    """Equal verdicts, e-values and neurons with two workers as without: each example has the same alpha."""
    pytest.importorskip("xdist")
    pytester.makepyfile(TESTS)
    shown = []
    for workers in ((), ("-n2",)):
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--ntk-widths=64,256", *workers)
        result.assert_outcomes(passed=3, failed=1)
        lines = [line for line in result.outlines if line.startswith(("VERIFIED", "REFUTED"))]
        shown.append(sorted(line.rsplit(",", 1)[0] for line in lines))
        result.stdout.fnmatch_lines(["3 verdicts; false alarms among them with probability ≤ 1e-06."])
    assert shown[0] == shown[1]


def test_pytest_starts_without_jax_and_sympy():
    code = "import sys, ntk_theory.verify.plugin; assert not {'jax', 'sympy', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
