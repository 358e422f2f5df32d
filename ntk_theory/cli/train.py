"""`ntk-theory train`: networks trained beside the learning curve that their kernel predicts."""

import argparse
from pathlib import Path
from typing import Any

from ntk_theory.cli.command import Steps, add_network, add_task, declare, positive, show
from ntk_theory.errors import DataError


def add(commands: Any) -> None:
    """Declare the command and its arguments."""
    command = declare(
        commands,
        "train",
        run,
        "finite networks trained beside the learning curve that the kernel predicts",
        "train relu --depth 2 --W-std 1.4 --b-std 0.1 --figure curve.png",
    )
    add_network(command)
    add_task(command)
    command.add_argument("--test", type=positive, default=500, metavar="N", help="test inputs (default 500)")
    command.add_argument("--width", type=positive, default=512, metavar="N", help="of the networks (default 512)")
    command.add_argument("--members", type=positive, default=2, metavar="N", help="networks (default 2)")
    command.add_argument("--steps", type=positive, default=300, metavar="N", help="of descent (default 300)")
    command.add_argument(
        "--step-fraction",
        type=float,
        default=0.5,
        metavar="R",
        help="the step as a share of the largest that converges, 2(1 + B)/λ_max (default 0.5)",
    )
    command.add_argument(
        "--optimizer",
        choices=("descent", "flow"),
        default="descent",
        help="what is predicted: descent in steps, or gradient flow at t = steps · step size",
    )


def run(options: argparse.Namespace) -> int:
    """Train, predict, print the curve, and draw it where asked."""
    import numpy as np

    from ntk_theory.dynamics.learning_curve import learning_curve, mode_groups
    from ntk_theory.network import mlp
    from ntk_theory.report.figures.curve import curve_figure
    from ntk_theory.report.figures.file import check_figure, draw_to
    from ntk_theory.report.task import task

    if options.figure is not None:
        check_figure(options.figure)
    say = Steps()
    data = None if options.data is None else Path(options.data)
    job = task(data, train=options.train, test=options.test, scale=options.scale, seed=options.seed)
    if options.optimizer == "flow" and options.momentum:
        raise DataError("--optimizer flow has no momentum: leave --momentum out, or choose descent.")
    net = mlp(
        options.activation, depth=options.depth, W_std=options.W_std, b_std=options.b_std, outputs=job.outputs
    )
    records = np.unique(np.round(np.geomspace(1, options.steps, 24)).astype(int))
    say(f"{len(job.train.x)} inputs of {job.name}, {len(job.test.x)} to test; kernels, then networks")
    curve = learning_curve(
        net,
        job.train.x,
        job.train.targets,
        job.test.x,
        job.test.targets,
        width=options.width,
        steps=records.tolist(),
        get=options.kernel,
        flow=options.optimizer == "flow",
        momentum=options.momentum,
        step_fraction=options.step_fraction,
        members=options.members,
        seed=options.seed,
        progress=lambda step: say(f"step {step} of {options.steps}", passing=True),
    )
    say("trained")
    labels = job.test.labels
    accuracy = None if labels is None else float((curve.outputs.argmax(axis=-1) == labels).mean())
    kernel_accuracy = None if labels is None else float((curve.kernel_outputs.argmax(axis=-1) == labels).mean())
    groups = mode_groups(len(job.train.x))
    result = {
        "activation": options.activation,
        "depth": options.depth,
        "W_std": options.W_std,
        "b_std": options.b_std,
        "data": job.name,
        "classes": list(job.classes),
        "scale": job.scale,
        "inputs": [len(job.train.x), len(job.test.x)],
        "kernel": options.kernel,
        "optimizer": options.optimizer,
        "momentum": options.momentum,
        "width": options.width,
        "members": options.members,
        "step_size": curve.step_size,
        "largest_step": (1 + options.momentum) * curve.flow.largest_step,
        "condition": curve.flow.condition,
        "jitter": curve.flow.jitter,
        "steps": curve.steps.tolist(),
        "train_error": curve.train.tolist(),
        "test_error": curve.test.tolist(),
        "kernel_train_error": curve.kernel_train.tolist(),
        "kernel_test_error": curve.kernel_test.tolist(),
        "expected_train_error": curve.expected_train.tolist(),
        "expected_test_error": curve.expected_test.tolist(),
        "modes": [
            {
                "ranks": [group.start + 1, group.stop],
                "eigenvalues": curve.flow.eigenvalues[::-1][[group.start, group.stop - 1]].tolist(),
                "train_error": curve.modes[:, group].sum(axis=1).tolist(),
                "kernel_train_error": curve.kernel_modes[:, group].sum(axis=1).tolist(),
            }
            for group in groups
        ],
        "test_accuracy": accuracy,
        "kernel_test_accuracy": kernel_accuracy,
        "distance": curve.distance,
        "figure": options.figure,
    }
    if options.figure is not None:
        title = f"{options.activation}, depth {options.depth}, width {options.width}"
        draw_to(options.figure, lambda palette: curve_figure(curve, title, palette))
    show(options, result, _text(result))
    return 0


def _text(result: dict[str, Any]) -> str:
    what = "all parameters" if result["kernel"] == "ntk" else "the readout"
    lines = [
        f"{result['data']}: {result['inputs'][0]} inputs to train on, {result['inputs'][1]} to test.",
        f"{result['members']} networks of width {result['width']}, depth {result['depth']}; "
        f"{what} trained in steps of {result['step_size']:.4g}.",
        f"The kernel's largest step that converges: {result['largest_step']:.4g}; its condition number "
        f"{result['condition']:.3g}" + (f", jitter {result['jitter']:.2g}." if result["jitter"] else "."),
        "",
        "  step   training error        test error",
        "         networks   kernel     networks   kernel",
    ]
    steps = result["steps"]
    for i in sorted({0, *range(1, len(steps), max(1, len(steps) // 8)), len(steps) - 1}):
        row = [_mean(result[f"{who}{part}_error"], i) for part in ("train", "test") for who in ("", "kernel_")]
        lines.append(f"{steps[i]:6d}   " + f"{row[0]:<10.4g} {row[1]:<10.4g} {row[2]:<10.4g} {row[3]:<10.4g}")
    lines += ["", "Training error by eigenmode at the last step (rank of the eigenvalue: networks, kernel):"]
    for mode in result["modes"]:
        first, last = mode["ranks"]
        name = f"{first}" if first == last else f"{first} to {last}"
        lines.append(f"  {name:>12}: {mode['train_error'][-1]:.4g}, {mode['kernel_train_error'][-1]:.4g}")
    if result["test_accuracy"] is not None:
        lines += [
            "",
            f"Test accuracy: networks {result['test_accuracy']:.2%}, kernel {result['kernel_test_accuracy']:.2%}.",
        ]
    lines.append(
        f"Distance of the outputs on test inputs from the kernel's: {result['distance']:.1%} of their spread."
    )
    if result["figure"]:
        lines.append(f"The curves are in {result['figure']}.")
    return "\n".join(lines)


def _mean(rows: list[list[float]], i: int) -> float:
    return sum(row[i] for row in rows) / len(rows)
