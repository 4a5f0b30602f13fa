"""What to say of a comparison that rests on few raters or items."""

from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.ordinal import OrdinalEstimates
from pluralign_stats.models.units import ALONE, units_of

#: Fewer units make p from the normal distribution too small by more than a little.
FEW = 30


def few_units(fit: ModelEstimates, variable: str) -> tuple[str, ...]:
    """Note on a variable of few raters or items, where p and intervals take them for many."""
    normal = isinstance(fit, OrdinalEstimates) and type(fit).degrees is OrdinalEstimates.degrees
    if not normal or variable not in fit.design.data:
        return ()
    units = units_of(fit, variable)
    if units.name == ALONE or units.fewest >= FEW:
        return ()
    return (
        f"'{variable}' differs between {units.fewest} {units.name}s only: intervals and p of an "
        "ordinal model, which take them for many, are too narrow and too small (of halves of 12 "
        "items made by lot, about 10 % instead of 5 % differ); fit_linear counts them.",
    )
