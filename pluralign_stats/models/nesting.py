"""Whether likelihoods of fits can be compared: one response and criterion, one model in another."""

import numpy as np

from pluralign_stats.errors import InputError
from pluralign_stats.models.design import Design
from pluralign_stats.models.engine.clusters import lie_within
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.linear import LinearEstimates
from pluralign_stats.models.matrices import Matrix, RandomDesign
from pluralign_stats.models.ordinal import OrdinalEstimates

#: Columns lie in a space if they are off it by less than this share of their length.
OFF = 1e-8


def other_ratings(first: ModelEstimates, second: ModelEstimates) -> str:
    """In what the rows, responses or weights of two fits differ, as the end of a sentence."""
    a, b = first.design, second.design
    if first.nobs != second.nobs or not a.data.index.equals(b.data.index):
        if first.nobs == second.nobs:
            return (
                f"were fitted to different rows ({first.nobs:,} each, but not with the same index "
                "in the same order); fit both to the same DataFrame"
            )
        return (
            f"were fitted to different rows ({first.nobs:,} and {second.nobs:,}); drop the rows "
            "that lack a variable of either model, and fit both again"
        )
    if first.family.ordered != second.family.ordered:
        return (
            "are of different kinds: one gives ratings probabilities, the other (Gaussian) "
            "densities; fit both with the same family"
        )
    if not np.array_equal(a.y, b.y) or first.family.categories != second.family.categories:
        return (
            "are models of different responses, or of other rows under the same index; fit both "
            "to the same ratings"
        )
    if not np.allclose(a.weight, b.weight, rtol=1e-12, atol=0):
        return "weight rows differently; fit both with the same weights, or without"
    return ""


def refuse_incomparable(first: ModelEstimates, second: ModelEstimates) -> None:
    """Refuse fits whose log-likelihoods are not of the same data by the same criterion."""
    other = other_ratings(first, second)
    if other:
        raise InputError(f"the likelihoods of the fits do not compare: they {other}")
    if isinstance(first, OrdinalEstimates) and isinstance(second, OrdinalEstimates):
        _refuse_other_ordinal(first, second)
    elif isinstance(first, LinearEstimates) and isinstance(second, LinearEstimates):
        _refuse_other_linear(first, second)


def _refuse_other_ordinal(first: OrdinalEstimates, second: OrdinalEstimates) -> None:
    if first.link != second.link:
        raise InputError(
            f"the fits have different links ('{first.link}' and '{second.link}'), so neither is a "
            f"special case of the other; compare them by AIC ({_aics(first, second)})"
        )
    if not (_within(first.basis, second.basis) and _within(second.basis, first.basis)):
        raise InputError(
            f"the fits have different structures of thresholds ({first.basis.shape[1]} and "
            f"{second.basis.shape[1]} parameters for {len(first.basis)} thresholds); fit all with "
            f"the same 'thresholds', or compare them by AIC ({_aics(first, second)})"
        )
    if first.random and second.random and first.n_nodes != second.n_nodes:
        raise InputError(
            "the fits approximate their likelihoods differently, by "
            f"{_approximation(first.n_nodes)} and {_approximation(second.n_nodes)}; fit all with "
            "the same 'n_nodes'"
        )


def _approximation(n_nodes: int) -> str:
    return "Laplace's method" if n_nodes == 1 else f"quadrature with {n_nodes} nodes"


def _refuse_other_linear(first: LinearEstimates, second: LinearEstimates) -> None:
    if first.reml != second.reml:
        raise InputError(
            "the fits maximize different criteria, one the restricted likelihood (REML) and one "
            "the likelihood; fit all with reml=False, or all with reml=True"
        )
    X, Z = first.design.fixed.columns, second.design.fixed.columns
    # The restricted likelihood depends on the columns, by the determinant of their products.
    same = X.shape == Z.shape and _within(X, Z) and np.isclose(_volume(X), _volume(Z))
    if first.reml and not same:
        raise InputError(
            "linear fits by REML with different fixed effects do not compare; fit them with "
            "reml=False"
        )


def _volume(columns: np.ndarray) -> float:
    return float(np.linalg.slogdet(columns.T @ columns)[1])


def refuse_unnested(small: ModelEstimates, large: ModelEstimates) -> None:
    """Refuse fits of which the one with fewer parameters is no special case of the other.

    Effects are nested if the columns of the smaller model are combinations of those of the larger;
    random effects, if in addition they have the same groups and no correlation that the larger
    model sets to 0.
    """
    if small.n_parameters == large.n_parameters:
        raise InputError(
            f"'{small.formula}' and '{large.formula}' have equally many parameters "
            f"({small.n_parameters}), so neither is a special case of the other; compare them by "
            f"AIC ({_aics(small, large)})"
        )
    kinds = {"effects": _effects_within, "effects on the scale": _scale_within}
    lacking = [what for what, within in kinds.items() if not within(small.design, large.design)]
    if lacking:
        raise InputError(
            f"'{large.formula}' lacks {' and '.join(lacking)} of '{small.formula}', which is no "
            f"special case of it; compare them by AIC ({_aics(large, small)})"
        )
    if not _random_within(small.design, large.design):
        raise InputError(
            f"that '{large.formula}' holds '{small.formula}' as a special case could not be "
            f"established from their random effects; compare them by AIC ({_aics(large, small)})"
        )


def _aics(first: ModelEstimates, second: ModelEstimates) -> str:
    return f"{first.aic:.1f} and {second.aic:.1f}"


def _columns(design: Design, *matrices: Matrix | None) -> np.ndarray:
    """Columns (n, m) of several matrices, with none for those that are not there."""
    empty = np.zeros((len(design.y), 0))
    return np.hstack([empty, *(m.columns for m in matrices if m is not None)])


def _effects_within(small: Design, large: Design) -> bool:
    """Whether all effects on thresholds or location of one model are effects of the other.

    What moves each threshold by itself can move all alike; where thresholds stand for a constant,
    the constant is an effect too.
    """
    constant = np.ones((len(large.y), int(large.fixed.constant)))
    changes = np.hstack([constant, _columns(large, large.nominal)])
    return _within(_columns(small, small.nominal), changes) and _within(
        small.fixed.columns, np.hstack([changes, large.fixed.columns])
    )


def _scale_within(small: Design, large: Design) -> bool:
    """Whether all effects on the scale are; a constant only changes the unit."""
    constant = np.ones((len(large.y), 1))
    return _within(
        _columns(small, small.scale), np.hstack([constant, _columns(large, large.scale)])
    )


def _random_within(small: Design, large: Design) -> bool:
    """Whether the distribution of each random effect is one that the larger model can give it."""
    known = [(r, z) for r in large.random for z in _parts(r)]
    return all(
        any(
            lie_within(r.codes, other.codes)
            and lie_within(other.codes, r.codes)
            and _within(z, wider)
            for other, wider in known
        )
        for r in small.random
        for z in _parts(r)
    )


def _parts(random: RandomDesign) -> list[np.ndarray]:
    """Covariates (n, q) of effects that may be correlated: all of a term, or each by itself."""
    return [random.z] if random.term.correlated else list(random.z.T[:, :, None])


def _within(columns: np.ndarray, space: np.ndarray) -> bool:
    """Whether columns (n, p) are combinations of those (n, m) of a space."""
    if not columns.shape[1]:
        return True
    if not space.shape[1]:
        return False
    unit = space / np.maximum(np.linalg.norm(space, axis=0), np.finfo(float).tiny)
    off = columns - unit @ np.linalg.lstsq(unit, columns, rcond=None)[0]
    return bool((np.linalg.norm(off, axis=0) <= OFF * np.linalg.norm(columns, axis=0)).all())
