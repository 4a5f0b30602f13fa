import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    ["pluralign_stats.outcomes.schema", "training.judges.stage", "training.generation.run"],
)
def test_who_needs_names_alone_waits_for_no_library(module):
    heavy = "{'pandera', 'formulaic', 'statsmodels', 'matplotlib', 'pymc', 'torch'}"
    code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
