"""The explorer in a notebook: what its controls ask is answered; see ``view.js`` for the page."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from pluralign_stats.errors import InputError
from pluralign_stats.explorer.answers import Answer, Answers
from pluralign_stats.explorer.choices import MODELS, SHOWN, Choice, can_show
from pluralign_stats.explorer.page import picture_html, static_html

#: What stands for every value of a filter.
_ALL = ""

#: Filters are asked by the column's name behind this.
_ONLY = "only:"

_FOLDER = Path(__file__).parent


class Explorer(anywidget.AnyWidget):
    """Controls, and the answer to what they ask; plain pictures where nothing can run.

    Parameters
    ----------
    answers
        Where answers come from.
    choice
        What is shown first; None where the study offers nothing.
    out
        Folder into which pictures are saved.

    Attributes
    ----------
    answer
        What is shown: `result` (the table), `picture`, `code`; None where there is no answer.
    """

    _esm = _FOLDER / "view.js"
    _css = _FOLDER / "view.css"

    controls: Any = traitlets.List().tag(sync=True)
    asked = traitlets.Dict().tag(sync=True)
    progress = traitlets.Int().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)
    code = traitlets.Unicode().tag(sync=True)

    def __init__(self, answers: Answers, choice: Choice | None, out: Path) -> None:
        super().__init__()
        self.answers = answers
        self.answer: Answer | None = None
        self._out = out
        if choice is None:
            self.status = answers.choices.missing
            return
        self._settle(choice)
        self._show(choice)
        self.on_msg(self._message)
        self.observe(self._answer, "asked")

    def ask(self, **changes: str) -> None:
        """Change controls from Python.

        Parameters
        ----------
        **changes
            dimension, demographic, reference, model or show to its new value; a filter as
            ``**{"only:country": "US"}``.

        Raises
        ------
        InputError
            If the study does not offer it.
        """
        self.asked = {one["name"]: one["value"] for one in self.controls} | changes

    def _answer(self, change: Mapping[str, Any]) -> None:
        """Answer what the controls ask now, or say in one sentence why not."""
        asked = dict(change["new"])
        before = {one["name"]: one["value"] for one in self.controls}
        if asked["demographic"] != before["demographic"]:
            asked["reference"] = ""
            asked[f"{_ONLY}{asked['demographic']}"] = _ALL
        if not can_show(asked["model"], asked["show"]):
            asked["show"] = "points"
        only = {k.removeprefix(_ONLY): v for k, v in asked.items() if k.startswith(_ONLY) and v}
        five = {k: v for k, v in asked.items() if not k.startswith(_ONLY)}
        choice = self.answers.choices.choice(**five, only=only)
        self._settle(choice)
        try:
            self._show(choice)
        except InputError as error:
            self.answer = None
            self.status, self.picture, self.code = str(error), "", ""

    def _settle(self, choice: Choice) -> None:
        """Set the controls to a choice."""
        offered = self.answers.choices
        names = offered.labels
        question = {
            "dimension": ("Dimension", [[names[d], d] for d in offered.dimensions]),
            "demographic": ("Compare by", [[names[d], d] for d in offered.references]),
            "reference": (
                "Compare with",
                [[level, level] for level in offered.references[choice.demographic]],
            ),
            "model": ("Model", [[label, model] for model, label in MODELS.items()]),
            "show": (
                "Show",
                [[label, show] for show, label in SHOWN.items() if can_show(choice.model, show)],
            ),
        }
        only = dict(choice.only)
        controls = [
            _control("Question", name, label, options, getattr(choice, name))
            for name, (label, options) in question.items()
        ]
        controls += [
            _control(
                "Only ratings with",
                f"{_ONLY}{column}",
                names[column],
                [["All", _ALL], *([value, value] for value in values)],
                only.get(column, _ALL),
                # Groups that are compared cannot be chosen among as well.
                disabled=column == choice.demographic,
            )
            for column, values in offered.filters.items()
        ]
        self.controls = controls

    def _show(self, choice: Choice) -> None:
        """Show the answer, with a progress bar until it is there."""
        if not self.answers.known(choice):
            with self._working():
                if not self.answers.fitted(choice):
                    self.progress = 1
                    self.status = f"Fitting the {MODELS[choice.model].lower()} model …"
                    self.answers.effects(choice)
                self.progress = 2
                self.answers(choice)
        self.answer = answer = self.answers(choice)
        self.picture, self.code = picture_html(answer), answer.code
        self.status = answer.result.sentence

    @contextmanager
    def _working(self) -> Iterator[None]:
        try:
            yield
        finally:
            self.progress = 0

    def _message(self, _: object, content: Mapping[str, str], __: object) -> None:
        if content.get("do") == "save" and self.answer is not None:
            self._save(self.answer)

    def _save(self, answer: Answer) -> None:
        choice = answer.choice
        parts = [choice.dimension, choice.demographic, choice.show, choice.model]
        parts += ["vs", choice.reference, *(f"{name} {value}" for name, value in choice.only)]
        words = ("".join(c if c.isalnum() else "-" for c in part) for part in parts)
        stem = self._out / "_".join(words)
        try:
            paths = answer.picture.save(stem)
            table = stem.with_name(f"{stem.name}.csv")
            table.write_text(answer.result.to_csv_text(), "utf-8")
        except (InputError, OSError) as error:
            self.status = str(error)
            return
        self.status = f"Saved in {self._out}: {', '.join(p.name for p in (*paths, table))}"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and beside it what stands for it where nothing runs."""
        bundle = super()._repr_mimebundle_(**options)
        if bundle is None:
            return None
        data, metadata = bundle
        if self.answer is None:
            static = f"<p class='sentence'>{escape(self.status)}</p>"
        else:
            static = static_html(self.answers, self.answer.choice)
        plain = f"Explorer: {self.status}"
        return data | {"text/html": static, "text/plain": plain}, metadata


def _control(
    group: str, name: str, label: str, options: list[list[str]], value: str, disabled: bool = False
) -> dict[str, Any]:
    return {
        "group": group,
        "name": name,
        "label": label,
        "options": options,
        "value": value,
        "disabled": disabled,
    }
