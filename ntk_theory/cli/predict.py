"""`ntk-theory predict`: what infinitely wide trained networks say at new inputs, with calibrated intervals."""

import argparse
from pathlib import Path
from typing import Any

from ntk_theory.cli.command import Steps, add_network, add_task, declare, positive, show
from ntk_theory.errors import DataError


def add(commands: Any) -> None:
    """Declare the command and its arguments."""
    command = declare(
        commands,
        "predict",
        run,
        "what infinitely wide networks, trained, predict at new inputs, with calibrated intervals",
        "predict relu --depth 2 --W-std 1.4 --b-std 0.1 --kernel nngp --figure intervals.png",
    )
    add_network(command)
    add_task(command)
    command.add_argument(
        "--test", default="500", metavar="N|FILE", help="so many other inputs of the data, or a file (default 500)"
    )
    command.add_argument(
        "--t", type=float, default=float("inf"), help="time of gradient flow, or step (default inf)"
    )
    command.add_argument("--optimizer", choices=("flow", "descent"), default="flow", help="(default flow)")
    command.add_argument("--step-size", type=float, metavar="S", help="of descent, below 2(1 + B)/λ_max")
    command.add_argument(
        "--noise",
        default="evidence",
        metavar="V",
        help="variance of the targets' noise in units of the kernel, or evidence: the likeliest (default)",
    )
    command.add_argument(
        "--learn",
        nargs="*",
        type=positive,
        metavar="L",
        help="learn σ_w, σ_b and the noise by the NNGP's evidence, starting at those given; of several depths "
        "the best",
    )
    command.add_argument("--level", type=float, default=0.9, help="probability of the intervals (default 0.9)")
    command.add_argument(
        "--hold", type=float, default=0.2, metavar="R", help="share of the training inputs to calibrate on (0.2)"
    )
    command.add_argument("--out", metavar="FILE", help="predictions to a .csv or .npz")


def run(options: argparse.Namespace) -> int:
    """Predict, print how well, and write predictions and figure where asked."""
    from ntk_theory.dynamics import GradientDescent, GradientFlow
    from ntk_theory.dynamics.learned_kernel import learn_kernel
    from ntk_theory.dynamics.optimizer import Optimizer
    from ntk_theory.network import mlp
    from ntk_theory.report.figures.file import check_figure, draw_to
    from ntk_theory.report.figures.prediction import prediction_figure
    from ntk_theory.report.prediction import LEVELS, held_back, predicted
    from ntk_theory.report.prediction_file import check_predictions, write_predictions
    from ntk_theory.report.task import task

    if options.figure is not None:
        check_figure(options.figure)
    if options.out is not None:
        check_predictions(options.out)
    optimizer: Optimizer = GradientFlow()
    if options.optimizer == "descent":
        if options.step_size is None:
            raise DataError("--optimizer descent needs its --step-size: below 2(1 + momentum)/λ_max it converges.")
        optimizer = GradientDescent(options.step_size, options.momentum)
    elif options.momentum or options.step_size is not None:
        raise DataError("--momentum and --step-size belong to --optimizer descent; gradient flow has neither.")
    say = Steps()
    data = None if options.data is None else Path(options.data)
    test: int | Path = int(options.test) if options.test.isdecimal() else Path(options.test)
    if test == 0:
        raise DataError("--test 0: at least one input is predicted. Give a number, or a file of inputs.")
    job = task(data, train=options.train, test=test, scale=options.scale, seed=options.seed)
    noise = _noise(options.noise)
    depth, W_std, b_std = options.depth, options.W_std, options.b_std
    if options.learn is not None:
        say("learning σ_w, σ_b and the noise by the evidence")
        # what calibrates has no part in what is learned
        kept = held_back(len(job.train.x), options.hold, options.seed)[1]
        learned = learn_kernel(
            options.activation,
            job.train.x[kept],
            job.train.targets[kept],
            depth=options.learn or depth,
            W_std=W_std,
            b_std=b_std or 0.1,
            noise=noise or None,
        )
        depth, W_std, b_std = learned.depth, learned.W_std, learned.b_std
        noise = learned.noise if options.kernel == "nngp" else noise
    net = mlp(options.activation, depth=depth, W_std=W_std, b_std=b_std, outputs=job.outputs)
    say(f"{len(job.train.x)} inputs of {job.name}; {len(job.test.x)} to predict")
    found = predicted(
        net,
        job.train,
        job.test,
        kernel=options.kernel,
        t=options.t,
        optimizer=optimizer,
        noise=noise,
        level=options.level,
        hold=options.hold,
        seed=options.seed,
    )
    say("predicted")
    result: dict[str, Any] = {
        "activation": options.activation,
        "depth": depth,
        "W_std": W_std,
        "b_std": b_std,
        "learned": None,
        "data": job.name,
        "classes": list(job.classes),
        "scale_of_inputs": job.scale,
        "inputs": [len(job.train.x), len(job.test.x)],
        "held_back": found.held,
        "kernel": options.kernel,
        "t": options.t if options.t < float("inf") else "inf",
        "optimizer": options.optimizer,
        "noise": found.noise,
        "scale": found.scale,
        "log_evidence": found.log_evidence,
        "condition": found.condition,
        "jitter": found.jitter,
        "level": found.level,
        "coverage": {
            str(p): {"stated": a, "calibrated": b}
            for p, a, b in zip(LEVELS, found.stated, found.calibrated, strict=False)
        },
        "test_accuracy": None,
        "test_error": None,
    }
    if options.learn is not None:
        result["learned"] = {
            "log_evidence_by_depth": {str(k): v for k, v in learned.by_depth.items()},
            "slope": learned.slope,
            "at_bound": list(learned.at_bound),
            "evaluations": learned.evaluations,
        }
    if job.test.labels is not None:
        result["test_accuracy"] = float((found.mean.argmax(axis=1) == job.test.labels).mean())
    if job.test.y is not None:
        result["test_error"] = float(job.unit**2 * ((found.mean - job.test.y) ** 2).mean())
    if options.out is not None:
        result["out"] = str(write_predictions(options.out, found, job))
    if options.figure is not None:
        title = f"{options.activation}, depth {depth}, {options.kernel.upper()}"
        draw_to(options.figure, lambda palette: prediction_figure(found, job, title, palette))
        result["figure"] = options.figure
    show(options, result, _text(result))
    return 0


def _noise(text: str) -> float | None:
    if text == "evidence":
        return None
    try:
        return float(text)
    except ValueError:
        raise DataError(f"--noise {text} is neither a number nor the word evidence.") from None


def _text(result: dict[str, Any]) -> str:
    train, test = result["inputs"]
    lines = [
        f"{result['data']}: {train - result['held_back']} inputs to learn from, "
        f"{result['held_back']} held back to calibrate on, {test} to predict.",
        f"Noise {result['noise']:.4g} and scale {result['scale']:.4g} of the kernel, log evidence "
        f"{result['log_evidence']:.6g}; condition number {result['condition']:.3g}"
        + (f", jitter {result['jitter']:.2g}." if result["jitter"] else "."),
    ]
    if result["learned"] is not None:
        found = ", ".join(f"{v:.6g} at depth {k}" for k, v in result["learned"]["log_evidence_by_depth"].items())
        lines.append(
            f"Learned: depth {result['depth']}, W_std {result['W_std']:.5g}, b_std {result['b_std']:.5g}; "
            f"log evidence {found}."
        )
        if result["learned"]["at_bound"]:
            lines.append(f"At the end of its range: {', '.join(result['learned']['at_bound'])}.")
    if result["test_accuracy"] is not None:
        lines.append(f"Test accuracy {result['test_accuracy']:.2%}.")
    if result["test_error"] is not None:
        lines.append(f"Mean squared error on the test inputs {result['test_error']:.4g}.")
    if result["coverage"]:
        lines += ["", "Intervals: how many test targets they hold", "  stated   as stated   calibrated"]
        lines += [
            f"  {float(p):6.0%}   {row['stated']:9.1%}   {row['calibrated']:10.1%}"
            for p, row in result["coverage"].items()
            if float(p) in (0.5, 0.8, 0.9, 0.95)
        ]
    for key, what in (("out", "The predictions are"), ("figure", "The figure is")):
        if key in result:
            lines.append(f"{what} in {result[key]}.")
    return "\n".join(lines)
