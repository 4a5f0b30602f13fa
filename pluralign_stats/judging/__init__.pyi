from .agreement import judge_agreement as judge_agreement
from .contrasts import judge_contrasts as judge_contrasts
from .scores import read_judge_scores as read_judge_scores
