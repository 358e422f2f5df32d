"""`train` and `predict` as a user meets them: small files, their answers against linear algebra, bad input."""

import csv
import json

import numpy as np
import pytest

from ntk_theory.cli import main
from ntk_theory.network import mlp

RNG = np.random.default_rng(3)
X = RNG.normal(size=(60, 3))
NUMBERS = np.column_stack([X, 5 + 2 * np.sin(X[:, 0]) + 0.1 * RNG.normal(size=60)])
CENTRES = RNG.normal(size=(3, 4))
CLASSES = np.column_stack([CENTRES[np.arange(60) % 3] + 0.3 * RNG.normal(size=(60, 4)), np.arange(60) % 3])
NETWORK = ("relu", "--depth", 1, "--W-std", 1.4, "--b-std", 0.1)


def run(capsys, *arguments):
    status = main([str(a) for a in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_train_on_classes_of_a_file(capsys, tmp_path):
    np.save(tmp_path / "c.npy", CLASSES)
    figure = tmp_path / "curve.png"
    status, out, err = run(
        capsys, "train", *NETWORK, "--data", tmp_path / "c.npy", "--train", 20, "--test", 30, "--width", 128,
        "--steps", 20, "--members", 1, "--figure", figure, "--json",
    )  # fmt: skip
    assert status == 0
    assert "20 inputs of c.npy" in err
    result = json.loads(out)
    assert result["classes"] == ["0", "1", "2"]
    assert result["inputs"] == [20, 30]
    assert figure.stat().st_size > 5000
    networks, kernel = np.array(result["train_error"][0]), np.array(result["kernel_train_error"][0])
    np.testing.assert_allclose(networks, kernel, rtol=0.3)
    assert networks[-1] < 0.5 * networks[0]
    modes = np.sum([mode["train_error"] for mode in result["modes"]], axis=0)
    np.testing.assert_allclose(modes, networks, rtol=1e-6)


@pytest.mark.slow
def test_train_the_readout_by_momentum_as_text(capsys, tmp_path):
    np.savetxt(tmp_path / "n.csv", NUMBERS, delimiter=",")
    status, out, _ = run(
        capsys, "train", *NETWORK, "--data", tmp_path / "n.csv", "--train", 20, "--test", 30, "--width", 128,
        "--steps", 20, "--members", 1, "--kernel", "nngp", "--momentum", 0.5,
    )  # fmt: skip
    assert status == 0
    assert "the readout trained" in out
    assert "Test accuracy" not in out


def test_predict_numbers_is_kernel_regression_in_the_files_units(capsys, tmp_path):
    np.savez(tmp_path / "n.npz", x=X[:40], y=NUMBERS[:40, 3])
    np.savez(tmp_path / "new.npz", x=X[40:])
    out_file = tmp_path / "out.csv"
    status, out, _ = run(
        capsys, "predict", *NETWORK, "--data", tmp_path / "n.npz", "--test", tmp_path / "new.npz", "--noise", 0.01,
        "--scale", "none", "--out", out_file, "--level", 0.8, "--json",
    )  # fmt: skip
    assert status == 0
    result = json.loads(out)
    assert result["held_back"] == 10
    assert result["coverage"] == {}
    with out_file.open() as file:
        rows = list(csv.DictReader(file))
    # 30 of the 40 inputs, as the seed splits them: the same regression by solve
    order = np.random.default_rng(0).permutation(40)
    held = np.random.default_rng(0).permutation(40)[:10]
    kept = order[np.setdiff1d(np.arange(40), held)]
    theta = mlp("relu", depth=1, W_std=1.4, b_std=0.1).kernel_fn(np.concatenate([X[kept], X[40:]]), get="ntk")
    y = NUMBERS[:40, 3]
    mean = theta[30:, :30] @ np.linalg.solve(theta[:30, :30] + 0.01 * np.eye(30), y[kept] - y.mean()) + y.mean()
    np.testing.assert_allclose([float(row["mean"]) for row in rows], mean, atol=1e-6)
    assert all(float(row["lower"]) < float(row["mean"]) < float(row["upper"]) for row in rows)


@pytest.mark.slow
def test_predict_classes_with_the_posterior(capsys, tmp_path):
    np.savetxt(tmp_path / "c.csv", CLASSES, delimiter=",")
    figure = tmp_path / "p.svg"
    status, out, _ = run(
        capsys, "predict", *NETWORK, "--data", tmp_path / "c.csv", "--train", 40, "--test", 20, "--kernel", "nngp",
        "--figure", figure,
    )  # fmt: skip
    assert status == 0
    assert "Test accuracy" in out
    assert "calibrated" in out
    assert figure.stat().st_size > 5000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", *NETWORK, "--data", "missing.csv"], "is not a file"),
        (["train", *NETWORK, "--data", "FILE", "--figure", "a.gif"], "end the name in"),
        (["train", *NETWORK, "--data", "FILE", "--step-fraction", "1.5"], "step_fraction"),
        (["train", *NETWORK, "--data", "FILE", "--optimizer", "flow", "--momentum", "0.9"], "no momentum"),
        (["train", *NETWORK, "--data", "FILE", "--momentum", "1"], "momentum = 1.0"),
        (["predict", *NETWORK, "--data", "FILE", "--t", "-1"], "not a time"),
        (["predict", *NETWORK, "--data", "FILE", "--noise", "loud"], "--noise loud"),
        (["predict", *NETWORK, "--data", "FILE", "--noise", "-1"], "noise = -1.0"),
        (["predict", *NETWORK, "--data", "FILE", "--level", "1"], "level = 1.0"),
        (["predict", *NETWORK, "--data", "FILE", "--hold", "0.9"], "too few"),
        (["predict", *NETWORK, "--data", "FILE", "--optimizer", "descent"], "--step-size"),
        (["predict", *NETWORK, "--data", "FILE", "--momentum", "0.5"], "gradient flow has neither"),
        (["predict", *NETWORK, "--data", "FILE", "--test", "other.csv"], "is not a file"),
        (["predict", *NETWORK, "--data", "FILE", "--out", "p.txt"], "end the name"),
        (["predict", *NETWORK, "--data", "FILE", "--test", "0"], "at least one input"),
        (["predict", *NETWORK, "--data", "FILE", "--level", "0.99"], "need 99 inputs held back"),
        (["predict", "sign", "--data", "FILE", "--depth", "1"], "jumps"),
    ],
)
def test_bad_input_is_one_message_and_exits_with_2(capsys, tmp_path, arguments, message):
    np.save(tmp_path / "c.npy", CLASSES)
    status, out, err = run(capsys, *(tmp_path / "c.npy" if a == "FILE" else a for a in arguments))
    assert status == 2
    assert message in err.splitlines()[-1]
    assert "Traceback" not in err
    assert out == ""
    assert [p.name for p in tmp_path.iterdir()] == ["c.npy"]


def test_an_input_that_is_zero_is_named_by_its_row_in_the_file(capsys, tmp_path):
    rows = CLASSES.copy()
    rows[17, :4] = 0
    np.save(tmp_path / "c.npy", rows)
    status, _, err = run(capsys, "train", *NETWORK, "--data", tmp_path / "c.npy", "--train", 20)
    assert status == 2
    assert "row 17 " in err
