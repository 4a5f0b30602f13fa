"""The study: what every analysis reads."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from pluralign_stats.arguments import checked
from pluralign_stats.errors import InputError, check_one_of, listing, one_of
from pluralign_stats.results import Result
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.storage.digest import digest_text
from pluralign_stats.study.assemble import assemble
from pluralign_stats.study.codebook import Codebook, Repeats
from pluralign_stats.study.codebook_file import codebook_from
from pluralign_stats.study.codebook_text import codebook_content, codebook_text, write_codebook
from pluralign_stats.study.described import Described
from pluralign_stats.study.draft import Given, Scales, draft_codebook
from pluralign_stats.study.entries import LANGUAGE
from pluralign_stats.study.filters import LEFT_OUT
from pluralign_stats.study.filters import told as exclusions_of
from pluralign_stats.study.frame import (
    FILE,
    FRAME,
    Named,
    Names,
    categories,
    check_roles,
    frame_entries,
    frame_roles,
    frame_table,
    frame_wide,
)
from pluralign_stats.study.inference import Inference
from pluralign_stats.study.plan import Plan, answers_of, plan_counts
from pluralign_stats.study.repeats import no_repeats
from pluralign_stats.study.tables import Tables
from pluralign_stats.study.text import nfc
from pluralign_stats.study.truth import Truth
from pluralign_stats.suppression import few
from pluralign_stats.words import counted


@dataclass(frozen=True, eq=False, repr=False)
class Study(Described):
    """Validated ratings, raters and items, with their codebook.

    A study does not change: the frames it hands out are copies (made only when written to), and
    methods that narrow it return a new one.

    Attributes
    ----------
    codebook
        Meaning of everything else.
    hashes
        SHA-256 of each data file, by file name.
    truth
        Planted parameters of a simulated study; None for real ones.
    narrowed
        Conditions under which `where` chose from the whole study.
    notes
        What was left out or may be meant otherwise when the files were read, one sentence each.
    gathered
        By demographic or covariate, the answers and levels that became its level `other`.

    Examples
    --------
    >>> study.dimensions[:2]
    ('stereotypical_bias', 'toxicity')
    >>> len(study.ratings), len(study.where(gender="Female").raters)
    (5000, 92)
    """

    codebook: Codebook
    _ratings: pd.DataFrame
    _raters: pd.DataFrame
    _items: pd.DataFrame
    _exclusions: pd.DataFrame
    _nonresponse: pd.DataFrame
    _codes: pd.DataFrame
    hashes: Mapping[str, str]
    truth: Truth | None = None
    narrowed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    gathered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _repeats: pd.DataFrame = field(default_factory=no_repeats)
    _careless: pd.DataFrame = field(default_factory=pd.DataFrame)
    _inferred: tuple[Inference, ...] = ()

    @classmethod
    def of(cls, codebook: Codebook, tables: Tables, truth: Truth | None = None) -> Self:
        """Make a study of raw tables, checked against a codebook; see `assemble`."""
        made = assemble(codebook.indicated, tables)
        codebook = made.codebook
        frames = made.ratings, made.raters, made.items, made.exclusions, made.nonresponse
        more = {"notes": made.notes, "gathered": made.gathered, "_repeats": made.repeats}
        more["_careless"] = made.careless
        study = cls(codebook, *frames, made.codes, made.hashes, truth, **more)
        for sign in codebook.careless.leave_out:
            study = study._leave_out(sign)
        return study

    def _leave_out(self, sign: str) -> Self:
        """Without the raters who show a sign of not reading, which is told as a filter is."""
        if sign not in self._careless:
            raise InputError(
                f"careless: '{sign}' cannot be looked for: state the columns that tell, 'duration' "
                "or 'texts', in the codebook, or take it out of 'leave_out'"
            )
        flagged = self._careless.index[self._careless[sign].fillna(False).astype(bool)]
        gone = self._ratings["rater"].isin(flagged)
        rows = self._ratings.loc[gone, ["rater", "item"]].drop_duplicates()
        if gone.all():
            raise InputError(f"careless: every rater shows '{sign}'; change its limit")
        record = (f"careless: {sign}", len(rows), rows["rater"].nunique(), LEFT_OUT)
        told = pd.concat([self._exclusions, exclusions_of([record])], ignore_index=True)
        return replace(self._keep(self._ratings[~gone], None, ()), _exclusions=told)

    @classmethod
    def from_frame(
        cls,
        data: pd.DataFrame,
        *,
        rater: str,
        item: Names,
        dimensions: Names = (),
        rating: str | None = None,
        dimension: str | None = None,
        demographics: Named = (),
        covariates: Named = (),
        effects: Names = (),
        prompt: str | None = None,
        text: str | Mapping[str, str] | None = None,
        language: str | None = None,
        weight: str | None = None,
        valence: Mapping[str, int] | None = None,
        scales: Scales | None = None,
        wide: str | Sequence[str] | Mapping[str, Any] | None = None,
        repeats: Repeats | None = None,
        missing: Sequence[str] = ("", "NA"),
        name: str = "study",
        simulated: bool = False,
    ) -> Self:
        """Make a study of a DataFrame; scales, levels and bands are inferred and told.

        Parameters
        ----------
        data
            One row for each response that a rater rated, for each single rating, or, with `wide`,
            for each rater. Categorical columns keep their order.
        rater, item
            Columns that say who rated, and which response (several columns may do so together).
        dimensions
            Columns of ratings, one for each thing judged; or else
        rating, dimension
            the one column of ratings and, if it holds several dimensions, the one that says which.
        demographics, covariates
            Columns about raters, and about single ratings or items; or for each its entry as in a
            codebook, ``{"gender": {"reference": "Male"}}``, of which what is left out is inferred.
        effects
            Columns about ratings or items (or that of `language`) whose effects on ratings are
            asked for, as those of demographics are; see `pls.demographics.covariate_effects`.
        prompt, text
            Columns of the prompt, and of the response's wording (in English, or by language:
            ``{"de": "antwort"}``).
        language
            Column of the language in which the item was rated.
        weight
            Column of raters' survey weights.
        valence
            By dimension 1 where a high rating is good, -1 where it is bad. What is left out is not
            declared, and what needs it asks for it.
        scales
            By dimension lowest and highest rating (``[1, 7]``), a scale as in codebooks, or words,
            the lowest first. What is left out is inferred.
        wide
            Of data with one row for each rater and one column for each item: how these columns are
            called, ``"{dimension}_{item}"`` for ``toxicity_17``, or all that `wide` of a codebook
            may state. ``item="item"`` is then the part of the name.
        repeats
            Which rating counts where a rater rated an item again: ``"first"``, ``"last"``,
            ``"mean"`` or ``"retest"``. An error unless stated.
        missing
            Cells that hold no answer, besides those that pandas counts as missing.
        name
            Short name of the study.
        simulated
            Whether the ratings were generated; every table and figure then says so.

        Returns
        -------
        Study
            ``study.inferred`` tells what was inferred, and why; `to_yaml` writes it down.

        Raises
        ------
        InputError
            If a column is absent, has two roles or does not hold what its role needs; one line.

        Examples
        --------
        >>> frame = pd.DataFrame({"who": list("aabb"), "reply": list("xyxy")})
        >>> frame = frame.assign(age=[30, 30, 62, 62], helpful=[2, 5, 1, 4])
        >>> made = pls.Study.from_frame(
        ...     frame, rater="who", item="reply", dimensions=["helpful"], demographics=["age"]
        ... )
        >>> made.levels("age")
        ('18-30', 'over 60')
        >>> made.inferred.table["taken_as"].tolist()[0]
        'whole numbers 1 to 5'
        """
        roles = frame_roles(
            rater=rater, item=item, dimensions=dimensions, rating=rating, dimension=dimension,
            demographics=demographics, covariates=covariates, effects=effects, prompt=prompt,
            text=text, language=language, weight=weight,
        )  # fmt: skip
        table = frame_table(data, missing, frame_wide(wide), roles)
        check_roles(roles, table, data.index.names)
        entries = frame_entries(demographics, covariates)
        given = Given(valence or {}, scales or {}, categories(data), entries)
        file = FILE if wide is None else {"path": FILE, "wide": wide}
        head: dict[str, Any] = {"name": name, "files": {"ratings": file}, "simulated": simulated}
        head |= {"missing": list(missing), **({"repeats": repeats} if repeats else {})}
        draft = draft_codebook(Tables(table), roles, given, head)
        study = cls.of(codebook_from(draft.content, FRAME), Tables(table))
        return replace(study, hashes={FILE: table.hashes[FRAME]}, _inferred=draft.inferred)

    @property
    def inferred(self) -> Result:
        """What `from_frame` inferred: column, role, what it was taken as, and why."""
        told = [(each.column, each.role, each.taken_as, each.why) for each in self._inferred]
        table = pd.DataFrame(told, columns=["column", "role", "taken_as", "why"])
        sentence = "Nothing was inferred"
        if told:
            sentence = f"{counted(len(table), 'thing')} inferred"
        undeclared = [name for name, d in self.codebook.dimensions.items() if d.valence is None]
        if undeclared:
            sentence += (
                f"; whether a high rating is good is not declared of {listing(undeclared)}: "
                f"valence={{'{undeclared[0]}': 1}} where it is, -1 where it is bad"
            )
        return Result.of(self, table, f"{sentence}.", "What was inferred")

    @checked
    def to_yaml(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the codebook, with comments where something was inferred.

        `read_study` reads it; the ratings of a study made of a frame are to be saved beside it,
        with ``data.to_csv("ratings.csv", index=False)``.

        Parameters
        ----------
        path
            Of the YAML file.
        overwrite
            Whether a file that is there is replaced.

        Returns
        -------
        Path
            Of the file.

        Raises
        ------
        InputError
            If there is a file already, it cannot be written, or the study is a part of another.
        """
        if self.narrowed:
            raise InputError(
                f"this study was narrowed ({'; '.join(self.narrowed)}), and its codebook is that "
                "of the whole; write that of the study before 'where'"
            )
        head = f"Codebook of {self.title}."
        if self._inferred:
            head += f" The ratings belong beside it: data.to_csv('{FILE}', index=False)"
        text = codebook_text(codebook_content(self.codebook), self._inferred, head)
        return write_codebook(Path(path), text, overwrite=overwrite)

    @property
    def ratings(self) -> pd.DataFrame:
        """One row per rater, item and dimension.

        Columns rater, item, prompt, (language,) dimension, rating, then demographics and
        covariates. An unanswered rating is a row with a missing rating. Factors are categorical;
        their first category is the reference level. ``attrs["data"]`` says whether they are
        simulated, for the tables of models fitted to them, ``attrs["raters"]`` how many raters
        each level has, and ``attrs["withheld"]`` of which levels no table says so;
        ``attrs["questions"]`` names the question of each demographic that is one of its answers.
        """
        frame = self._ratings.copy(deep=False)
        frame.attrs["data"] = self.data_kind
        counts = {name: self._raters[name].value_counts() for name in self.demographics}
        everyone = {"All ratings": {"All": len(self._raters)}}
        frame.attrs["raters"] = everyone | {
            name: {str(level): int(k) for level, k in n.items()} for name, n in counts.items()
        }
        frame.attrs["withheld"] = self._withheld
        frame.attrs["questions"] = {
            name: factor.question
            for name, factor in self.codebook.demographics.items()
            if factor.named is not None
        }
        return frame

    @cached_property
    def answers(self) -> dict[str, pd.Series]:
        """By demographic each rater's level or kind of nonresponse, in the codebook's order."""
        return {
            name: answers_of(self._raters, self._nonresponse, name, self.levels(name))
            for name in self.demographics
        }

    def plan(self, name: str, min_cell: int = MIN_CELL) -> Plan:
        """Which counts of the groups of one demographic are shown, in all tables of the study."""
        if (name, min_cell) not in self._plans:
            self._plans[name, min_cell] = plan_counts(name, self.answers, self._rated, min_cell)
        return self._plans[name, min_cell]

    @cached_property
    def _rated(self) -> np.ndarray:
        """(d, r) which raters rated each dimension."""
        given = self._ratings.loc[self._ratings["rating"].notna(), ["rater", "dimension"]]
        place = pd.Index(self._raters["rater"]).get_indexer(given["rater"].cat.categories)
        which = pd.Index(self.dimensions).get_indexer(given["dimension"].cat.categories)
        rated = np.zeros((len(self.dimensions), len(self._raters)), dtype=bool)
        rated[which[given["dimension"].cat.codes], place[given["rater"].cat.codes]] = True
        return rated

    @cached_property
    def _plans(self) -> dict[tuple[str, int], Plan]:
        return {}

    @cached_property
    def _withheld(self) -> dict[str, tuple[str, ...]]:
        hidden = {name: self.plan(name).hidden for name in self.demographics}
        return {name: tuple(map(str, cells.index[cells])) for name, cells in hidden.items()}

    @property
    def raters(self) -> pd.DataFrame:
        """One row per rater: rater, then demographics."""
        return self._raters.copy(deep=False)

    @property
    def items(self) -> pd.DataFrame:
        """One row per item: item, prompt, then texts where the items file has them."""
        return self._items.copy(deep=False)

    @property
    def careless(self) -> pd.DataFrame:
        """One row per rater: rater, and a column for each sign of not reading.

        Missing where a rater cannot be judged by it. Raters left out for a sign are not in it.
        """
        return self._careless.reset_index()

    def without(self, raters: Collection[str]) -> Self:
        """Leave raters out.

        Parameters
        ----------
        raters
            Their names; others are of no effect.

        Returns
        -------
        Study
            The same study where nobody of them rated.

        Raises
        ------
        InputError
            If nobody is left.
        """
        gone = self._ratings["rater"].isin(list(raters))
        if gone.all():
            raise InputError("no rater is left; name fewer to leave out")
        if not gone.any():
            return self
        names = sorted(self._ratings.loc[gone, "rater"].astype(str).unique())
        told = f"without {counted(len(names), 'rater')} ({digest_text(chr(10).join(names))[:12]})"
        return self._keep(self._ratings[~gone], None, (told,))

    @property
    def exclusions(self) -> pd.DataFrame:
        """What each filter of the codebook removed, and what each of its rules for rows did.

        Columns filter (its name, or the rule and its choice), rows (of the ratings file), raters
        (left without any row; of a rule that leaves out none, those concerned) and done: ``"left
        out"``, or what else became of them.
        """
        return self._exclusions.copy(deep=False)

    @property
    def repeats(self) -> pd.DataFrame:
        """Ratings of items that their rater rated more than once, of ``repeats: retest``.

        Columns rater, item, dimension, occasion (1 for the first) and rating. `ratings` holds the
        first of them, once, so that no model counts a rater's opinion of an item twice.
        """
        return self._repeats.copy(deep=False)

    @property
    def nonresponse(self) -> pd.DataFrame:
        """One row per rater and unanswered demographic: rater, demographic, reason.

        The reason is ``"declined"`` or ``"missing"``.
        """
        return self._nonresponse.copy(deep=False)

    @property
    def codes(self) -> pd.DataFrame:
        """Cells of the files that are empty or hold a missing-value code, as `found_codes` does."""
        return self._codes.copy(deep=False)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the dimensions, in the codebook's order."""
        return tuple(self.codebook.dimensions)

    @property
    def demographics(self) -> tuple[str, ...]:
        """Names of the demographics, in the codebook's order."""
        return tuple(self.codebook.demographics)

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of the covariates, in the codebook's order, and the language where it is told."""
        spoken = (LANGUAGE,) if LANGUAGE in self._ratings else ()
        return (*self.codebook.covariates, *spoken)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over codebook and data files: equal for equal studies.

        What the codebook leaves to the defaults is no part of it, nor what it says of choices.
        """
        stated = self.codebook.model_dump_json(exclude_defaults=True, exclude={"choices"})
        parts = [stated, *sorted(self.hashes.values()), *self.narrowed]
        return digest_text("\n".join(parts))

    @property
    def labels(self) -> dict[str, str]:
        """What readers call each dimension, demographic and covariate."""
        names = (*self.codebook.dimensions, *self.codebook.factors)
        return {name: self.codebook.label(name) for name in names}

    def levels(self, factor: str) -> tuple[str, ...]:
        """Levels of a demographic or covariate that occur, in the codebook's order.

        A covariate that is a number has none.
        """
        check_one_of("the factor", factor, self.codebook.factors)
        frame = self._raters if factor in self.codebook.demographics else self._ratings
        if is_numeric_dtype(frame[factor]):
            return ()
        found = list(frame[factor].cat.categories)
        known = self.codebook.factors[factor].known_levels
        return tuple(level for level in known if level in found) if known else tuple(found)

    def summary_counts(self) -> dict[str, int]:
        """Count raters, items, given ratings and dimensions."""
        given = self._ratings[self._ratings["rating"].notna()]
        return {
            "raters": int(given["rater"].nunique()),
            "items": int(given["item"].nunique()),
            "ratings": len(given),
            "dimensions": len(self.dimensions),
        }

    def released_counts(self) -> dict[str, int]:
        """The same as they are shown: without ratings that tell how few left a dimension out."""
        counts = self.summary_counts()
        if few(counts["raters"] - self._rated.sum(axis=1), MIN_CELL).any():
            del counts["ratings"]
        return counts

    def where(self, **conditions: Any) -> Self:
        """Narrow the study to some dimensions or levels.

        Parameters
        ----------
        **conditions
            Column of `ratings` to one value or a list of values, such as
            ``where(dimension="toxicity", country=["US"])``.

        Raises
        ------
        InputError
            If a column or value does not occur.
        """
        keep = pd.Series(True, self._ratings.index)
        for column, wanted in conditions.items():
            if column not in self._ratings:
                raise InputError(one_of("the column", column, self._ratings.columns))
            listed = list(wanted) if isinstance(wanted, list | tuple | set) else [wanted]
            values = [nfc(value) if isinstance(value, str) else value for value in listed]
            present = self._ratings[column].unique()
            for value in values:
                if value not in present:
                    raise InputError(one_of(f"'{column}'", value, pd.Series(present).dropna()))
            keep &= self._ratings[column].isin(values)
        told = tuple(f"{column} = {wanted}" for column, wanted in conditions.items())
        if not keep.any():
            raise InputError(f"no rating meets all of: {'; '.join(told)}")
        return self._keep(self._ratings[keep], conditions.get("dimension"), told)

    def _keep(self, ratings: pd.DataFrame, dimensions: Any, told: tuple[str, ...]) -> Self:
        ratings = _drop_unused(ratings)
        left = ratings["rater"].cat.categories
        raters = self._raters[self._raters["rater"].isin(left)]
        items = self._items[self._items["item"].isin(ratings["item"].cat.categories)]
        lost = self._nonresponse["rater"].isin(left)
        chosen = [dimensions] if isinstance(dimensions, str) else dimensions or self.dimensions
        codebook = self.codebook.model_copy(
            update={"dimensions": {d: self.codebook.dimensions[d] for d in chosen}}
        )
        return replace(
            self,
            codebook=codebook,
            _ratings=ratings,
            _raters=_drop_unused(raters),
            _items=_drop_unused(items),
            _nonresponse=self._nonresponse[lost],
            _careless=self._careless[self._careless.index.isin(left)],
            _repeats=self._repeats.merge(
                ratings[["rater", "item", "dimension"]].astype("str"),
                on=["rater", "item", "dimension"],
            ),
            narrowed=self.narrowed + told,
        )

    def __repr__(self) -> str:
        counts = ", ".join(counted(n, what[:-1]) for what, n in self.released_counts().items())
        return f"<Study '{self.name}'{' (simulated)' if self.simulated else ''}: {counts}>"

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><th scope='row'>{escape(what)}</th><td>{n:,}</td></tr>"
            for what, n in self.released_counts().items()
        )
        note = "; simulated study" if self.simulated else ""
        table = f"<table><caption>{escape(self.title)}{note}</caption>{rows}</table>"
        return table + (self.inferred._repr_html_() if self._inferred else "")


def _drop_unused(frame: pd.DataFrame) -> pd.DataFrame:
    """Reset the index and forget categories that no longer occur."""
    frame = frame.reset_index(drop=True)
    categorical = frame.select_dtypes("category").columns
    return frame.assign(**{c: frame[c].cat.remove_unused_categories() for c in categorical})
