"""The explorer in a notebook: what its controls ask is answered; see ``view.js`` for the page."""

import asyncio
import gc
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from pluralign_stats.errors import InputError
from pluralign_stats.explorer.answers import Answer, Answers
from pluralign_stats.explorer.choices import MODELS, SHOWN, Choice, can_show
from pluralign_stats.explorer.page import everyone_html, picture_html, static_html
from pluralign_stats.storage.files import write_files

#: What stands for every value of a filter.
_ALL = ""

#: Filters are asked by the column's name behind this.
_ONLY = "only:"

#: What a page made of a notebook that was run by hand holds in the explorer's place.
_NOT_RUNNING = (
    "The explorer needs a notebook that runs; in a report that `pluralign report` makes, its "
    "pictures stand here."
)

_FOLDER = Path(__file__).parent


class Explorer(anywidget.AnyWidget):
    """Controls, and the answer to what they ask; plain pictures where nothing can run.

    What a browser asks is answered at once where its models are fitted. Others are fitted in a
    thread, so that the controls answer meanwhile; what was asked last is what is shown.

    Parameters
    ----------
    answers
        Where answers come from.
    choice
        What is shown first; None where the study offers nothing.
    out
        Folder into which pictures are saved.
    live
        Whether someone sits before it, who need not wait for the first models to see it.

    Attributes
    ----------
    choice
        What is asked; None where the study offers nothing.
    """

    _esm = _FOLDER / "view.js"
    _css = _FOLDER / "view.css"

    controls: Any = traitlets.List().tag(sync=True)
    asked = traitlets.Dict().tag(sync=True)
    fitting = traitlets.Bool().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)
    code = traitlets.Unicode().tag(sync=True)

    def __init__(
        self, answers: Answers, choice: Choice | None, out: Path, live: bool = False
    ) -> None:
        super().__init__()
        self.answers = answers
        self.choice = choice
        self._out = out
        self._live = live
        self._worker = ThreadPoolExecutor(1, "explorer")
        if choice is None:
            self.status = answers.choices.missing
            self.picture = everyone_html(answers)
            return
        self._settle(choice)
        if live:
            self._soon(choice)
        else:
            self._show(choice)
        self.on_msg(self._message)
        self.observe(self._browser_asks, "asked")

    @property
    def answer(self) -> Answer | None:
        """What is shown: `result` (the table), `picture`, `code`; None where there is no answer."""
        if self.choice is None:
            return None
        try:
            return self.answers(self.choice)
        except InputError:
            return None

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
        if self.choice is None:
            raise InputError(self.answers.choices.missing)
        choice = self._choice(self._now() | changes)
        self._settle(choice)
        self._show(choice)

    def _now(self) -> dict[str, str]:
        """What the controls are set to."""
        return {one["name"]: one["value"] for one in self.controls}

    def _browser_asks(self, change: Mapping[str, Any]) -> None:
        """Answer what the controls of the browser ask now."""
        if change["new"] == self._now():
            return
        choice = self._choice(change["new"])
        self._settle(choice)
        self._soon(choice)

    def _choice(self, asked: dict[str, str]) -> Choice:
        """What the controls ask, put right where they contradict each other."""
        asked, before = dict(asked), self._now()
        # A group that was asked for by name is not replaced by another one.
        named = asked["reference"] != before["reference"]
        if asked["demographic"] != before["demographic"]:
            asked["reference"] = asked["reference"] if named else ""
            asked[f"{_ONLY}{asked['demographic']}"] = _ALL
        if asked["model"] not in self.answers.choices.models(asked["dimension"]):
            asked["model"] = "auto"
        only_linear = asked["dimension"] in self.answers.choices.numbers
        if not can_show("linear" if only_linear else asked["model"], asked["show"]):
            asked["show"] = "points"
        only = {k.removeprefix(_ONLY): v for k, v in asked.items() if k.startswith(_ONLY) and v}
        five = {k: v for k, v in asked.items() if not k.startswith(_ONLY)}
        choice = self.answers.choices.choice(**five, only=only)
        return choice if named else self.answers.possible(choice)

    def _settle(self, choice: Choice) -> None:
        """Set the controls to a choice."""
        offered = self.answers.choices
        names = offered.labels
        models = offered.models(choice.dimension)
        question = {
            "dimension": ("Dimension", [[names[d], d] for d in offered.dimensions]),
            "demographic": ("Compare by", [[names[d], d] for d in offered.references]),
            "reference": (
                "Compare with",
                [[level, level] for level in self.answers.references(choice)],
            ),
            "model": ("Model", [[label, model] for model, label in models.items()]),
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
        self.choice = choice
        self.controls = controls
        self.asked = self._now()

    def _soon(self, choice: Choice) -> None:
        """Show the answer, at once or when the models are fitted."""
        if self.answers.fitted(choice):
            self._show(choice)
            return
        self.status = f"Fitting the {MODELS[choice.model].lower()} model …"
        self.fitting = True
        self._task = asyncio.get_running_loop().create_task(self._fit(choice))

    async def _fit(self, choice: Choice) -> None:
        """Fit in a thread; drawing is left to this one, as matplotlib's settings are global."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._worker, self._fit_if_asked, choice)
        if choice == self.choice:
            self._show(choice)
            await loop.run_in_executor(self._worker, self._prepare, choice)

    def _prepare(self, choice: Choice) -> None:
        """Make what takes longest to show of models just fitted, until others are asked for."""
        # A full collection, which fitting makes due, would come in the midst of an answer.
        gc.collect()
        offered = self.answers.choices
        for demographic in offered.references:
            if choice.model == "linear" or self.fitting:
                return
            if demographic not in dict(choice.only):
                asked = (choice.dimension, demographic, choice.model)
                other = offered.choice(*asked, only=dict(choice.only), show="shares")
                if self.answers.fitted(other):
                    with suppress(InputError):  # which the answer says
                        self.answers.shares(other)

    def _fit_if_asked(self, choice: Choice) -> None:
        """Fit the models of a choice, unless another one was asked for meanwhile."""
        if choice == self.choice:
            with suppress(InputError):  # which the answer says
                self.answers.effects(choice)

    def _show(self, choice: Choice) -> None:
        """Show the answer, or say in one sentence why there is none."""
        try:
            answer = self.answers(choice)
        except InputError as error:
            self.status, self.picture, self.code = str(error), "", ""
        else:
            self.status, self.picture = answer.sentence, picture_html(answer)
            self.code = answer.code
        finally:
            self.fitting = False

    def _message(self, _: object, content: Mapping[str, str], __: object) -> None:
        answer = self.answer if content.get("do") == "save" else None
        if answer is not None:
            self._save(answer)

    def _save(self, answer: Answer) -> None:
        choice = answer.choice
        parts = [choice.dimension, choice.demographic, choice.show, choice.model]
        parts += ["vs", choice.reference, *(f"{name} {value}" for name, value in choice.only)]
        words = ("".join(c if c.isalnum() else "-" for c in part) for part in parts)
        stem = self._out / "_".join(words)
        try:
            table = {"csv": answer.result.to_csv_text().encode()}
            paths = [*answer.picture.save(stem), *write_files(stem, table, "table")]
        except InputError as error:
            self.status = str(error)
            return
        self.status = f"Saved in {self._out}: {', '.join(path.name for path in paths)}"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and beside it what stands for it where nothing runs."""
        bundle = super()._repr_mimebundle_(**options)
        if bundle is None:
            return None
        data, metadata = bundle
        if self.choice is None:
            static = self.picture
        elif self._live:
            static = f"<p>{_NOT_RUNNING}</p>"
        else:
            static = static_html(self.answers, self.choice)
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
