"""The stranger's theory of examples/ is refuted from the command line, and verified with its sign set right."""

import importlib.util
from pathlib import Path

import numpy as np

import ntk_theory as ntk
from ntk_theory.cli import main

EXAMPLE = Path(__file__).parents[2] / "examples" / "erf_by_hand.py"
ARGUMENTS = ["verify", "erf", "--depth", "2", "--W-std", "1.5", "--b-std", "0.3", "--widths", "64", "256"]


def test_the_slip_is_refuted_and_the_command_repeats_it(capsys):
    assert main([*ARGUMENTS, "--theory", f"{EXAMPLE}:kernel_fn"]) == 1
    text = capsys.readouterr().out
    assert text.startswith("REFUTED: ntk[")
    assert text.splitlines()[-1].strip().startswith("ntk-theory verify erf --depth 2 --W-std 1.5 --b-std 0.3")
    assert "erf_by_hand.py:kernel_fn" in text.splitlines()[-1]


def test_without_the_slip_it_is_verified():
    spec = importlib.util.spec_from_file_location("erf_by_hand", EXAMPLE)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    example.SLIP = -1
    net = ntk.mlp("erf", depth=2, W_std=1.5, b_std=0.3)
    x = np.array([[1.0, 0.5], [0.3, -0.2]])
    assert np.allclose(example.kernel_fn(x).ntk, net.kernel_fn(x, get="ntk"))


def test_addresses_that_are_none(capsys, tmp_path):
    raises, no_python = tmp_path / "raises.py", tmp_path / "no_python.py"
    raises.write_text("import math\n\ndef kernel_fn(x, get):\n    return 1 / 0\n")
    no_python.write_text("def kernel_fn(:\n")
    for address, words in [
        ("nowhere.py:kernel_fn", "No such file"),
        ("kernel_fn", "write FILE:NAME"),
        (f"{EXAMPLE}:nothing", "no function"),
        (f"{raises}:kernel_fn", "line 4: ZeroDivisionError"),
        (f"{no_python}:kernel_fn", "line 1: SyntaxError"),
    ]:
        assert main([*ARGUMENTS, "--theory", address]) == 2  # 1 would say that the theory is refuted
        assert words in capsys.readouterr().err
    assert main([*ARGUMENTS, "--budget", "1000"]) == 2
    assert "pilot" in capsys.readouterr().err
    assert main([*ARGUMENTS, "--inputs", "[[1, 2], [3]]"]) == 2
    assert "no JSON list" in capsys.readouterr().err
