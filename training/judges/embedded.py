"""The judge of the embedded form, which knows the world that its models speak of."""

from collections.abc import Sequence
from typing import Any

from training.judgement import Answer, JudgeKind, Judgement


class EmbeddedJudge:
    """Reads the dimensions off an answer by the grammar of the embedded world, exactly."""

    name = "embedded"
    chunk = 1000

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the scores."""
        return {"judge": self.name}

    def judge(self, answers: Sequence[Answer]) -> list[Judgement]:
        """Judge each answer."""
        from training.embedded.judge import judge_text

        found: dict[Answer, Judgement] = {}
        for answer in answers:
            if answer not in found:
                read = judge_text(answer.response, answer.language)
                found[answer] = Judgement(dict(read.scores), read.malformed, read.note)
        return [found[answer] for answer in answers]


KIND = JudgeKind(lambda _options, _codebook, _cache: EmbeddedJudge())
