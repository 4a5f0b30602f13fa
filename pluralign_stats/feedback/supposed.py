"""Feedback on a dimension of which nobody has said whether more of it is wanted."""

from dataclasses import replace

from pluralign_stats.feedback.feedback_audit import audit_recipes
from pluralign_stats.study.study import Study


def suppose_valence(study: Study, dimension: str | None = None) -> tuple[Study, str]:
    """The study with a valence for the dimension that is audited, and what was supposed.

    Whose preferences feedback holds, and how many, does not depend on it: wanting less instead of
    more turns every preference round and changes no count. What is good or bad does, and is not to
    be told of a supposed valence.

    Parameters
    ----------
    study
        The study.
    dimension
        Which is audited; by default that of `audit_recipes`.

    Returns
    -------
    tuple
        The study, unchanged where its codebook declares the valence, and a sentence, empty then.
    """
    first, *_ = audit_recipes(study, dimension)
    (name,) = first.dimensions
    known = study.codebook.dimensions
    if known[name].valence is not None:
        return study, ""
    more = known | {name: known[name].model_copy(update={"valence": 1})}
    told = (
        f"Whether more or less of {study.codebook.label(name)} is wanted is not declared in the "
        "codebook (valence). Here the higher of two ratings counts as the better one; if less were "
        "wanted, every preference would be turned round, and all numbers below would stay the same."
    )
    return replace(study, codebook=study.codebook.model_copy(update={"dimensions": more})), told
