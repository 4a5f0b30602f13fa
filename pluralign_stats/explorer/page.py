"""What the explorer shows as HTML: the picture of an answer with its table, and all of a choice."""

from dataclasses import replace
from html import escape

from pluralign_stats.explorer.answers import Answer, Answers
from pluralign_stats.explorer.choices import SHOWN, Choice, can_show


def picture_html(answer: Answer) -> str:
    """Picture, caption, table and notes of an answer."""
    return f"{_figure(answer)}{answer.result._repr_html_()}"


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
    views = [answers(replace(choice, show=show)) for show in others]
    told = [f"{_figure(v)}<p class='sentence'>{escape(v.result.sentence)}</p>" for v in views]
    code = f"<pre><code>{escape(first.code)}</code></pre>"
    return (
        f"<div class='explorer'>{picture_html(first)}{''.join(told)}"
        f"<details><summary>Code of the first picture</summary>{code}</details></div>"
    )


def _figure(answer: Answer) -> str:
    """The picture with its caption; of an empty table none, as its sentence says it all."""
    if answer.result.table.empty:
        return ""
    meta = replace(answer.result.meta, title=SHOWN[answer.choice.show], unit="")
    caption = replace(answer.result, meta=meta).caption()
    return f"<figure>{answer.image}<figcaption>{escape(caption)}</figcaption></figure>"
