"""The Gaussian averages of one layer that the first order in 1/n is made of.

With z ~ N(0, K), p = φ(z), q = φ′(z), and the Hermite tensors H₁ = K⁻¹z, H₂, H₄ of K. By parts, averages with H_k
are averages of k-th derivatives, ⟨f H₂⟩_ef = ⟨∂_e ∂_f f⟩; written so they need φ and φ′ alone, and kinks are no
obstacle. A singular K (equal inputs, or opposite ones) is none either: the fluctuations of a kernel lie in the
range of K, and there K⁻¹ is the pseudo-inverse.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from itertools import combinations, product

import numpy as np
from jaxtyping import Float

from ntk_theory.activation import Activation
from ntk_theory.activation.arrays import on_arrays
from ntk_theory.errors import DivergentExpectationError, NotInClassError, NtkTheoryError
from ntk_theory.finite_width.quadrature import Array, Grid, Rule, factor, gaussian_rule, smoothed


@dataclass(frozen=True)
class _Plan:
    """Panels to try, in units of σ; how far the last two results may differ, relative to what is averaged."""

    steps: tuple[float, ...]
    order: int
    tolerance: float
    beyond: float  # what may be left out in the tails


_ONE = _Plan((2.0, 1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625), 16, 1e-10, 1e-14)
_TWO = _Plan((2.0, 1.0, 0.5, 0.25), 16, 1e-10, 1e-14)  # the last has a million nodes
_PLANE = _Plan((2.0, 1.0, 0.5, 0.25), 12, 1e-7, 1e-10)  # three inputs: a plane, and a line in advance
_SPACE = _Plan((3.0, 1.5, 0.75), 8, 1e-4, 1e-8)  # four; halving a step gains three digits, the last has 1e-7
_REACHES = range(6, 60, 2)

Moments = dict[str, Array]


@dataclass(frozen=True)
class Averages:
    """Averages over z ~ N(0, K). Letters count inputs; e and f are 0 unless they are among the pair in front.

    `pp`[ab] = ⟨p_a p_b⟩, `qq` likewise; `pp_H2`[abef] = ½⟨p_a p_b H₂_ef⟩, `qq_H2`; `pq_H1`[ace] = ⟨p_a q_c H₁_e⟩;
    `pppp`[abcd] = ⟨p_a p_b p_c p_d⟩, `ppqq`, `qqqq`. `pp_H4`[abijkl] = ⟨p_a p_b H₄⟩ and `qq_H4` have 0 for a and
    1 for b in i to l.
    """

    pp: Float[np.ndarray, "m m"]
    qq: Float[np.ndarray, "m m"]
    pp_H2: Float[np.ndarray, "m m m m"]
    qq_H2: Float[np.ndarray, "m m m m"]
    pq_H1: Float[np.ndarray, "m m m"]
    pp_H4: Float[np.ndarray, "m m 2 2 2 2"]
    qq_H4: Float[np.ndarray, "m m 2 2 2 2"]
    pppp: Float[np.ndarray, "m m m m"]
    ppqq: Float[np.ndarray, "m m m m"]
    qqqq: Float[np.ndarray, "m m m m"]


def averages(phi: Activation, K: Float[np.ndarray, "m m"]) -> Averages:
    """All averages of a layer whose pre-activations have covariance K.

    Those of one or two inputs are computed to 1e-10 or better, those of three and four to about 1e-6. Raises
    `DivergentExpectationError` where E[φ⁴] or E[φ′⁴] is infinite, `NtkTheoryError` where quadrature does not
    settle, `NotInClassError` where φ has free parameters.
    """
    m = len(K)
    if phi.parameters:
        names = ", ".join(map(str, phi.parameters))
        raise NotInClassError(f"{names} in {phi.name} must be numbers; write them into the activation.")
    layer = _Layer(phi, K)
    shapes = {"pp": (m, m), "qq": (m, m), "pq_H1": (m, m, m)}
    shapes |= dict.fromkeys(("pp_H4", "qq_H4"), (m, m, 2, 2, 2, 2))
    found = Averages(**{f.name: np.zeros(shapes.get(f.name, (m, m, m, m))) for f in fields(Averages)})
    for size in (4, 3, 2, 1):  # averages of fewer inputs are more accurate: they come last
        for chosen in combinations(range(m), size):
            inputs = list(chosen)
            moments = layer.few(inputs) if size < 3 else layer.many(inputs)
            for name in ("pppp", "ppqq", "qqqq"):
                getattr(found, name)[np.ix_(*[inputs] * 4)] = moments[name]
            if size < 3:
                _put_pair(found, inputs, moments)
    return found


class _Layer:
    """φ, φ′ and K, and quadrature over the inputs that are asked for."""

    def __init__(self, phi: Activation, K: Float[np.ndarray, "m m"]) -> None:
        self.name, self.K = phi.name, K
        self.phi, self.slope = on_arrays(phi), on_arrays(phi.derivative)
        self.kinks = tuple(sorted({float(p.lower) for p in phi.pieces[1:]}))
        self.stds = np.sqrt(np.diag(K)).tolist()
        reach = self._reach(1e-8)
        w = np.linspace(-reach, reach, 1024)
        density = np.exp(-(w**2) / 2)
        self.sizes = tuple(
            max(float(f(std * w) ** 4 @ density / density.sum()) for std in self.stds) ** 0.25
            for f in (self.phi, self.slope)
        )

    def few(self, inputs: list[int]) -> Moments:
        """All moments of one or two inputs, the Hermite tensors in terms of z."""
        root = factor(self.K[np.ix_(inputs, inputs)])

        def at(grid: Grid) -> Moments:
            rule = gaussian_rule(root.L, grid)
            return _moments(rule, self.phi(rule.z), self.slope(rule.z))

        found = self._settled(at, _TWO if len(root.inverse) > 1 else _ONE)
        back = root.inverse
        for name in ("pp", "qq"):
            found[f"{name}_H2"] = np.einsum("abij,ie,jf->abef", found[f"{name}_H2"], back, back)
            found[f"{name}_H4"] = np.einsum(
                "abijkl,ie,jf,kg,lh->abefgh", found[f"{name}_H4"], back, back, back, back
            )
        found["pq_H1"] = found["pq_H1"] @ back
        return found

    def many(self, inputs: list[int]) -> Moments:
        """Fourth moments of three or four inputs, all of them in each."""
        k = len(inputs)
        L = factor(self.K[np.ix_(inputs, inputs)]).L
        rank = L.shape[1]
        direct = k - 1 if rank == k else k

        def at(grid: Grid) -> Moments:
            rule = gaussian_rule(L[:direct, :direct], grid)
            p, q = self.phi(rule.z), self.slope(rule.z)
            columns: dict[tuple[int, int, int], Array] = {}

            def column(i: int, of_p: int, of_q: int) -> Array:
                """p_iⁿ q_iᵐ at the nodes; of an input that is not among them, its mean given the others."""
                if (i, of_p, of_q) not in columns:
                    if i < direct:
                        columns[i, of_p, of_q] = p[:, i] ** of_p * q[:, i] ** of_q
                    else:
                        columns[i, of_p, of_q] = smoothed(
                            lambda z: self.phi(z) ** of_p * self.slope(z) ** of_q,
                            rule.w @ L[i, :-1],
                            L[i, -1],
                            grid,
                        )
                return columns[i, of_p, of_q]

            return {name: _mixed_moments(k, name, column, rule.weights) for name in ("pppp", "ppqq", "qqqq")}

        return self._settled(at, _PLANE if rank - (direct < k) < 3 else _SPACE)

    def _settled(self, moments: Callable[[Grid], Moments], plan: _Plan) -> Moments:
        """The moments on finer and finer panels, until two agree."""
        reach = self._reach(plan.beyond)
        before = moments(Grid(self.kinks, plan.steps[0], reach, plan.order))
        for step in plan.steps[1:]:
            values = moments(Grid(self.kinks, step, reach, plan.order))
            sizes = {n: self.sizes[0] ** n.count("p") * self.sizes[1] ** n.count("q") for n in values}
            if all(np.abs(values[n] - before[n]).max(initial=0.0) <= plan.tolerance * sizes[n] for n in values):
                return values
            before = values
        raise NtkTheoryError(
            f"The averages of {self.name} do not settle to {plan.tolerance:g} at variances up to "
            f"{max(self.stds) ** 2:.6g}: it is too steep for that, or singular at a point. Use a smaller W_std, "
            "fewer inputs at once, or a smoother activation."
        )

    def _reach(self, tolerance: float) -> float:
        """|z|/σ up to which E[(φ⁴ + φ′⁴)(1 + z⁴)] is taken for every input; what is beyond it is negligible."""
        found = 0
        for std in self.stds:
            for reach in _REACHES:
                w = np.linspace(-reach, reach, 64 * reach)
                with np.errstate(over="ignore", invalid="ignore"):
                    size = (np.abs(self.phi(std * w)) + np.abs(self.slope(std * w))) ** 4
                    integrand = size * (1 + w**4) * np.exp(-(w**2) / 2)
                total = integrand.sum() / 32
                if np.isfinite(total) and max(integrand[0], integrand[-1]) <= tolerance * total:
                    found = max(found, reach)
                    break
            else:
                raise DivergentExpectationError(
                    f"E[φ⁴] or E[φ′⁴] of {self.name} is infinite, or too large for quadrature, at variance "
                    f"{std**2:.6g}; the kernels of finite networks then have no variance. Use an activation that "
                    "grows more slowly, or a smaller W_std."
                )
        return float(found)


def _moments(rule: Rule, p: Array, q: Array) -> Moments:
    """All averages over a rule, the Hermite tensors those of w, which is standard normal."""
    w, k, rank = rule.w, p.shape[1], rule.w.shape[1]
    one = np.eye(rank)
    weighted = {name: np.einsum("n,na,nb->nab", rule.weights, f, f) for name, f in (("pp", p), ("qq", q))}
    plain = {name: np.einsum("na,nb->nab", f, f) for name, f in (("pp", p), ("qq", q))}
    second = np.einsum("ni,nj->nij", w, w)
    found: Moments = {}
    for name, f in weighted.items():
        flat = f.reshape(-1, k * k).T
        found[name] = f.sum(0)
        two = (flat @ second.reshape(len(w), -1)).reshape(k, k, rank, rank)
        H2 = two - np.einsum("ab,ij->abij", found[name], one)
        four = np.einsum("cn,nij,nkl->cijkl", flat, second, second, optimize=True).reshape((k, k) + (rank,) * 4)
        pairs = ("ij,kl", "kl,ij", "ik,jl", "jl,ik", "il,jk", "jk,il")
        # wwww - 6 terms δ ww + 3 terms δδ, by ww = H2 + δ: wwww - 6 terms δ H2 - 3 terms δδ
        H4 = four - sum(
            np.einsum(f"{left},ab{right}->abijkl", one, H2) for left, right in (x.split(",") for x in pairs)
        )
        H4 = H4 - sum(np.einsum(f"ab,{pair}->abijkl", found[name], one, one) for pair in pairs[::2])
        found[f"{name}_H2"], found[f"{name}_H4"] = H2 / 2, H4
    found["pq_H1"] = np.einsum("n,na,nc,ni->aci", rule.weights, p, q, w, optimize=True)
    for name, left, right in (("pppp", "pp", "pp"), ("ppqq", "pp", "qq"), ("qqqq", "qq", "qq")):
        product = weighted[left].reshape(-1, k * k).T @ plain[right].reshape(-1, k * k)
        found[name] = product.reshape(k, k, k, k)
    return found


def _mixed_moments(k: int, name: str, column: Callable[[int, int, int], Array], weights: Array) -> Array:
    """⟨f_a f_b f_c f_d⟩ wherever a, b, c, d are all k inputs; `name` says which of the four are φ, which φ′."""
    found, known = np.zeros((k,) * 4), {}
    for indices in product(range(k), repeat=4):
        if len(set(indices)) == k:
            powers = Counter(zip(indices, name, strict=True))
            key = tuple((i, powers[i, "p"], powers[i, "q"]) for i in range(k))
            if key not in known:
                known[key] = float(np.prod([column(*part) for part in key], axis=0) @ weights)
            found[indices] = known[key]
    return found


def _put_pair(found: Averages, inputs: list[int], moments: Moments) -> None:
    """Second moments and Hermite tensors of the pair, or of the single input with itself."""
    local = {(inputs[0], inputs[-1]): list(range(len(inputs)))}
    local[inputs[-1], inputs[0]] = list(range(len(inputs)))[::-1]
    for (a, b), order in local.items():
        i, j = order[0], order[-1]
        size = len(order)
        for name in ("pp", "qq"):
            getattr(found, name)[a, b] = moments[name][i, j]
            getattr(found, f"{name}_H2")[a, b][np.ix_(inputs, inputs)] = moments[f"{name}_H2"][i, j]
            H4 = moments[f"{name}_H4"][i, j][np.ix_(*[order] * 4)]
            getattr(found, f"{name}_H4")[a, b, :size, :size, :size, :size] = H4
        found.pq_H1[a, b, inputs] = moments["pq_H1"][i, j]
