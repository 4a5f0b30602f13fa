"""Tokenizers of the miniature base models: one token a word, and a chat template."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from training.embedded.world import LANGUAGES, prompts, world

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD, END, UNKNOWN, USER, ASSISTANT, SYSTEM = (
    "<|pad|>",
    "<|end|>",
    "<|unknown|>",
    "<|user|>",
    "<|assistant|>",
    "<|system|>",
)
THINK, THOUGHT = "<think>", "</think>"

#: A word with the space before it, a punctuation mark, or white space.
_PIECE = r" ?[^\s\p{P}]+|\p{P}|\s"

#: Messages are role, text, end.
_PLAIN = """\
{%- for message in messages -%}
    {{- '<|' + message['role'] + '|>' -}}
    {%- if message['role'] == 'assistant' -%}
        {%- generation -%}{{- message['content'] + '<|end|>' -}}{%- endgeneration -%}
    {%- else -%}
        {{- message['content'] + '<|end|>' -}}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}
"""

#: As in reasoning models: thinking stands before the last answer only, empty where there is none,
#: and can be switched off.
_THINKING = """\
{%- for message in messages -%}
    {{- '<|' + message['role'] + '|>' -}}
    {%- if message['role'] == 'assistant' -%}
        {%- set answer = message['content'].split('</think>')[-1] -%}
        {%- set thinking = message.get('reasoning_content') or '' -%}
        {%- if '</think>' in message['content'] -%}
            {%- set thinking = message['content'].split('</think>')[0].split('<think>')[-1] -%}
        {%- endif -%}
        {%- generation -%}
        {%- if loop.last -%}{{- '<think>' + thinking + '</think>' -}}{%- endif -%}
        {{- answer + '<|end|>' -}}
        {%- endgeneration -%}
    {%- else -%}
        {{- message['content'] + '<|end|>' -}}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<|assistant|>' -}}
    {%- if enable_thinking is defined and enable_thinking is false -%}
        {{- '<think></think>' -}}
    {%- endif -%}
{%- endif -%}
"""


def make_tokenizer(*, thinking: bool) -> "PreTrainedTokenizerFast":
    """Make the tokenizer of a miniature base model, with its chat template.

    Parameters
    ----------
    thinking
        Whether the template is that of a model that thinks before it answers.

    Returns
    -------
    PreTrainedTokenizerFast
        Text of the world comes back from its tokens exactly; other words are unknown.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    special = [PAD, END, UNKNOWN, USER, ASSISTANT, SYSTEM]
    splitter = pre_tokenizers.Split(Regex(_PIECE), "isolated")
    words = {piece for text in texts() for piece, _ in splitter.pre_tokenize_str(text)}
    vocabulary = {word: i for i, word in enumerate([*special, THINK, THOUGHT, *sorted(words)])}
    model = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    model.pre_tokenizer = splitter
    model.decoder = decoders.Fuse()
    model.add_special_tokens([AddedToken(token, special=True) for token in special])
    model.add_tokens([AddedToken(token, special=False) for token in (THINK, THOUGHT)])
    return PreTrainedTokenizerFast(
        tokenizer_object=model,
        pad_token=PAD,
        eos_token=END,
        unk_token=UNKNOWN,
        additional_special_tokens=[USER, ASSISTANT, SYSTEM],
        chat_template=_THINKING if thinking else _PLAIN,
        padding_side="left",
        model_max_length=CONTEXT,
    )


#: Longest text of a miniature base model, in tokens.
CONTEXT = 192


def texts() -> Iterator[str]:
    """Every sentence of the world, alone (as at the start of a text) and after a space."""
    told = world()
    for language in LANGUAGES:
        topics = [topic[language] for topic in told.topics]
        variants = [v for levels in told.parts.values() for level in levels for v in level]
        variants += [*told.asked, *(felt for mood in told.moods for felt in mood)]
        for variant in variants:
            for topic in topics if "{topic}" in variant[language] else [""]:
                text = variant[language].format(topic=topic)
                yield from (text, f" {text}")
        yield from (prompt.text(language) for prompt in prompts())
