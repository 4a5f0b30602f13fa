"""Simulations on disk: one file per design, model and seed."""

from functools import cache
from pathlib import Path
from typing import Any

from pluralign_stats.planning.design import StudyDesign
from pluralign_stats.planning.replicate import Model, Replicate
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.storage.digest import digest_files, digest_values
from pluralign_stats.storage.store import Store

#: The code that simulations come from; with another, they are made anew.
_CODE = ("models/*.py", "models/engine/*.py", "planning/design.py", "planning/replicate.py",
         "simulate/design.py", "simulate/margins.py")  # fmt: skip

#: The entry that says whose simulations a file holds.
_ABOUT = "about"


class Replicates:
    """Replicates by number, in memory and, with a folder, on disk.

    Parameters
    ----------
    folder
        Where to keep them; empty to keep none.
    design, model, seed
        Whose replicates these are.

    Raises
    ------
    PluralignError
        If the folder cannot be used.
    """

    def __init__(self, folder: str | Path, design: StudyDesign, model: Model, seed: int) -> None:
        self._about: dict[str, Any] = {
            "design": design.numbers(),
            "model": model,
            "seed": seed,
            "conf_level": CONF_LEVEL,
            "code": code_fingerprint(),
        }
        path = Path(folder) / f"{digest_values(self._about)[:32]}.jsonl" if folder else None
        self._store = Store(path, "simulation")
        self._store.prepare()

    def missing(self, n: int) -> list[int]:
        """Which of the first `n` replicates are not there."""
        return [number for number in range(n) if str(number) not in self._store.entries]

    def add(self, numbers: tuple[int, ...], found: list[Replicate]) -> None:
        """Keep replicates."""
        told = {str(n): replicate._asdict() for n, replicate in zip(numbers, found, strict=True)}
        self._store.add({_ABOUT: self._about, **told} if not self._store.entries else told)

    def first(self, n: int) -> list[Replicate]:
        """The first `n` replicates."""
        return [Replicate(**self._store.entries[str(number)]) for number in range(n)]


@cache
def code_fingerprint() -> str:
    """Digest of the code that simulations come from."""
    package = Path(__file__).parents[1]
    return digest_files(sorted(path for pattern in _CODE for path in package.glob(pattern)))
