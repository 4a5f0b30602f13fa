import numpy as np
import pytest

from pluralign_stats.study.bands import age_bands, decade_bands, equal_bands


def held(bands, numbers):
    """In how many of the bands each number is."""
    return [sum(low <= x <= high for low, high in bands.values()) for x in numbers]


def test_ages_are_in_the_bands_of_surveys_that_occur():
    ages = np.array([16.0, 18, 30, 31, 61, 90])
    assert age_bands(ages) == {
        "under 18": (0, 17),
        "18-30": (18, 30),
        "31-40": (31, 40),
        "over 60": (61, 120),
    }


def test_years_of_birth_are_in_decades():
    bands = decade_bands(np.array([1979.0, 1980, 1989, 2001]))
    assert list(bands) == ["1970-1979", "1980-1989", "2000-2009"]


@pytest.mark.parametrize("decimals", [0, 2, 12])
def test_every_number_is_in_one_band_and_bands_are_of_like_size(decimals):
    rng = np.random.default_rng(decimals)
    numbers = rng.normal(0, 50, 1000).round(decimals)
    bands = equal_bands(numbers)
    assert held(bands, numbers) == [1] * 1000
    sizes = [((numbers >= low) & (numbers <= high)).sum() for low, high in bands.values()]
    assert len(sizes) == 4
    assert min(sizes) > 220


def test_a_number_that_most_have_makes_fewer_bands():
    bands = equal_bands(np.array([1.0] * 90 + [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]))
    assert bands == {"1": (1, 1), "2 to 11": (2, 11)}


def test_one_number_is_one_band():
    assert equal_bands(np.array([2.5, 2.5])) == {"2.5": (2.5, 2.5)}
