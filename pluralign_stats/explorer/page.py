"""What the explorer shows as HTML: the picture of an answer with its table, and all of a choice."""

from dataclasses import replace
from html import escape

from pluralign_stats.describe.distribution import rating_distribution
from pluralign_stats.errors import InputError
from pluralign_stats.explorer.answers import Answer, Answers
from pluralign_stats.explorer.choices import SHOWN, Choice, can_show
from pluralign_stats.figures.describe import distribution


def picture_html(answer: Answer) -> str:
    """Plot, caption, table and notes of an answer."""
    return f"{_figure(answer)}{answer.result._repr_html_()}"


def everyone_html(answers: Answers) -> str:
    """What can be shown where no groups can be compared: the ratings of all raters."""
    result = rating_distribution(answers.study, min_cell=answers.min_cell)
    figure = ""
    if not result.table.empty:
        caption = f"<figcaption>{escape(result.caption())}</figcaption>"
        figure = f"<figure>{distribution(result)._repr_html_()}{caption}</figure>"
    missing = f"<p class='sentence'>{escape(answers.choices.missing)}</p>"
    return f"{missing}{figure}{result._repr_html_()}"


def static_html(answers: Answers, choice: Choice) -> str:
    """Every view of one choice as plain pictures, for pages in which nothing runs.

    Parameters
    ----------
    answers
        Where the answers come from.
    choice
        What is shown; its own view comes first, with its table and code.
    """
    first = answers(choice)
    others = [s for s in SHOWN if s != choice.show and can_show(choice.model, s)]
    told = [_told(answers, replace(choice, show=show)) for show in others]
    withheld = f"<p class='note'>{escape(first.withheld)}</p>" if first.withheld else ""
    summary = "<summary>Code of the first picture</summary>"
    code = f"<details>{summary}<pre><code>{escape(first.code)}</code></pre></details>"
    return (
        f"<div class='explorer'>{picture_html(first)}{withheld}{''.join(told)}"
        f"{code if first.code else ''}</div>"
    )


def _told(answers: Answers, choice: Choice) -> str:
    """The picture of a view and its sentence, or why there is none."""
    try:
        answer = answers(choice)
    except InputError as error:
        return f"<p>{escape(str(error))}</p>"
    return f"{_figure(answer)}<p class='sentence'>{escape(answer.sentence)}</p>"


def _figure(answer: Answer) -> str:
    """The picture with its caption; of an empty table none, as its sentence says it all."""
    if answer.result.table.empty:
        return ""
    meta = replace(answer.result.meta, title=SHOWN[answer.choice.show], unit="")
    caption = replace(answer.result, meta=meta).caption()
    return f"<figure>{answer.image}<figcaption>{escape(caption)}</figcaption></figure>"
