"""A judge that is a Hugging Face sequence classifier on this machine."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pluralign_stats.errors import InputError, MissingExtraError, listing, one_of
from training.bases.packages import first_line
from training.judgement import EMPTY, Answer, Judge, JudgeKind, Judgement
from training.plain_text import plain
from training.process import prepare_process

if TYPE_CHECKING:
    import torch

    from pluralign_stats.study.codebook import Codebook

LOW, HIGH = 1.0, 5.0

#: Names of two classes of which the second is plainly the positive one.
_PLAIN = {("label_0", "label_1"), ("0", "1"), ("no", "yes"), ("false", "true")}

#: A number in a label; the hyphen of "class-1" is no sign.
_NUMBER = re.compile(r"(?<!\w)-\d+|\d+")


@dataclass(frozen=True)
class ClassifierOptions:
    """Which classifier, and how to read it.

    Attributes
    ----------
    model
        Folder or hub name.
    dimension
        What the classifier judges; not needed where each of its labels is a dimension.
    positive_label
        The label that means that the dimension is present: of two classes, unless their names say
        it, or of several independent labels, unless one is named as the dimension.
    with_prompt
        Whether it was trained on prompt and answer as a pair, instead of on the answer alone.
    batch
        Answers at once.
    device
        ``cpu``, ``cuda`` and so on; by default a GPU where there is one.
    """

    model: str
    dimension: str = ""
    positive_label: str = ""
    with_prompt: bool = False
    batch: int = 32
    device: str = ""

    def __post_init__(self) -> None:
        """Refuse a batch of none."""
        if self.batch < 1:
            raise InputError(f"'batch' must be 1 or more, not {self.batch}")


@dataclass(frozen=True)
class Head:
    """How logits become scores.

    Attributes
    ----------
    dimensions
        In the order of the columns that `scores` gives.
    scores
        From (n, labels) logits to (n, dimensions) scores from 1 to 5.
    kind
        What the head was taken for.
    """

    dimensions: tuple[str, ...]
    scores: "Callable[[torch.Tensor], torch.Tensor]"
    kind: str


def head_of(config: Any, options: ClassifierOptions) -> Head:
    """Tell from a classifier's configuration how its logits are to be read.

    Parameters
    ----------
    config
        The model's configuration: `num_labels`, `id2label`, `problem_type`.
    options
        For the dimension and the positive label.

    Raises
    ------
    InputError
        If the head has a form that gives no score from 1 to 5, or its labels do not say how.

    Notes
    -----
    ============================================ ===================================================
    head                                         score
    ============================================ ===================================================
    one value, or several by regression          the value, held to 1 to 5
    five classes                                 the expected class, Σ k·p(k)
    two classes                                  1 + 4·p(positive)
    several independent labels (multi-label)     1 + 4·p for each label, which names a dimension,
                                                 or for the positive label alone
    ============================================ ===================================================
    """
    labels = [str(config.id2label[k]) for k in range(config.num_labels)]
    kind = config.problem_type
    if kind == "multi_label_classification" and options.dimension:
        at = _place(options.positive_label or options.dimension, labels)
        told = f"multi-label, '{labels[at]}'"
        return Head((options.dimension,), lambda z: LOW + 4 * z[:, [at]].sigmoid(), told)
    if kind == "multi_label_classification":
        return Head(_named(labels), lambda z: LOW + 4 * z.sigmoid(), "multi-label")
    if kind == "regression" or (kind is None and len(labels) == 1):
        names = _named(labels) if len(labels) > 1 else (_one(options),)
        return Head(names, lambda z: z.clamp(LOW, HIGH), "regression")
    if len(labels) == 5:
        order = _ranks(labels, options)
        return Head(
            (_one(options),),
            lambda z: (z.softmax(-1) * z.new_tensor(order)).sum(-1, keepdim=True),
            "five classes",
        )
    if len(labels) == 2:
        place = _positive(labels, options)
        told = f"two classes, '{labels[place]}'"
        return Head((_one(options),), lambda z: LOW + 4 * z.softmax(-1)[:, [place]], told)
    raise InputError(
        f"the classifier '{options.model}' has {len(labels)} classes ({listing(labels)}); it must "
        "have one value, two or five classes, or independent labels"
    )


def _named(labels: list[str]) -> tuple[str, ...]:
    """Dimensions that labels name, spelt as in a codebook."""
    return tuple(re.sub(r"\W+", "_", label.strip().lower()) for label in labels)


def _one(options: ClassifierOptions) -> str:
    if not options.dimension:
        raise InputError(
            f"the classifier '{options.model}' has one head; say which dimension it judges with "
            "--dimension, such as --dimension toxicity"
        )
    return options.dimension


def _ranks(labels: list[str], options: ClassifierOptions) -> list[float]:
    """Rating of each of five classes, by the numbers in their labels: five in a row."""
    found = [_NUMBER.findall(label) for label in labels]
    numbers = [int(n[0]) for n in found if len(n) == 1]
    lowest = min(numbers, default=0)
    if sorted(numbers) != list(range(lowest, lowest + 5)):
        raise InputError(
            f"the labels of the classifier '{options.model}' ({listing(labels)}) do not say which "
            "rating each is; name them 1 to 5 under 'id2label' in its config.json"
        )
    return [n - lowest + LOW for n in numbers]


def _positive(labels: list[str], options: ClassifierOptions) -> int:
    """Which of two classes means that the dimension is present."""
    if options.positive_label:
        return _place(options.positive_label, labels)
    if tuple(label.casefold() for label in labels) not in _PLAIN:
        raise InputError(
            f"the classes of the classifier '{options.model}' are {listing(labels)}; say with "
            f"--positive-label which of them means that '{_one(options)}' is present"
        )
    return 1


def _place(label: str, labels: list[str]) -> int:
    folded = [known.casefold() for known in labels]
    if label.casefold() not in folded:
        raise InputError(one_of("the positive label", label, labels))
    return folded.index(label.casefold())


class ClassifierJudge(Judge):
    """Scores answers by a classifier, in batches, without sampling.

    Of an answer that is longer than the model reads the beginning is judged, as its note says.

    Raises
    ------
    MissingExtraError
        If torch or transformers are not installed.
    InputError
        If the model cannot be loaded or its head cannot be read.
    """

    def __init__(self, options: ClassifierOptions) -> None:
        self.options = options
        self._tokenizer, self._model, self._device = _load(options)
        self._head = head_of(self._model.config, options)
        self._longest = _longest(self._tokenizer, self._model.config)
        super().__init__(
            f"classifier:{Path(options.model).name}",
            chunk=8 * options.batch,
            commit=getattr(self._model.config, "_commit_hash", None),
            dimensions=list(self._head.dimensions),
            head=self._head.kind,
            model=options.model,
            positive_label=options.positive_label,
            with_prompt=options.with_prompt,
        )

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What it judges."""
        return self._head.dimensions

    def _judge(self, answers: list[Answer]) -> list[Judgement]:
        nothing = Judgement(dict.fromkeys(self.dimensions), malformed=True, note=EMPTY)
        found = dict.fromkeys(answers, nothing)
        rest = sorted((a for a in answers if a.response.strip()), key=lambda a: len(a.response))
        for start in range(0, len(rest), self.options.batch):
            batch = rest[start : start + self.options.batch]
            found.update(zip(batch, self._batch(batch), strict=True))
        return list(found.values())

    def _batch(self, answers: list[Answer]) -> list[Judgement]:
        import torch

        parts = ("prompt", "response") if self.options.with_prompt else ("response",)
        texts = [[plain(self._tokenizer, getattr(a, part)) for a in answers] for part in parts]
        lengths = [len(ids) for ids in self._tokenizer(*texts)["input_ids"]]
        inputs = self._tokenizer(
            *texts, return_tensors="pt", padding=True, truncation=True, max_length=self._longest
        ).to(self._device)
        try:
            with torch.inference_mode():
                scores = self._head.scores(self._model(**inputs).logits.float()).cpu().tolist()
        except torch.OutOfMemoryError as error:
            raise InputError(
                f"{len(answers)} answers at once do not fit into memory; use a smaller --batch"
            ) from error
        return [self._judgement(row, n) for row, n in zip(scores, lengths, strict=True)]

    def _judgement(self, row: list[float], n_tokens: int) -> Judgement:
        scores = dict(zip(self._head.dimensions, row, strict=True))
        if not all(map(isfinite, row)):
            return Judgement(dict.fromkeys(scores), note="the classifier gave no number")
        cut = f"the answer is longer than {self._longest} tokens; its beginning was judged"
        return Judgement({**scores}, note=cut if n_tokens > self._longest else "")


def _load(options: ClassifierOptions) -> tuple[Any, Any, str]:
    """Tokenizer, model and device."""
    prepare_process()
    try:
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
    except ImportError as error:
        raise MissingExtraError("judging by a classifier", "training") from error
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        tokenizer = AutoTokenizer.from_pretrained(options.model)
        model, loading = AutoModelForSequenceClassification.from_pretrained(
            options.model, output_loading_info=True, dtype=_dtype(device)
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise InputError(
            f"the classifier '{options.model}' cannot be loaded ({first_line(error)}); name the "
            "folder or hub name of a sequence classifier"
        ) from error
    fresh = sorted(loading["missing_keys"])
    if fresh:
        raise InputError(
            f"'{options.model}' is no trained classifier: it has no weights for {listing(fresh, 3)}"
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.pad_token_id is None:
        raise InputError(
            f"the tokenizer of the classifier '{options.model}' has no padding token; name one "
            "under 'pad_token' in its tokenizer_config.json"
        )
    if model.config.pad_token_id is None:
        model.config.pad_token_id = tokenizer.pad_token_id
    try:
        return tokenizer, model.to(device).eval(), device
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"no model can be put on the device '{device}' ({first_line(error)}); name another "
            "with --device, such as cpu"
        ) from error


def _dtype(device: str) -> Any:
    """As the model was stored on a GPU that has bf16; elsewhere fp32, which is never slow."""
    from training.number_format import dtype_of, gpu_has_bf16

    return "auto" if device.startswith("cuda") and gpu_has_bf16() else dtype_of("fp32")


def _longest(tokenizer: Any, config: Any) -> int:
    """Most tokens that the model reads."""
    stated = getattr(config, "max_position_embeddings", None) or tokenizer.model_max_length
    # The RoBERTa family counts positions from behind its padding token.
    offset = (config.pad_token_id or 0) + 1 if "roberta" in config.model_type else 0
    return int(min(tokenizer.model_max_length, stated - offset))


def _make(options: ClassifierOptions, codebook: "Codebook | None", _cache: Path) -> ClassifierJudge:
    """Refuses dimensions of a study on which 1 to 5 would be taken for something else."""
    judge = ClassifierJudge(options)
    rated = codebook.dimensions if codebook else {}
    for name in judge.dimensions:
        if name in rated and (ends := tuple(rated[name].scale)) != (LOW, HIGH):
            raise InputError(
                f"the judge 'classifier' gives scores from {LOW:g} to {HIGH:g}, and '{name}' is "
                f"rated from {ends[0]:g} to {ends[1]:g}; score it by --judge endpoint, which asks "
                "for the study's own scale"
            )
    return judge


KIND = JudgeKind(_make, ClassifierOptions)
