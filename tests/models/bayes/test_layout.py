"""What stands where: parameters to coordinates and back, and under which names."""

import numpy as np
import pytest
from natural_vector import natural_at

from pluralign_stats import InputError
from pluralign_stats.models.bayes.arviz_data import parameter_draws
from pluralign_stats.models.bayes.joint_vector import joint_at
from pluralign_stats.models.bayes.layout import Natural, constrain, phi_of
from pluralign_stats.models.bayes.posterior import Draws

MODELS = {
    "logit": ("r5 ~ x + group + (1|rater) + (1|item)", {}),
    "slopes": ("r4 ~ x + (1 + x + z|rater) + (1 + x||item)", {}),
    "nominal and scale": ("r3 ~ x + (1|rater)", {"nominal": "group", "scale": "group + x"}),
    "gaussian": ("y ~ x + group + (1 + x|rater) + (1|item)", {"family": "gaussian"}),
    "gaussian without constant": ("y ~ 0 + x + (1|rater)", {"family": "gaussian"}),
    "no random terms": ("r4 ~ x", {}),
}


@pytest.fixture(params=MODELS)
def model(request, build, ratings):
    formula, options = MODELS[request.param]
    return build(formula, ratings, **options)


def some_phi(model):
    return 0.5 * np.random.default_rng(1).normal(size=len(model.layout.names))


def equal(one: Natural, other: Natural) -> None:
    np.testing.assert_allclose(one.coefficients, other.coefficients, atol=1e-10)
    np.testing.assert_allclose(one.cuts, other.cuts, atol=1e-10)
    np.testing.assert_allclose(one.log_scale, other.log_scale, atol=1e-10)
    for first, second in zip(one.covariances, other.covariances, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-10)


def test_parameters_return_from_the_models_own(model):
    phi = some_phi(model)
    np.testing.assert_allclose(phi_of(model.layout, constrain(model.layout, phi)), phi)


def test_joint_vector_of_a_fit_returns(model):
    values = constrain(model.layout, some_phi(model))
    joint = joint_at(model.start, model.layout, values)
    if model.layout.data.n_cuts:
        assert len(joint) == len(model.start.joint.estimates)
        equal(natural_at(model.start, model.layout, joint), values)
    else:
        np.testing.assert_allclose(joint, values.coefficients)


def test_natural_parameters_of_a_fit_are_its_estimates(model):
    fit, layout = model.start, model.layout
    if not layout.data.n_cuts:
        return
    values = natural_at(fit, layout, fit.joint.estimates)
    np.testing.assert_allclose(values.cuts[0], fit.thresholds)
    p, s = layout.sizes[0], layout.sizes[2]
    np.testing.assert_allclose(values.coefficients, fit.params[:p])
    np.testing.assert_allclose(values.log_scale, fit.params[p : p + s])
    for covariance, part in zip(values.covariances, fit.random, strict=True):
        np.testing.assert_allclose(covariance, part.covariance, atol=1e-10)


def test_each_parameter_stands_under_its_own_name(model):
    """Read off the draws by name, the estimates of a fit are those that the fit tells."""
    fit, layout = model.start, model.layout
    if layout.data.n_cuts:
        values = natural_at(fit, layout, fit.joint.estimates)
    else:
        covariances = tuple(part.covariance for part in fit.random)
        sigma = np.log([fit.sigma])
        values = Natural(fit.params.to_numpy(), np.zeros((1, 0)), sigma, covariances)
    draws = Draws(
        1,
        values.coefficients[None],
        values.cuts[None],
        values.log_scale[None],
        tuple(c[None] for c in values.covariances),
        (),
        np.zeros((1, 0)),
    )
    told = {
        kind: dict(zip(names, drawn[0], strict=True))
        for kind, (names, drawn) in parameter_draws(fit, layout, draws).items()
    }
    fixed = fit.params.to_dict()
    named = told.get("coefficients", {}) | told.get("changes", {}) | told.get("scale", {})
    assert named == pytest.approx(fixed)
    assert told.get("thresholds", {}) == pytest.approx(fit.thresholds.to_dict())
    sds = {name: sd for part in fit.random for name, sd in part.sd.items()}
    assert told.get("sd", {}) == pytest.approx(sds)
    for part in fit.random:
        labels = part.design.labels
        if part.design.term.correlated and len(labels) > 1:
            found = told["cor"][f"{labels[0]}, {labels[1]}"]
            assert found == pytest.approx(part.correlations.iloc[1, 0])


def test_gaussian_constant_is_that_of_average_covariates_in_the_density(build, ratings):
    model = build("y ~ x + (1|rater)", ratings, "gaussian")
    values = constrain(model.layout, np.array([1.0, 2.0, 0.0, 0.0]))
    mean = ratings["x"].mean()
    assert values.coefficients == pytest.approx([1.0 - 2.0 * mean, 2.0])
    assert model.layout.constant.tolist() == [1.0, 0.0]


def test_thresholds_are_those_of_average_covariates_in_the_density(build, ratings):
    model = build("r3 ~ x", ratings)
    values = constrain(model.layout, np.array([2.0, -1.0, np.log(3.0)]))
    assert values.cuts[0] == pytest.approx(np.array([-1.0, 2.0]) + 2.0 * ratings["x"].mean())


def test_finest_term_is_last_and_its_levels_are_together(build, ratings):
    layout = build("r4 ~ x + (1|rater) + (1|item) + (1|place)", ratings).layout
    assert layout.terms == (2, 1, 0)
    assert layout.data.n_levels.tolist() == [4, 6, 9]
    assert (np.diff(layout.data.codes[-1]) >= 0).all()
    assert layout.names[-3:] == ("sd(place)", "sd(item)", "sd(rater)")


def test_rows_keep_what_belongs_together(build, ratings):
    model = build("r4 ~ x + group + (1 + z|rater)", ratings, nominal="group", weights="weight")
    data, order = model.layout.data, model.layout.order
    rows = ratings.iloc[order]
    assert (data.y == rows["r4"] - 1).all()
    assert data.weight == pytest.approx(rows["weight"])
    assert data.Z[0, :, 1] == pytest.approx(rows["z"])
    assert (data.X[data.cell, 0] + model.layout.centre[0]) == pytest.approx(rows["x"])
    made = model.layout.sections[data.section]
    expected = np.column_stack([rows["group"] == "b", rows["group"] == "c"])
    np.testing.assert_array_equal(made, expected)


def test_thresholds_cannot_vary_by_numbers(build, ratings):
    with pytest.raises(InputError, match=r"thresholds can vary by the levels of one factor.*1 col"):
        build("r3 ~ group", ratings, nominal="x")
