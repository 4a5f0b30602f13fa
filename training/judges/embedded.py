"""The judge of the embedded form, which knows the world that its models speak of."""

from training.judgement import Answer, Judge, JudgeKind, Judgement


class EmbeddedJudge(Judge):
    """Reads the dimensions off an answer by the grammar of the embedded world, exactly."""

    def _judge(self, answers: list[Answer]) -> list[Judgement]:
        from training.embedded.judge import judge_text

        return [judge_text(answer.response, answer.language) for answer in answers]


KIND = JudgeKind(lambda _options, _codebook, _cache: EmbeddedJudge("embedded", chunk=1000))
