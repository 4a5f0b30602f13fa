"""The model of a fit as statsmodels states it, where statsmodels has one that is equivalent."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from pluralign_stats.errors import InputError
from pluralign_stats.models.engine.clusters import lie_within
from pluralign_stats.models.linear import LinearEstimates
from pluralign_stats.models.matrices import RandomDesign
from pluralign_stats.models.ordinal import OrdinalEstimates

if TYPE_CHECKING:
    from statsmodels.miscmodels.ordinal_model import OrderedModel
    from statsmodels.regression.linear_model import WLS
    from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec

#: Latent distributions as `OrderedModel` takes them.
_DISTRIBUTIONS = {"logit": "logit", "probit": "probit", "cloglog": stats.gumbel_l}


def linear_model(fit: LinearEstimates) -> "MixedLM | WLS":
    """The same linear model in statsmodels; see `LinearFit.to_statsmodels`."""
    from statsmodels.regression.linear_model import WLS
    from statsmodels.regression.mixed_linear_model import MixedLM

    design = fit.design
    X = pd.DataFrame(design.fixed.columns, columns=list(design.fixed.names))
    if X.empty:
        raise no_equivalent("its MixedLM needs a fixed effect, and this has none; add one")
    if not design.random:
        return WLS(design.y, X, weights=design.weight)
    if (design.weight != 1).any():
        raise no_equivalent("its MixedLM takes no weights; fit the model without 'weights'")
    whole = _outermost(design.random)
    if whole is None:
        groups, components = np.zeros(len(design.y), dtype=int), list(design.random)
    else:
        groups, components = whole.codes, [r for r in design.random if r is not whole]
    tied = [r for r in components if r.term.correlated and r.z.shape[1] > 1]
    if tied:
        raise no_equivalent(
            f"its MixedLM has correlated random effects of one grouping factor only, within which "
            f"all others lie; {tied[0].term} are correlated as well, or not of that factor: make "
            f"them uncorrelated, as in ({tied[0].term.effects} || {tied[0].term.group})"
        )
    named = None if whole is None else pd.DataFrame(whole.z, columns=list(whole.labels))
    vc = _components(components, groups) if components else None
    return MixedLM(design.y, X, groups=groups, exog_re=named, exog_vc=vc)


def ordinal_model(fit: OrdinalEstimates) -> "OrderedModel":
    """The same ordinal model in statsmodels; see `OrdinalFit.to_statsmodels`."""
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    design = fit.design
    if design.random:
        terms = " + ".join(str(r.term) for r in design.random)
        raise no_equivalent(f"its OrderedModel has no random effects; leave {terms} out to compare")
    for name, matrix in (("nominal", design.nominal), ("scale", design.scale)):
        if matrix is not None:
            raise no_equivalent(f"its OrderedModel has no '{name}' effects; leave them out")
    if fit.structure != "flexible":
        raise no_equivalent(
            f"its OrderedModel has no {fit.structure} thresholds; take flexible ones"
        )
    if (design.weight != 1).any():
        raise no_equivalent("its OrderedModel takes no weights; fit the model without 'weights'")
    if not design.fixed.names:
        raise no_equivalent("its OrderedModel needs an effect, and this model has none; add one")
    y = pd.Series(pd.Categorical.from_codes(design.y, list(fit.family.labels), ordered=True))
    X = pd.DataFrame(design.fixed.columns, columns=list(design.fixed.names))
    return OrderedModel(y, X, distr=_DISTRIBUTIONS[fit.link])


def no_equivalent(why: str) -> InputError:
    """The error that says why statsmodels does not have a model."""
    return InputError(f"statsmodels has no model equivalent to this one: {why}")


def _outermost(random: tuple[RandomDesign, ...]) -> RandomDesign | None:
    """The term within whose groups those of all others lie, if its effects are correlated or one.

    Rows of its different groups are independent then.
    """
    joint = [r for r in random if r.term.correlated or r.z.shape[1] == 1]
    whole = [r for r in joint if all(lie_within(other.codes, r.codes) for other in random)]
    return max(whole, key=lambda r: r.z.shape[1], default=None)


def _components(random: list[RandomDesign], groups: np.ndarray) -> "VCSpec":
    """Uncorrelated effects as variance components, a matrix each for the rows of each group."""
    from statsmodels.regression.mixed_linear_model import VCSpec

    names, columns, matrices = [], [], []
    for term in random:
        for name, z in zip(term.labels, term.z.T, strict=True):
            made = []
            for rows in (np.flatnonzero(groups == g) for g in range(groups.max() + 1)):
                codes, place = np.unique(term.codes[rows], return_inverse=True)
                made.append((np.eye(len(codes))[place] * z[rows, None], list(map(str, codes))))
            names.append(name)
            matrices.append([matrix for matrix, _ in made])
            columns.append([levels for _, levels in made])
    return VCSpec(names, columns, matrices)
