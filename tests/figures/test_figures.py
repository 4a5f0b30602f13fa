"""Every figure: words beside it, files, repeatable bytes, nothing cut off, nothing hidden."""

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache
from itertools import pairwise

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.figures.style import theme

SVG = "{http://www.w3.org/2000/svg}"


#: Effects of a study, which several tests show.
every_effect = cache(pls.demographic_effects)


def one_reading(effects, reading="mean"):
    result = effects.percents
    table = result.table[result.table["reading"] == reading]
    return pls.Result(table, result.sentence, result.meta)


def of(study, *dimensions):
    return pls.demographic_effects(study, ["politics"], dimensions)


def one(study):
    return study.where(dimension="toxicity")


def two(study):
    return study.where(dimension=["toxicity", "sensitivity"])


TABLES = {
    "composition": pls.describe.composition,
    "distribution": pls.describe.rating_distribution,
    "distribution by group": lambda s: pls.describe.rating_distribution(s, "politics"),
    "agreement": lambda s: pls.describe.agreement(s, n_bootstrap=100),
    "agreement_between": lambda s: pls.describe.agreement_between(s, "gender", n_bootstrap=100),
    "agreement by group": lambda s: pls.describe.agreement(s, "politics", n_bootstrap=100),
    "joint": lambda s: pls.describe.positive_given_positive(s, n_bootstrap=100),
    "forest": lambda s: every_effect(s).differences,
    "forest of one demographic": lambda s: pls.demographic_effects(s, ["politics"]).differences,
    "forest of one dimension": lambda s: of(s, "toxicity").differences,
    "forest of two dimensions": lambda s: of(s, "toxicity", "sensitivity").differences,
    "distribution of one dimension": lambda s: pls.describe.rating_distribution(one(s)),
    "agreement of one dimension": lambda s: pls.describe.agreement(one(s), n_bootstrap=100),
    "joint of two dimensions": lambda s: pls.describe.positive_given_positive(
        two(s), n_bootstrap=100
    ),
    "forest of percents": lambda s: one_reading(pls.demographic_effects(s, ["gender"])),
}
DRAW = {
    "composition": pls.figures.composition,
    "distribution": pls.figures.distribution,
    "agreement": pls.figures.agreement,
    "agreement_between": pls.figures.agreement_between,
    "joint": pls.figures.joint,
    "forest": pls.figures.forest,
}


def drawn(name, result):
    return DRAW[name.split()[0]](result)


@pytest.fixture(scope="module", params=TABLES)
def shown(request, small_study):
    """A result and its picture."""
    result = TABLES[request.param](small_study)
    return request.param, result, drawn(request.param, result)


def texts(picture):
    root = ET.fromstring(picture.render("svg"))
    return ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]


def test_words_stand_beside_every_figure(shown):
    _, result, picture = shown
    assert isinstance(picture, pls.figures.Plot)
    assert result.sentence in picture.alt
    assert len(picture.alt) > len(result.sentence) > 20
    assert repr(picture) == f"<Plot: {picture.alt}>"
    assert re.search(
        r'<img src="data:image/png;base64,[^"]+" width="\d+" alt="[^"]+">', picture._repr_html_()
    )


@pytest.mark.extended
def test_files_of_every_format_equal_byte_for_byte(small_study, tmp_path):
    """Of one figure; of all others SVG tells, in the next test."""
    result = TABLES["forest"](small_study)
    first, second = drawn("forest", result), drawn("forest", result)
    paths = first.save(tmp_path / "new" / "figure")
    assert [p.name for p in paths] == ["figure.svg", "figure.pdf", "figure.png"]
    starts = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}
    for path in paths:
        kind = path.suffix[1:]
        assert path.read_bytes().startswith(starts[kind])
        same = path.read_bytes() == second.render(kind)
        assert same, kind


def test_a_figure_stays_the_same_however_often_it_is_drawn_and_rendered(shown):
    picture = drawn(*shown[:2])
    first = picture.render("svg")
    # Told apart here: a comparison by pytest takes seconds.
    same = picture.render("svg") == first == shown[2].render("svg")
    assert same


def test_figures_say_whether_the_study_is_simulated(shown):
    name, result, picture = shown
    assert result.meta.data == "simulated"
    assert "simulated study" in " ".join(texts(picture))
    observed = replace(result, meta=replace(result.meta, data="observed"))
    assert "simulated" not in " ".join(texts(drawn(name, observed)))


def test_no_text_leaves_the_figure(shown):
    figure = drawn(*shown[:2]).figure
    with theme():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        drawn_box = figure.get_tightbbox(canvas.get_renderer())
    width, height = figure.get_size_inches()
    # A hundredth of an inch for the rounding of glyphs.
    assert drawn_box.x0 >= -0.01
    assert drawn_box.y0 >= -0.01
    assert drawn_box.x1 <= width + 0.01
    assert drawn_box.y1 <= height + 0.01


def test_no_text_covers_another(shown):
    figure = drawn(*shown[:2]).figure
    with theme():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        for ax in figure.axes:
            for axis, side in ((ax.yaxis, "y"), (ax.xaxis, "x")):
                low, high = sorted(axis.get_view_interval())
                ticks = [t for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
                labels = [t.label1 for t in ticks if t.label1.get_visible()]
                labels = [label for label in labels if label.get_text()]
                extents = [label.get_window_extent(renderer) for label in labels]
                boxes = sorted(tuple(getattr(e, f"interval{side}")) for e in extents)
                for (_, end), (start, _) in pairwise(boxes):
                    assert start >= end - 1, [t.get_text() for t in labels]


def test_numbers_of_raters_are_shown(shown):
    name, result, picture = shown
    said = " ".join(texts(picture))
    n = {f"{int(k):,}" for k in result.table["n_raters"].dropna()}
    if name == "joint":
        n |= {f"{int(k):,}" for k in result.table["n_ratings"]}
    if name.startswith("distribution") or name.startswith("forest"):
        said_in_brackets = set(re.findall(r"\(([\d,]+)\)", said))
        assert said_in_brackets & n
    elif name == "agreement":
        n = {f"{result.table['n_raters'].max():,}"}
        assert n & set(re.findall(r"[\d,]+", said))
    else:
        assert n & set(re.findall(r"[\d,]+", said))
    if result.meta.conf_level:
        assert "95%" in said


def test_pictures_bring_their_own_ground(small_study):
    picture = pls.figures.composition(pls.describe.composition(small_study))
    image = mpl.image.imread(io.BytesIO(picture.render("png")))
    assert image.shape[2] == 4
    assert (image[:, :, 3] == 1).all()
    assert (image[0, 0, :3] == 1).all()


def test_the_users_own_settings_stay(small_study):
    before = dict(mpl.rcParams)
    drawn("composition", pls.describe.composition(small_study)).render("svg")
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", DRAW)
def test_of_an_empty_table_the_figure_says_why(name, small_study):
    result = TABLES[name](small_study)
    empty = pls.Result(result.table.iloc[:0], "There is nothing to show.", result.meta)
    picture = drawn(name, empty)
    assert picture.alt == empty.sentence
    assert empty.sentence in texts(picture)


def test_withheld_cells_are_drawn_as_withheld(small_study):
    result = pls.describe.composition(small_study)
    withheld = int(result.table["n_raters"].isna().sum())
    assert withheld
    picture = pls.figures.composition(result)
    assert sum(t.strip() == "withheld" for t in texts(picture)) == withheld


def with_levels(study_of, *levels):
    n = 20 * len(levels)
    frame = pd.DataFrame({"rater": [f"p{i}" for i in range(n)], "item": "a"})
    frame["rating"] = [1, 2, 3, 4, 5] * (n // 5)
    frame["g"] = [level for level in levels for _ in range(20)]
    return study_of(frame, demographics={"g": {}})


def test_dollar_signs_and_tags_in_levels_are_plain_text(study_of):
    levels = ("$20k to $40k", "a_b^c $x_1$", "<script>alert(1)</script> & co")
    study = with_levels(study_of, *levels)
    picture = pls.figures.composition(pls.describe.composition(study))
    assert set(levels) <= {t.strip() for t in texts(picture)}
    assert b"<script" not in picture.render("svg")
    shares = pls.figures.distribution(pls.describe.rating_distribution(study, "g"))
    assert {f"{level} (20)" for level in levels} <= set(texts(shares))


def test_the_text_alternative_is_escaped():
    from matplotlib.figure import Figure

    html = pls.figures.Plot(Figure(), 'A "bar" <script>')._repr_html_()
    assert 'alt="A &quot;bar&quot; &lt;script&gt;"' in html


def test_an_interval_beside_its_estimate_is_drawn(small_study):
    """A percentile interval of alpha need not hold the estimate."""
    found = pls.describe.agreement(small_study, n_bootstrap=100, conf_level=0.01)
    beside = (found.table["estimate"] < found.table["conf_low"]) | (
        found.table["estimate"] > found.table["conf_high"]
    )
    assert beside.any()
    assert pls.figures.agreement(found).render("svg").startswith(b"<?xml")


def test_what_could_not_be_measured_is_drawn(small_study):
    result = pls.describe.agreement(small_study, n_bootstrap=100)
    table = result.table.copy()
    table.loc[0, ["estimate", "conf_low", "conf_high"]] = float("nan")
    pls.figures.agreement(pls.Result(table, result.sentence, result.meta)).render("svg")
    result = pls.describe.positive_given_positive(small_study, n_bootstrap=100)
    table = result.table.copy()
    table.loc[0, ["estimate", "conf_low", "conf_high"]] = float("nan")
    picture = pls.figures.joint(pls.Result(table, result.sentence, result.meta))
    assert "nan" not in " ".join(texts(picture)).lower()


def test_a_picture_that_cannot_be_saved(small_study, tmp_path):
    (tmp_path / "file").write_text("in the way")
    picture = pls.figures.composition(pls.describe.composition(small_study))
    with pytest.raises(InputError, match="the figure cannot be written"):
        picture.save(tmp_path / "file" / "figure")
