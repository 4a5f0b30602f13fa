"""Populations that come with Pluralign."""

from importlib.resources import files

import pandas as pd

from pluralign_stats.errors import check_one_of

#: File, and what it is, by name.
SHIPPED = {
    "example": (
        "example.csv",
        "rounded figures for illustration, no official statistics; adults of the US and Germany in "
        "the early 2020s, age and gender taken as independent within a country",
    ),
    "us-2022": (
        "us_acs_2022.csv",
        "US Census Bureau, American Community Survey 2022, 1-year estimates, detailed tables "
        "B01001B, B01001D, B01001H and B01001I; adults of the US by age, sex and race or origin; "
        "people who are Black or Asian alone and Hispanic are counted in both groups, and people "
        "of other or several races who are not Hispanic are left out",
    ),
}


def example_population(name: str = "example") -> pd.DataFrame:
    """A population to weight by: a small made one, or the adults of the US from official counts.

    ``"example"`` is rounded and made by hand to be of the size of the adult populations of the US
    and Germany in the early 2020s. It is **not official statistics**: shares of five age bands
    and two genders were set to whole per cent, taken as independent of each other, multiplied, and
    rounded to 10,000 people. Its levels are those of the simulated study; it has nobody who is
    non-binary, because common statistics do not tell. Use your own table for results that matter.

    ``"us-2022"`` is from the American Community Survey 2022 (1-year estimates) of the US Census
    Bureau, tables B01001H (White alone, not Hispanic), B01001I (Hispanic or Latino), B01001B (Black
    or African American alone) and B01001D (Asian alone). People who are Black or Asian alone and
    Hispanic are counted in both groups; people of other or several races who are not Hispanic are
    left out. The survey asks for sex, with two answers, which stand here as gender. It is of the
    US alone, and its age bands are not those of the published study.

    Parameters
    ----------
    name
        ``"example"`` or ``"us-2022"``.

    Returns
    -------
    DataFrame
        Columns country, age, gender, n; or age, gender, ethnicity, n and n_error (standard error
        of n: the 90 % margin of error over 1.645, summed in quadrature). ``attrs["source"]`` says
        what the figures are.

    Raises
    ------
    InputError
        If there is no such population.

    Examples
    --------
    >>> pls.example_population().columns.tolist()
    ['country', 'age', 'gender', 'n']
    >>> pls.example_population("us-2022")["ethnicity"].unique().tolist()[:2]
    ['White', 'Hispanic or Latino']
    """
    check_one_of("the population", name, SHIPPED)
    file, source = SHIPPED[name]
    path = files("pluralign_stats") / "populations" / file
    with path.open(encoding="utf-8") as opened:
        table = pd.read_csv(opened)
    table.attrs["source"] = source
    return table
