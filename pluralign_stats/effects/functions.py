"""Any function of a posterior's draws: ratios, products, whatever a reader asks for."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from pluralign_stats.backing import Backing
from pluralign_stats.effects.comparisons import averaged_settings
from pluralign_stats.effects.counts import level_raters
from pluralign_stats.effects.estimates import COLUMNS
from pluralign_stats.effects.options import EffectOptions, with_options
from pluralign_stats.effects.predictions import notes
from pluralign_stats.errors import InputError, check_one_of, one_of
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.formatting import with_interval
from pluralign_stats.models.bayes.fit import PosteriorEstimates, need_posterior
from pluralign_stats.models.bayes.summarize import summarize
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.parts import Averaging, Kind
from pluralign_stats.models.summary import coefficient_raters
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL

_RATIOS = "Of a ratio whose denominator may be 0, read the median and the interval: it has no mean."

#: Draws (S,) by name.
Named = Mapping[str, np.ndarray]


@with_options
def summarize_draws(
    fit: ModelEstimates,
    function: Callable[[Named], np.ndarray | Named],
    name: str = "function of draws",
    *,
    factors: str | Sequence[str] = (),
    kind: Kind = "mean",
    averaging: Averaging = "marginal",
    unit: str = "",
    conf_level: float = CONF_LEVEL,
) -> Result:
    """Work out a function of every draw, and summarise what comes out.

    Parameters
    ----------
    fit
        A fit by `fit_bayes`.
    function
        Takes draws (S,) by name, and gives (S,), (S, m), or several (S,) by name. The names are
        those of the parameters in ``fit.summary()``, such as ``"gender[T.Male]"`` or
        ``"sd(rater)"``, and of the predictions for the levels of `factors`, such as
        ``"gender: Male"`` (of a probability ``"gender: Male: 5"``).
    name
        What the table calls the outcome.
    factors
        Factors of the model for whose levels to predict: the average as if everyone had the level.
    unit
        Unit of the outcome.
    conf_level
        Level of the intervals, which have equal tails.

    Returns
    -------
    Result
        Columns term, estimate, sd, conf_low, conf_high, prob_positive, median, method.

    Raises
    ------
    InputError
        If the fit is not Bayesian, the function asks for a name that is not there, or gives
        something else than draws.

    References
    ----------
    Gelman, Carlin, Stern, Dunson, Vehtari & Rubin (2013), Bayesian Data Analysis, 3rd edition,
    CRC Press, section 2.3.

    Examples
    --------
    >>> def odds_ratio(draws):
    ...     return np.exp(draws["gender[T.Male]"])
    >>> made = pls.summarize_draws(posterior, odds_ratio, "odds ratio")
    >>> made.table["term"].tolist()
    ['odds ratio']
    """
    fit = need_posterior(
        fit,
        "summarize_draws takes fits by fit_bayes, which have draws; for others use hypotheses, or "
        "comparisons with interval='simulation'",
    )
    chosen = (factors,) if isinstance(factors, str) else tuple(factors)
    options = EffectOptions(kind=kind, averaging=averaging, conf_level=conf_level)
    given = named_draws(fit, chosen, options)
    asked = _Asked(given)
    terms, drawn = _evaluate(function, asked, name)
    table = summarize(drawn, conf_level)
    median = np.where(table["estimate"].isna(), np.nan, np.median(drawn, axis=0))
    table = table.assign(term=terms, median=median, method=str(fit.method))
    first = table.iloc[0]
    sentence = f"{first['term']}: {with_interval(first, '.2f', unit).replace('  ', ' ')}."
    behind = np.full(len(table), _fewest(fit, chosen, asked.names))
    return Result.of(
        fit,
        table[ordered_columns(table)],
        sentence,
        name[:1].upper() + name[1:],
        unit=unit,
        conf_level=conf_level,
        notes=(COLUMNS, _RATIOS, *(notes(fit, 0, options) if chosen else ())),
        backing=Backing(behind, fit.design.raters.unknown),
        figure=FOREST,
    )


class _Asked(dict[str, np.ndarray]):
    """Draws by name that remember which of them were read."""

    def __init__(self, given: dict[str, np.ndarray]) -> None:
        super().__init__(given)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> np.ndarray:
        """The draws of one name; whoever reads by other ways is taken to have read all."""
        self.names.add(name)
        return super().__getitem__(name)


def _fewest(fit: PosteriorEstimates, factors: Sequence[str], names: set[str]) -> float:
    """Raters of the smallest group that draws of these names are about; of any, without names."""
    known = dict(zip(map(str, fit.params.index), coefficient_raters(fit), strict=True))
    ends = ["", *(f": {k}" for k in fit.family.labels)]
    for factor in factors:
        levels = fit.design.data[factor].cat.categories
        known |= {
            f"{factor}: {level}{end}": n
            for level, n in zip(levels, level_raters(fit, factor), strict=True)
            for end in ends
        }
    about = [n for key, n in known.items() if not names or key in names]
    return float(min(about, default=fit.design.raters.n))


def named_draws(
    fit: PosteriorEstimates, factors: Sequence[str], options: EffectOptions
) -> dict[str, np.ndarray]:
    """Draws (S,) of all parameters, and of predictions for each level of the factors."""
    from pluralign_stats.models.bayes.arviz_data import parameter_draws
    from pluralign_stats.models.bayes.convergence import label

    made = {
        label(group, name): drawn[:, k]
        for group, (names, drawn) in parameter_draws(fit, fit.layout, fit.draws).items()
        for k, name in enumerate(names)
    }
    for factor in factors:
        check_one_of("the factor", factor, fit.design.factors)
        _, compared, averages = averaged_settings(fit, factor, options)
        drawn = averages.at(fit.points)
        for k, place in enumerate(averages.labels.itertuples()):
            name = f"{factor}: {compared.names[place.setting]}"
            if options.kind == "probability":
                name = f"{name}: {fit.family.labels[place.category]}"
            if name in made:
                raise InputError(f"'{name}' names two things to draw; rename a level of '{factor}'")
            made[name] = drawn[:, k]
    return made


def _evaluate(
    function: Callable[[Named], np.ndarray | Named], given: Named, name: str
) -> tuple[list[str], np.ndarray]:
    """Names and draws (S, m) of what the function gives."""
    try:
        found = function(given)
    except KeyError as error:
        if not error.args or error.args[0] in given:
            raise
        raise InputError(one_of("a name of draws", error.args[0], given)) from None
    n_draws = len(next(iter(given.values())))
    if isinstance(found, Mapping):
        terms, columns = list(map(str, found)), [np.asarray(v, dtype=float) for v in found.values()]
        drawn = np.column_stack(columns) if {c.shape for c in columns} == {(n_draws,)} else None
    else:
        drawn = np.asarray(found, dtype=float)
        drawn = drawn.reshape(n_draws, -1) if drawn.shape[:1] == (n_draws,) else None
        m = 0 if drawn is None else drawn.shape[1]
        terms = [name] if m == 1 else [f"{name} [{k}]" for k in range(m)]
    if drawn is None or not drawn.size:
        raise InputError(
            f"the function must give one number for each of the {n_draws:,} draws, or a row of them"
        )
    return terms, drawn
