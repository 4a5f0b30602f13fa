"""What the files of a run are called, for those who write them and those who read them."""

#: The adapter that was trained, and what it was trained on and without.
ADAPTER = "adapter"
FEEDBACK = "feedback.parquet"
EXCLUDED = "excluded.parquet"

#: What went into the run, and on what it was carried out.
INPUTS = "inputs.json"
ENVIRONMENT = "environment.json"

#: Why it came to nothing.
FAILED = "failed.json"
