"""The command line as a user meets it: answers, exit statuses, bad input, no traceback."""

import json
import subprocess
import sys

import numpy as np
import pytest

from ntk_theory.cli import main


def run(capsys, *arguments):
    status = main([str(a) for a in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_derive(capsys):
    status, out, _ = run(capsys, "derive", "relu")
    assert status == 0
    assert "K(q1, q2, c) = sqrt(q1*q2)*(c*(pi - acos(c)) + sqrt(1 - c**2))/(2*pi)" in out
    assert "certificate Price: holds" in out


def test_derive_as_json(capsys):
    status, out, _ = run(capsys, "derive", "logistic", "--json")
    result = json.loads(out)
    assert status == 0
    assert result["closed_form"] is False
    assert "elementary" in result["reason"]


def test_derive_as_latex(capsys):
    _, out, _ = run(capsys, "derive", "erf", "--latex")
    assert out.startswith(r"\begin{align*}")


def test_derive_with_a_jump_says_so(capsys):
    status, out, _ = run(capsys, "derive", "sign")
    assert status == 0
    assert "jumps by 2 at x = 0" in out


def test_derive_says_where_it_holds_and_why_there_is_no_slope(capsys):
    _, out, _ = run(capsys, "derive", "exp(x**2/4)")
    assert "exists: V where 1 - q > 0" in out
    status, out, _ = run(capsys, "derive", "max(x, 0)**0.4")
    assert status == 0
    assert "φ′ is not square-integrable; there is no NTK" in out


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["derive", "nonsense"], "ActivationSyntaxError"),
        (["derive", "__import__('os').system('true')"], "ActivationSyntaxError"),
        (["derive", "exp(x**3)"], "DivergentExpectationError"),
        (["derive", ""], "ActivationSyntaxError"),
        (["derive", "x" + "+x" * 2500], "ActivationSyntaxError"),
        (["derive", "(" * 70 + "x" + ")" * 70], "ActivationSyntaxError"),
        (["derive", "exp(" * 50 + "x" + ")" * 50], "NotInClassError"),
        (["derive", "x**1000000"], "ActivationSyntaxError"),
        (["derive", "sqrt(-1)*x"], "ActivationSyntaxError"),
        (["derive", "é + x"], "ActivationSyntaxError"),
        (["derive", "x/0"], "ActivationSyntaxError"),
        (["derive", "1/x"], "DivergentExpectationError"),
        (["derive", "log(x)"], "DivergentExpectationError"),
        (["derive", "x**(1/3)"], "DivergentExpectationError"),
        (["derive", "x**x"], "DivergentExpectationError"),
        (["derive", "max(x, alpha*x)"], "NotInClassError"),
        (["verify", "relu", "--W-std", "-1"], "DataError"),
        (["verify", "relu", "--W-std", "nan"], "DataError"),
        (["verify", "relu", "--cosine", "2"], "DataError"),
        (["kernel", "relu", "--data", "missing.npy", "--out", "k.npz"], "DataError"),
        (["phase", "relu", "--b-var", "-1"], "DataError"),
        (["phase", "relu", "--b-var", "nan"], "DataError"),
        (["phase", "sign"], "DivergentExpectationError"),
        (["table"], "DataError"),
        (["table", "nonsense"], "DataError"),
        (["table", "verdicts", "--results", "missing.json"], "DataError"),
        (["table", "kernels", "--results", "claims.json"], "DataError"),
    ],
)
def test_bad_input_is_named_and_exits_with_2(capsys, arguments, name):
    status, out, err = run(capsys, *arguments)
    assert status == 2
    assert err.startswith(f"{name}: ")
    assert out == ""
    status, out, _ = run(capsys, *arguments, "--json")
    assert status == 2
    assert json.loads(out)["error"] == name


def test_kernel_writes_both_matrices_or_nothing(capsys, tmp_path):
    x = np.random.default_rng(0).normal(size=(5, 3))
    np.save(tmp_path / "x.npy", x)
    out = tmp_path / "k.npz"
    status, _, _ = run(capsys, "kernel", "relu", "--depth", 2, "--data", tmp_path / "x.npy", "--out", out)
    assert status == 0
    with np.load(out) as kernels:
        assert kernels["ntk"].shape == kernels["nngp"].shape == (5, 5)
    x[2, 1] = np.nan
    np.save(tmp_path / "bad.npy", x)
    other = tmp_path / "other.npz"
    status, _, err = run(capsys, "kernel", "relu", "--data", tmp_path / "bad.npy", "--out", other)
    assert status == 2
    assert "row 2, column 1" in err
    status, _, err = run(
        capsys, "kernel", "relu", "--data", tmp_path / "x.npy", "--out", tmp_path / "no" / "k.npz"
    )
    assert status == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.npy", "k.npz", "x.npy"]


def test_phase_prints_certified_digits(capsys):
    status, out, _ = run(capsys, "phase", "logistic")
    assert status == 0
    assert "103.0075538555" in out


def test_every_command_shows_an_example(capsys):
    for command in ("derive", "phase", "kernel", "train", "predict", "verify", "table", "report"):
        with pytest.raises(SystemExit) as stopped:
            main([command, "--help"])
        assert stopped.value.code == 0
        assert f"example: ntk-theory {command}" in capsys.readouterr().out


def test_unknown_commands_exit_with_2(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["frobnicate"])
    assert stopped.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_as_a_module_and_with_a_closed_pipe():
    done = subprocess.run([sys.executable, "-m", "ntk_theory", "derive", "relu"], capture_output=True, text=True)
    assert done.returncode == 0
    piped = subprocess.run(
        f"{sys.executable} -m ntk_theory derive relu --json | head -c 1",
        shell=True,
        capture_output=True,
        text=True,
    )
    assert piped.stderr == ""


@pytest.mark.slow
def test_regime(capsys, tmp_path):
    data = tmp_path / "x.csv"
    data.write_text("1,0.5\n-0.5,1\n0.3,-1\n")
    status, out, _ = run(
        capsys, "regime", "relu", "--depth", 2, "--W-std", 1.4, "--width", 8, "--data", data, "--json"
    )
    assert status == 1
    assert json.loads(out)["verdict"] == "kernel random"
    status, _, err = run(capsys, "regime", "relu", "--tolerance", 3, "--data", data)
    assert status == 2
    assert "tolerance = 3.0 must lie in (0, 1)" in err
