"""How like two kernels are, and how well one fits a task: alignment, centred alignment, distance."""

import numpy as np
from jaxtyping import ArrayLike, Float

from ntk_theory.dynamics.spectrum import spectrum
from ntk_theory.errors import DataError, ShapeError

Gram = Float[ArrayLike, "n n"]


def kernel_alignment(first: Gram, second: Gram) -> float:
    """⟨K, L⟩/(|K| |L|) in Frobenius's product (Cristianini et al. 2001); 1 for multiples, ≥ 0 for kernels."""
    K, L = _pair(first, second)
    return _cosine(K, L)


def centred_kernel_alignment(first: Gram, second: Gram) -> float:
    """CKA: the alignment of HKH and HLH, H = I - 11ᵀ/n (Cortes et al. 2012; Kornblith et al. 2019)."""
    K, L = _pair(first, second)
    return _cosine(_centred(K), _centred(L))


def target_alignment(gram: Gram, y: Float[ArrayLike, "n *outputs"]) -> float:
    """The centred alignment of a kernel with the task's ideal kernel y yᵀ: in [0, 1], 1 where K learns y alone."""
    target = np.asarray(y, np.float64)
    target = target.reshape(len(target), -1)
    return centred_kernel_alignment(gram, target @ target.T)


def transfer_alignment(
    ntk_source: Gram,
    ntk_target: Float[ArrayLike, "m n"],
    y_source: Float[ArrayLike, "n *outputs"],
    y_target: Float[ArrayLike, "m *outputs"],
    *,
    ridge: float = 0.0,
) -> float:
    """CKA of what a network trained on the source task says at the target's inputs with the target's labels.

    f = Θ(X_target, X_source)[Θ(X_source, X_source) + ridge·I]⁻¹y_source is the trained network's mean. The
    alignment of f fᵀ with y_target y_targetᵀ, both centred, lies in [0, 1]: 1 where the source's network tells the
    target's classes apart by itself, 0 where it says nothing of them. It ranks sources by what training on them
    first saves on the target, where that has few labels. Raises `ShapeError`, `DataError`.
    """
    flow = spectrum(ntk_source, jitter=ridge or None)
    across, known = np.asarray(ntk_target, np.float64), np.asarray(y_source, np.float64)
    if across.ndim != 2 or across.shape != (len(np.asarray(y_target)), len(known)):
        raise ShapeError(
            f"Θ(target, source) has shape {across.shape}; expected ({len(np.asarray(y_target))}, {len(known)})."
        )
    said = (across @ flow.apply(np.reciprocal, known)).reshape(len(across), -1)
    return target_alignment(said @ said.T, y_target)


def kernel_distance(first: Gram, second: Gram) -> float:
    """| K/|K| - L/|L| | in Frobenius's norm: 0 for multiples, at most √2 for kernels; √(2 - 2·alignment)."""
    K, L = _pair(first, second)
    return float(np.linalg.norm(K / np.linalg.norm(K) - L / np.linalg.norm(L)))


def _pair(first: Gram, second: Gram) -> tuple[Float[np.ndarray, "n n"], Float[np.ndarray, "n n"]]:
    K, L = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if K.ndim != 2 or K.shape[0] != K.shape[1] or K.shape != L.shape or K.size == 0:
        raise ShapeError(f"Two Gram matrices of the same points are compared; these are {K.shape} and {L.shape}.")
    for name, matrix in (("first", K), ("second", L)):
        if not np.isfinite(matrix).all() or not matrix.any():
            raise DataError(f"The {name} Gram matrix is zero or holds a number that is not finite.")
    return K, L


def _centred(K: Float[np.ndarray, "n n"]) -> Float[np.ndarray, "n n"]:
    rows = K - K.mean(axis=0)
    return rows - rows.mean(axis=1, keepdims=True)


def _cosine(K: Float[np.ndarray, "n n"], L: Float[np.ndarray, "n n"]) -> float:
    norms = float(np.linalg.norm(K) * np.linalg.norm(L))
    if norms == 0:
        raise DataError("A Gram matrix is constant: centred, nothing is left of it to compare.")
    return float((K * L).sum() / norms)
