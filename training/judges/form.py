"""In which form an endpoint is asked: servers differ in what they take."""

from dataclasses import dataclass, replace
from typing import Any, Literal, Self, get_args

from training.judges.faults import CallError
from training.judges.rubric import Rubric

Format = Literal["json_schema", "json_object", "plain"]


@dataclass(frozen=True)
class Form:
    """The form of a call.

    Attributes
    ----------
    format
        How the reply is held to JSON: by a schema, as any object, or by words alone.
    limit
        What the server calls the longest reply.
    temperature
        Whether the server lets one set a temperature.
    """

    format: Format = "json_schema"
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    temperature: bool = True

    @classmethod
    def of(cls, stored: Any) -> Self:
        """The form that was stored as plain values; the first to try where there is none."""
        try:
            form = cls(**stored)
        except TypeError:
            return cls()
        return form if form.format in get_args(Format) else cls()

    def arguments(self, parameters: dict[str, Any], rubric: Rubric) -> dict[str, Any]:
        """Arguments of a call besides model and messages."""
        arguments: dict[str, Any] = {self.limit: parameters["max_tokens"]}
        if self.temperature:
            arguments["temperature"] = parameters["temperature"]
        if self.format == "json_object":
            arguments["response_format"] = {"type": "json_object"}
        if self.format == "json_schema":
            schema = {"name": "scores", "strict": True, "schema": rubric.reply_schema()}
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        return arguments


def simpler(form: Form, fault: CallError) -> Form | None:
    """The next form to try after a refusal; None where there is none.

    What the server said decides where it names a parameter; else less is asked of the format.
    """
    said = fault.detail.lower()
    if "max_completion_tokens" in said and form.limit == "max_tokens":
        return replace(form, limit="max_completion_tokens")
    if "temperature" in said and form.temperature:
        return replace(form, temperature=False)
    formats = get_args(Format)
    place = formats.index(form.format) + 1
    return replace(form, format=formats[place]) if place < len(formats) else None
