"""Chat templates: prompts, answers, and thinking kept apart."""

from pathlib import Path
from typing import Any

import pytest
import tiny

from pluralign_stats import InputError
from training.bases.tokenizer import load_tokenizer, templates
from training.chat import (
    Turn,
    all_ends,
    answer_tokens,
    end_tokens,
    exchange_tokens,
    is_reasoning,
    prompt_text,
    read_turn,
    split_thinking,
    template_fault,
    turn_end,
)


@pytest.fixture(scope="module")
def tokenizers() -> dict[str, Any]:
    return {kind: tiny.make_tokenizer(kind) for kind in tiny.TEMPLATES}


def test_thinking_is_closed_without_content_where_a_template_knows_it(
    tokenizers: dict[str, Any],
) -> None:
    closed = "<think>\n\n</think>\n\n"
    for kind, reasoning in (("qwen3", True), ("reasoning", True), ("llama", False)):
        tokenizer = tokenizers[kind]
        assert is_reasoning(tokenizer) is reasoning
        assert prompt_text(tokenizer, "was ist gut", thinking=False).endswith(closed) is reasoning
        assert closed not in prompt_text(tokenizer, "was ist gut")
    assert prompt_text(tokenizers["reasoning"], "was ist gut").endswith("<think>\n")


def test_the_end_of_a_turn_is_the_templates_own(tokenizers: dict[str, Any]) -> None:
    ends = {kind: turn_end(tokenizer) for kind, tokenizer in tokenizers.items()}
    assert ends == {
        "llama": "<|eot_id|>",
        "qwen3": "<|im_end|>",
        "gemma3": "<end_of_turn>",
        "reasoning": "<｜end▁of▁sentence｜>",
    }
    for kind, tokenizer in tokenizers.items():
        last = answer_tokens(tokenizer, "ja nett")[-1]
        assert tokenizer.convert_ids_to_tokens(last) == ends[kind]
        assert last in end_tokens(tokenizer)


def test_an_exchange_is_what_the_template_writes(tokenizers: dict[str, Any]) -> None:
    for tokenizer in tokenizers.values():
        tokens = exchange_tokens(tokenizer, "was ist gut", " ja nett ")
        messages = [
            {"role": "user", "content": "was ist gut"},
            {"role": "assistant", "content": "ja nett"},
        ]
        whole = tokenizer.apply_chat_template(messages, tokenize=True)["input_ids"]
        thinking = set(tokenizer.convert_tokens_to_ids(["<think>", "</think>"]))
        ours = [t for t in [*tokens.prompt, *tokens.answer] if t not in thinking]
        assert ours == [t for t in whole if t not in thinking][: len(ours)]


@pytest.mark.parametrize(
    ("text", "kind", "parts"),
    [
        ("ja nett", None, (None, "ja nett")),
        ("<think>gut</think>ja", None, ("gut", "ja")),
        ("<think>gut, gut", None, ("gut, gut", "")),
        ("<think></think> ja ", None, ("", "ja")),
        ("gut</think>\n\nja", "reasoning", ("gut", "ja")),
        ("gut gut", "reasoning", ("gut gut", "")),
        ("gut gut", "llama", (None, "gut gut")),
        ("a</think>b</think>c", None, ("a</think>b", "c")),
    ],
)
def test_thinking_and_answer_are_kept_apart(
    text: str, kind: str | None, parts: tuple[str | None, str], tokenizers: dict[str, Any]
) -> None:
    assert split_thinking(text, tokenizers[kind] if kind else None) == parts


def test_a_turn_says_whether_it_ended(tokenizers: dict[str, Any]) -> None:
    tokenizer = tokenizers["llama"]
    words = tokenizer.convert_tokens_to_ids(["ja", "nett"])
    ends = end_tokens(tokenizer)
    padded = read_turn(tokenizer, [*words, ends[-1], tokenizer.pad_token_id, words[0]], ends)
    assert padded == Turn(tuple(words), 0, None, "ja nett", finished=True)
    assert read_turn(tokenizer, words, ends) == Turn(tuple(words), 0, None, "ja nett", False)
    assert read_turn(tokenizers["reasoning"], words, ends, thinking=False).response == "ja nett"


def test_the_answer_of_a_turn_begins_behind_its_thinking(tokenizers: dict[str, Any]) -> None:
    tokenizer = tokenizers["reasoning"]
    ends = end_tokens(tokenizer)
    said = tokenizer.convert_tokens_to_ids(["gut", "</think>", "ja", "nett"])
    turn = read_turn(tokenizer, [*said, ends[0]], ends)
    assert (turn.start, turn.thinking, turn.response) == (2, "gut", "ja nett")
    unended = read_turn(tokenizer, [said[0], ends[0]], ends)
    assert unended == Turn((said[0],), 1, "gut", "", finished=False)


def test_special_tokens_inside_a_turn_are_part_of_it(tokenizers: dict[str, Any]) -> None:
    tokenizer = tokenizers["llama"]
    said = tokenizer.convert_tokens_to_ids(["ja", "<|pad|>", "nett"])
    assert "<|pad|>" in read_turn(tokenizer, said, end_tokens(tokenizer)).response


def test_a_model_may_name_more_ends_than_its_template(tokenizers: dict[str, Any]) -> None:
    tokenizer = tokenizers["llama"]
    own = set(end_tokens(tokenizer))
    other = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert set(all_ends(tokenizer, [other])) == set(all_ends(tokenizer, other)) == own | {other}
    assert set(all_ends(tokenizer, None)) == own


def saved(folder: Path, **changes: Any) -> str:
    tokenizer = tiny.make_tokenizer("llama")
    for name, value in changes.items():
        setattr(tokenizer, name, value)
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_a_model_without_template_or_padding_is_refused_unless_they_are_named(
    tmp_path: Path,
) -> None:
    bare = saved(tmp_path / "bare", chat_template=None)
    with pytest.raises(InputError, match=r"has no chat template; name one.*'vicuna'"):
        load_tokenizer(bare)
    assert prompt_text(load_tokenizer(bare, "vicuna"), "was ist gut").endswith("ASSISTANT:")
    with pytest.raises(InputError, match="there is no chat template none"):
        load_tokenizer(bare, "none")
    unpadded = saved(tmp_path / "unpadded", pad_token=None)
    with pytest.raises(InputError, match="has no padding token; name a token"):
        load_tokenizer(unpadded)
    with pytest.raises(InputError, match="has no token '<none>' to pad with"):
        load_tokenizer(unpadded, pad_token="<none>")
    assert load_tokenizer(unpadded, pad_token="<|unknown|>").pad_token_id == 3


def test_a_template_that_fails_is_refused(tmp_path: Path) -> None:
    broken = saved(tmp_path / "broken", chat_template="{{ raise_exception('not like this') }}")
    with pytest.raises(InputError, match="cannot write a question and an answer"):
        load_tokenizer(broken)
    with pytest.raises(InputError, match="cannot be loaded"):
        load_tokenizer(str(tmp_path / "nothing"))


TURNS = "{% for m in messages %}{{ m.role + ': ' + m.content + '<|eot_id|>' }}{% endfor %}"
ASKS = "{% if add_generation_prompt %}assistant: {% endif %}"


CHANGES = "it leaves out or changes the question or the answer"


@pytest.mark.parametrize(
    ("template", "told"),
    [
        (TURNS, r"asks for an answer behind '.*Question<\|eot_id\|>' but writes one behind '.*: '"),
        (TURNS.replace("m.content", "'\"' + m.content + '\"'") + ASKS, "asks for an answer behind"),
        (TURNS.replace("': '", "':'") + ASKS, "asks for an answer behind '.*: ' but .*:'"),
        (TURNS + ASKS.replace("assistant: ", "model: "), "'.*model: ' but writes .*assistant: '"),
        (
            TURNS.replace("m.content", "('' if m.role == 'user' else m.content)") + ASKS,
            CHANGES,
        ),
        (
            TURNS.replace("m.content", "m.content | upper") + ASKS,
            CHANGES,
        ),
        (
            TURNS.replace("m.content", "(m.content if m.role == 'user' else '')") + ASKS,
            CHANGES,
        ),
        (TURNS + "assistant:", "behind an answer, which asks for another one"),
        (
            TURNS.replace("m.content", "('<|im_end|>' if m.role != 'user' else '') + m.content")
            + ASKS
            + ASKS.replace("assistant: ", "{{ '' if enable_thinking else '<think></think>' }}"),
            "asks for an answer behind",
        ),
    ],
)
def test_a_template_that_asks_otherwise_than_it_writes_is_refused(
    tmp_path: Path, template: str, told: str
) -> None:
    folder = saved(tmp_path / "other", chat_template=template)
    with pytest.raises(InputError, match=told) as refused:
        load_tokenizer(folder)
    assert "\n" not in str(refused.value)
    assert "name another with chat_template" in str(refused.value)


@pytest.mark.parametrize(
    "template",
    [
        TURNS + ASKS,
        TURNS + ASKS.replace(": ", ":"),  # the space is the answer's
        "{% for m in messages %}{{ m.content + '<|eot_id|>' }}{% endfor %}",
        "{% for m in messages %}{{ '[INST] ' + m.content + ' [/INST]' if m.role == 'user' else "
        "' ' + m.content + '<|eot_id|>' }}{% endfor %}",
    ],
)
def test_a_template_that_asks_as_it_writes_is_taken(tmp_path: Path, template: str) -> None:
    tokenizer = load_tokenizer(saved(tmp_path / "own", chat_template=template))
    messages = [{"role": "user", "content": "was"}, {"role": "assistant", "content": "ja"}]
    whole = tokenizer.apply_chat_template(messages, tokenize=True)["input_ids"]
    tokens = exchange_tokens(tokenizer, "was", "ja")
    assert [*tokens.prompt, *tokens.answer] == whole


#: Of templates of real models, those whose answers stand in a channel that they do not ask for, or
#: that take no plain texts.
UNLIKE = {"gptoss", "idefics3", "llava_next", "muse_glimmer", "smolvlm"}


def test_templates_of_real_models_ask_as_they_write() -> None:
    import trl

    folder = Path(trl.__file__).parent / "chat_templates"
    found = set()
    for path in sorted(folder.glob("*.jinja")):
        tokenizer = tiny.make_tokenizer("llama")
        tokenizer.chat_template = path.read_text("utf-8")
        try:
            fault = template_fault(tokenizer)
        except Exception as error:
            fault = str(error)
        found |= {path.stem.removesuffix("_training")} if fault else set()
    assert {"gptoss", "idefics3"} <= found <= UNLIKE


def test_templates_ship() -> None:
    assert "vicuna" in templates()
