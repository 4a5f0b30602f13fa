"""Simulations on disk: one file per design, model and seed, whole at every moment."""

import json
import secrets
from functools import cache
from hashlib import sha256
from pathlib import Path

from pluralign_stats.errors import InputError
from pluralign_stats.planning.design import StudyDesign
from pluralign_stats.planning.replicate import Model, Replicate
from pluralign_stats.settings import CONF_LEVEL

#: The code that simulations come from; with another, they are made anew.
_CODE = ("models/*.py", "models/engine/*.py", "planning/design.py", "planning/replicate.py",
         "simulate/design.py", "simulate/margins.py")  # fmt: skip


class Store:
    """Replicates by number, in memory and, with a folder, on disk.

    Parameters
    ----------
    folder
        Where to keep them; empty to keep none.
    design, model, seed
        Whose replicates these are.

    Raises
    ------
    InputError
        If the folder cannot be used.
    """

    def __init__(self, folder: str | Path, design: StudyDesign, model: Model, seed: int) -> None:
        self._about: dict[str, object] = {
            "design": design.numbers(),
            "model": model,
            "seed": seed,
            "conf_level": CONF_LEVEL,
            "code": code_fingerprint(),
        }
        self._path = Path(folder) / f"{_key(self._about)}.json" if folder else None
        self._found = self._read()

    def missing(self, n: int) -> list[int]:
        """Which of the first `n` replicates are not there."""
        return [number for number in range(n) if number not in self._found]

    def add(self, numbers: tuple[int, ...], found: list[Replicate]) -> None:
        """Keep replicates."""
        self._found |= dict(zip(numbers, found, strict=True))
        self._write()

    def first(self, n: int) -> list[Replicate]:
        """The first `n` replicates."""
        return [self._found[number] for number in range(n)]

    def _read(self) -> dict[int, Replicate]:
        if self._path is None:
            return {}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            content = json.loads(self._path.read_text("utf-8"))
            return {int(n): Replicate(*found) for n, found in content["replicates"].items()}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unusable(error) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            return {}  # not what we wrote, so it is made anew

    def _write(self) -> None:
        if self._path is None:
            return
        found = {str(number): self._found[number] for number in sorted(self._found)}
        part = self._path.with_name(f".{self._path.stem}.{secrets.token_hex(4)}")
        try:
            part.write_text(json.dumps({**self._about, "replicates": found}), "utf-8")
            part.replace(self._path)
        except OSError as error:
            raise self._unusable(error) from None
        finally:
            part.unlink(missing_ok=True)

    def _unusable(self, error: OSError) -> InputError:
        folder = self._path.parent if self._path else ""
        return InputError(
            f"{folder}: simulations cannot be kept there ({error.strerror}); choose another folder"
        )


def _key(about: dict[str, object]) -> str:
    return sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:32]


@cache
def code_fingerprint() -> str:
    """SHA-256 over the code that simulations come from."""
    package = Path(__file__).parents[1]
    files = sorted(path for pattern in _CODE for path in package.glob(pattern))
    return sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
