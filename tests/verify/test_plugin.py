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


def test_options_are_checked(pytester):
    pytester.makepyfile("def test_nothing(): pass")
    result = pytester.runpytest_inprocess(*ARGUMENTS, "--ntk-widths=64,wide")
    result.stderr.fnmatch_lines(["*--ntk-widths 64,wide: give whole numbers*"])
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_pytest_starts_without_jax_and_sympy():
    code = "import sys, ntk_theory.verify.plugin; assert not {'jax', 'sympy', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
