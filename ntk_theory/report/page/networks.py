"""Sections 3 to 5 of the page: learning from data, simulated networks, gradient flow."""

from collections.abc import Mapping

from ntk_theory.report.double_descent import NOISE, SAMPLES
from ntk_theory.report.numbers import plain, with_error
from ntk_theory.report.page.html import details, display, heading, moving_picture, paragraph, picture, section
from ntk_theory.report.results import Results
from ntk_theory.report.settings import TITLES
from ntk_theory.tables.table import Table, prose


def learned(results: Results, tables: Mapping[str, Table]) -> str:
    """Section 3."""
    data, settings = results.data, results.settings
    return section(
        "learned",
        3,
        "On real data",
        paragraph(
            prose(
                f"""The data: {data.name}, {data.inputs:,} inputs of {data.features} features in
                {len(data.classes)} classes; {data.train} are learned from and {data.test} tested on, the same
                for kernels and networks. {data.preprocessing} Targets are one-hot labels minus their mean."""
            )
        ),
        paragraph(
            prose(
                rf"""All networks have {settings.depth} hidden layers and \(\sigma_b^2 = {settings.b_var}\).
                The critical ones have \(\sigma_w^2\) on the line of section 2, the ordered ones
                {settings.ordered} of it, the chaotic ones {settings.chaotic} times it."""
            )
        ),
        picture(
            "gram",
            "Nine Gram matrices, three activations by three phases.",
            prose(
                r"""The NTK of the training inputs, as correlations, sorted by class. In the ordered phase all
                inputs look alike; in the chaotic phase the sigmoids' inputs look all unlike, and the kernel
                is nearly diagonal already at this depth. ReLU's variance grows in its chaotic phase, but its
                correlations do not part: its kernel is nearly that of the critical one."""
            ),
            "narrow",
        ),
        paragraph(
            prose(
                r"""Kernel regression is what an infinitely wide network, trained in all its parameters,
                predicts on average; the Gaussian process posterior is what one predicts whose readout alone
                is trained, with noise and scale chosen by the evidence. The finite networks descend on
                \(\tfrac12\sum|f - f_0 - y|^2\), so that they start at 0 and the kernel predicts their mean at
                every time \(t\) (steps times step size). All widths are compared at one time."""
            )
        ),
        picture(
            "accuracy",
            "Test accuracies of kernels and networks in three phases.",
            prose(
                """Test accuracy with 95% intervals. The kernels do not much mind the phase at this depth;
                finite networks do."""
            ),
        ),
        tables["learning"].html(),
        paragraph(_widening(results)),
        *_truncation(results),
        picture(
            "calibration",
            "Coverage of the posterior's central intervals.",
            prose(
                """How many test targets the posterior's central intervals hold, against what they state.
                Above the diagonal the intervals are too wide, below it too narrow."""
            ),
        ),
        tables["posterior"].html(),
    )


def _widening(results: Results) -> str:
    """What the table shows of the gap, said of the activation where it is widest in the critical phase."""
    critical = [one for one in results.learned if one.phase == "critical"]
    row = max(critical, key=lambda one: one.networks[0].gap)
    gaps = ", ".join(
        f"{with_error(100 * line.gap, 100 * line.gap_error, places=1)} points at width {line.width}"
        for line in row.networks
    )
    return prose(
        rf"""The gap is the price of finite width: with the {TITLES[row.activation]} in the critical phase it
        is {gaps}. Each entry of a network's own kernel strays from \(\Theta\) by \(O(1/\sqrt n)\), and a
        prediction adds up as many such errors as there are training inputs and outputs. Where \(\Theta\) is
        nearly diagonal, what tells inputs apart is small beside them: there, the kernel describes networks of
        far greater width than these."""
    )


def _truncation(results: Results) -> tuple[str, ...]:
    """Which kernels of this section are truncated series, and the bound on what that leaves out."""
    worst = max(results.learned, key=lambda one: one.truncation)
    if worst.truncation < 1e-12:
        return ()
    text = prose(
        rf"""The {TITLES[worst.activation]}'s Gram matrices are truncated series. The bound on what is left
        out, over all pairs of inputs and relative to the kernel, is largest in the {worst.phase} phase, at
        {plain(worst.truncation, 2)}; pairs of nearly equal inputs set it."""
    )
    return (paragraph(text),)


def simulated(results: Results, tables: Mapping[str, Table]) -> str:
    """Section 4."""
    settings, first = results.settings, results.simulated[0]
    return section(
        "simulated",
        4,
        "Simulated",
        paragraph(
            prose(
                rf"""Two of the inputs, of cosine {plain(first.cosine, 3)}, go through random networks of
                {settings.depth} hidden layers on the critical line: for each activation {first.samples[0]:,}
                networks of width {first.widths[0]}, down to {first.samples[-1]:,} of width
                {first.widths[-1]:,}. Their kernels are drawn exactly in law, without their matrices. The test
                bets against the theory; its error rates hold whenever it stops, under the assumptions listed
                below."""
            )
        ),
        tables["verdicts"].html(),
        *(
            details(f"{TITLES[one.activation]}: what its verdict assumes, in numbers", one.derived.assumptions)
            for one in results.simulated
        ),
        picture(
            "convergence",
            "Log-log plots of fluctuation and bias of empirical kernels against width.",
            prose(
                r"""Off-diagonal entries of the kernels of finite networks against the theory. Filled: the
                standard deviation of one network, which falls like \(1/\sqrt n\). Open: the bias of the mean
                over many, with two standard errors, which falls like \(1/n\). Triangles: two standard errors
                where the bias is below them. Lines have the predicted slopes, and heights fitted to all
                widths. The planted error stays where it is."""
            ),
        ),
        tables["laws"].html(),
        tables["widths"].html(),
    )


def gradient_flow(results: Results, tables: Mapping[str, Table]) -> str:
    """Section 5."""
    first = results.flows[0]
    return section(
        "flow",
        5,
        "Gradient flow",
        paragraph(
            prose(
                r"""While the kernel stays what it was at the start, training on \(\tfrac12\sum|f - y|^2\) is
                linear, and has a closed form from any start (Lee et al. 2019):"""
            )
        ),
        display(
            r"f_t(x) = f_0(x) - \Theta(x, X)\,\Theta(X, X)^{-1}"
            r"\big[I - e^{-\Theta(X, X)\,t}\big]\big(f_0(X) - y\big)."
        ),
        paragraph(
            prose(
                rf"""One network of width {first.width} with one output is trained on {first.train} of the
                inputs, classes of even number to \(+1\), of odd number to \(-1\), by {first.steps} steps of
                gradient descent with \(\eta \lambda_{{\max}} = {first.step_times_largest:.2g}\). The curves
                start from that network's own \(f_0\) and know nothing else of it."""
            )
        ),
        picture(
            "flow",
            "Outputs of one network during training, and gradient flow in closed form.",
            prose(
                r"""Above: outputs on four test inputs, the closed form as lines, the network as markers.
                Below: root mean squared distance over all test inputs, relative to how far they moved. With
                the network's own \(\Theta\) at its start in place of the infinite one, what remains is the
                movement of the kernel and, around \(t\lambda_{\max} = 1\), the step size."""
            ),
        ),
        tables["flow"].html(),
        paragraph(_strayed(results)),
        picture(
            "function_space",
            "Paths of narrow and of wide networks in function space, beside the kernel's.",
            prose(
                r"""The kernel regime. Above: paths in the plane of two outputs. Below: the same paths as
                components of the residual along two eigenvectors of \(\Theta\), on logarithmic axes, where the
                linear model's path is a straight line, the same for every network. Narrow networks leave it,
                each in its own way; wide ones hardly."""
            ),
        ),
        moving_picture(
            "film",
            "Animation: an infinitely wide ensemble and three networks learn five points.",
            prose(
                rf"""Training, with time running logarithmically: inputs on a circle, five points to learn. Blue:
                mean and two standard deviations of the infinitely wide ensemble, in closed form. Orange: three
                networks of width {results.settings.film_width}."""
            ),
        ),
        heading("Where training ends"),
        paragraph(
            prose(
                r"""At \(t = \infty\) it ends at the interpolant of the least norm. How good that is depends on how
                many features there are for the samples: where they are as many, noise is fitted at any price."""
            )
        ),
        picture(
            "double_descent",
            "Test error against the number of random features: it falls, peaks and falls again.",
            prose(
                rf"""Regression without ridge on random ReLU features of inputs on a sphere, {SAMPLES} samples,
                labels with noise of variance {NOISE}: medians and quartiles of {results.settings.descent_runs}
                runs. The line knows the kernel's eigenvalues, from its derived form, and the target's power in
                them; it has no free parameter."""
            ),
            "narrow",
        ),
    )


def _strayed(results: Results) -> str:
    first = results.strayed[0]
    ends = " and ".join(f"at width {one.width} by {plain(100 * one.distance, 2)}%" for one in results.strayed)
    return prose(
        rf"""In the space of functions the infinitely wide network has one path. Here networks of two widths,
        {first.members} of each, descend on \(f - f_0\), so that all start at the same place; after {first.steps}
        steps their outputs on test inputs are away from the kernel's, in its size, {ends}."""
    )
