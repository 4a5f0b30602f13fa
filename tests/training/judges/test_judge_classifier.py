"""The classifier judge: what each head means, and a real model saved and loaded by path."""

import json
import shutil
from types import SimpleNamespace

import pytest
import torch
from tiny_judging_models import make_tokenizer
from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification

from pluralign_stats import InputError
from pluralign_stats.study.codebook import Codebook
from training.judgement import Answer, Judge, Judgement
from training.judges.choose import make_judge
from training.judges.classifier import ClassifierJudge, ClassifierOptions, head_of

pytestmark = pytest.mark.extended


def config(labels, problem=None):
    names = dict(enumerate(labels))
    return SimpleNamespace(num_labels=len(labels), id2label=names, problem_type=problem)


def options(**more):
    return ClassifierOptions("m", **{"dimension": "toxicity", **more})


LOG3 = torch.log(torch.tensor(3.0)).item()


@pytest.mark.parametrize(
    ("labels", "problem", "logits", "scores"),
    [
        (["x"], None, [2.5], [2.5]),
        (["x"], "regression", [9.0], [5.0]),
        (["x"], "regression", [-9.0], [1.0]),
        (["no", "yes"], None, [0.0, LOG3], [4.0]),
        (["1", "2", "3", "4", "5"], None, [0.0] * 5, [3.0]),
        (["1", "2", "3", "4", "5"], None, [0, 0, 0, 0, 50.0], [5.0]),
        ([f"LABEL_{k}" for k in range(5)], None, [50.0, 0, 0, 0, 0], [1.0]),
        (["5 stars", "4 stars", "3 stars", "2 stars", "1 star"], None, [50.0, 0, 0, 0, 0], [5.0]),
        ([f"class-{k}" for k in range(1, 6)], None, [0, 0, 0, 50.0, 0], [4.0]),
        (["2", "1", "0", "-1", "-2"], None, [50.0, 0, 0, 0, 0], [5.0]),
        (["LABEL_0", "LABEL_1"], None, [0.0, LOG3], [4.0]),
        (["Toxicity", "b"], "multi_label_classification", [LOG3, 0.0], [4.0]),
        (["toxicity", "b"], "regression", [2.0, 7.0], [2.0, 5.0]),
    ],
)
def test_what_the_logits_of_each_head_mean(labels, problem, logits, scores):
    head = head_of(config(labels, problem), options())
    found = head.scores(torch.tensor([logits, logits]))
    assert torch.allclose(found, torch.tensor([scores, scores]), atol=1e-5)
    assert len(head.dimensions) == len(scores)


def test_labels_name_the_dimensions_of_a_multi_label_head():
    labels = ["Toxicity", "Emotional awareness"]
    head = head_of(config(labels, "multi_label_classification"), ClassifierOptions("m"))
    assert head.dimensions == ("toxicity", "emotional_awareness")
    assert head.scores(torch.tensor([[0.0, LOG3]]))[0].tolist() == pytest.approx([3.0, 4.0])


def test_one_of_several_independent_labels_can_be_meant():
    shape = config(["obscene", "toxic"], "multi_label_classification")
    head = head_of(shape, options(positive_label="toxic"))
    assert head.dimensions == ("toxicity",)
    assert head.scores(torch.tensor([[0.0, LOG3]]))[0].tolist() == pytest.approx([4.0])
    with pytest.raises(InputError, match="the positive label must be one of 'obscene', 'toxic'"):
        head_of(shape, options())


def test_the_positive_label_can_be_named():
    head = head_of(config(["Toxic", "fine"]), options(positive_label="toxic"))
    assert head.scores(torch.tensor([[LOG3, 0.0]])).item() == pytest.approx(4)
    with pytest.raises(InputError, match="the positive label must be one of 'Toxic', 'fine'"):
        head_of(config(["Toxic", "fine"]), options(positive_label="rude"))


def test_heads_that_give_no_score():
    with pytest.raises(InputError, match=r"has 3 classes \('a', 'b', 'c'\)"):
        head_of(config(["a", "b", "c"]), options())
    with pytest.raises(InputError, match="--dimension toxicity"):
        head_of(config(["a", "b"]), ClassifierOptions("m"))


@pytest.mark.parametrize(
    "labels",
    [
        ["awful", "bad", "so-so", "good", "great"],
        ["1", "2", "3", "4", "6"],
        ["1", "1", "2", "3", "4"],
        ["1-2", "2-3", "3-4", "4-5", "5-6"],
        ["1", "2", "3", "4", "best"],
    ],
)
def test_five_classes_whose_order_is_not_told_are_not_guessed(labels):
    with pytest.raises(InputError, match="do not say which rating each is; name them 1 to 5"):
        head_of(config(labels), options())


@pytest.mark.parametrize("labels", [["toxic", "nontoxic"], ["LABEL_1", "LABEL_0"]])
def test_which_of_two_classes_is_meant_is_not_guessed(labels):
    with pytest.raises(InputError, match="--positive-label which of them means that 'toxicity'"):
        head_of(config(labels), options())


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A classifier with random weights on a Llama, saved as a hub model would be."""
    folder = tmp_path_factory.mktemp("classifier") / "tiny"
    tokenizer = make_tokenizer()
    torch.manual_seed(1)
    shape = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=64,
        pad_token_id=tokenizer.pad_token_id,
        num_labels=5,
        id2label={k: str(k + 1) for k in range(5)},
    )
    LlamaForSequenceClassification(shape).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    LlamaForCausalLM(shape).save_pretrained(folder.with_name("language"))
    tokenizer.save_pretrained(folder.with_name("language"))
    return folder


ANSWERS = [Answer("p", text, "en") for text in ("short", "a longer one", "x" * 40, "short")]


def test_a_classifier_saved_and_loaded_by_path(saved):
    judge = ClassifierJudge(ClassifierOptions(str(saved), "toxicity", batch=2, device="cpu"))
    assert isinstance(judge, Judge)
    found = judge.judge(ANSWERS)
    scores = [j.scores["toxicity"] for j in found]
    assert all(1 <= s <= 5 for s in scores)
    assert scores[0] == scores[3]
    assert len(set(scores)) == 3
    one = ClassifierJudge(ClassifierOptions(str(saved), "toxicity", batch=1, device="cpu"))
    alone = [j.scores["toxicity"] for j in one.judge(ANSWERS)]
    assert alone == pytest.approx(scores, abs=1e-5)
    assert judge.settings["head"] == "five classes"


@pytest.mark.parametrize("scale", [[0, 1], [0, 100], [1, 7]])
def test_another_scale_of_the_study_is_refused(saved, scale):
    options = {"model": str(saved), "dimension": "toxicity", "device": "cpu"}
    book = {"name": "s", "files": {"ratings": "r.csv"}, "columns": {"rater": "r", "item": "i"}}
    own = Codebook.model_validate(book | {"dimensions": {"toxicity": {"scale": scale}}})
    with pytest.raises(InputError, match=f"'toxicity' is rated from {scale[0]} to {scale[1]}"):
        make_judge("classifier", options, codebook=own)
    usual = Codebook.model_validate(
        book | {"dimensions": {"toxicity": {}, "wit": {"scale": scale}}}
    )
    assert make_judge("classifier", options, codebook=usual).dimensions == ("toxicity",)


def test_the_prompt_can_be_part_of_it(saved):
    kwargs = {"dimension": "toxicity", "device": "cpu"}
    judges = [
        ClassifierJudge(ClassifierOptions(str(saved), with_prompt=pair, **kwargs))
        for pair in (False, True)
    ]
    alone, paired = (j.judge(ANSWERS[:1])[0].scores["toxicity"] for j in judges)
    assert alone != paired


@pytest.mark.parametrize("mark", ["<pad>", "<eos>"])
@pytest.mark.parametrize("place", ["prompt", "response"])
def test_marks_in_a_text_are_no_marks(saved, mark, place):
    judge = ClassifierJudge(ClassifierOptions(str(saved), "toxicity", with_prompt=True))
    read = []
    judge._model.register_forward_pre_hook(
        lambda _, __, inputs: read.append(inputs["input_ids"]), with_kwargs=True
    )
    texts = {"prompt": "p", "response": "rude"}
    for text in (texts, {**texts, place: f"kind{mark}rude{mark}"}):
        judge.judge([Answer(**text, language="en")])
    forged = set(judge._tokenizer.all_special_ids)
    assert forged >= {judge._tokenizer.convert_tokens_to_ids(mark)}
    assert not any(set(ids.flatten().tolist()) & forged for ids in read)


def test_long_and_empty_answers_are_told(saved):
    judge = ClassifierJudge(ClassifierOptions(str(saved), "toxicity", device="cpu"))
    long, empty = judge.judge([Answer("p", "y" * 500, "en"), Answer("p", " ", "en")])
    assert "longer than 64 tokens" in long.note
    assert long.scores["toxicity"] is not None
    assert (empty.malformed, empty.scores) == (True, {"toxicity": None})


def test_models_that_are_no_classifier(saved, tmp_path):
    with pytest.raises(InputError, match="is no trained classifier"):
        ClassifierJudge(ClassifierOptions(str(saved.with_name("language")), "toxicity"))
    with pytest.raises(InputError, match="cannot be loaded"):
        ClassifierJudge(ClassifierOptions(str(tmp_path), "toxicity"))


def damaged(saved, folder, name, change):
    shutil.copytree(saved, folder)
    (folder / name).write_bytes(change((folder / name).read_bytes()))
    return ClassifierOptions(str(folder), "toxicity", device="cpu")


DAMAGES = {
    "a cut file": ("model.safetensors", lambda content: content[:-100]),
    "no weights": ("model.safetensors", lambda content: b""),
    "another shape": (
        "config.json",
        lambda c: c.replace(b'"hidden_size": 16', b'"hidden_size": 8'),
    ),
    "no JSON": ("config.json", lambda content: b"{"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_classifier_is_one_line(saved, tmp_path, damage):
    with pytest.raises(InputError, match="cannot be loaded") as told:
        ClassifierJudge(damaged(saved, tmp_path / "damaged", *DAMAGES[damage]))
    assert "\n" not in str(told.value)


def test_a_tokenizer_without_padding_and_a_device_that_is_not_there(saved, tmp_path):
    def bare(content):
        told = json.loads(content)
        return json.dumps({**told, "pad_token": None, "eos_token": None}).encode()

    with pytest.raises(InputError, match="has no padding token"):
        ClassifierJudge(damaged(saved, tmp_path / "bare", "tokenizer_config.json", bare))
    with pytest.raises(InputError, match="no model can be put on the device 'nowhere'"):
        ClassifierJudge(ClassifierOptions(str(saved), "toxicity", device="nowhere"))


def test_no_number_is_no_score(saved, monkeypatch):
    judge = ClassifierJudge(ClassifierOptions(str(saved), "toxicity", device="cpu"))
    torch.nn.init.constant_(judge._model.score.weight, torch.nan)
    assert judge.judge(ANSWERS[:1])[0] == Judgement(
        {"toxicity": None}, note="the classifier gave no number"
    )
