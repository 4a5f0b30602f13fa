"""What data say of themselves, by their codebook: name, title, source and kind."""

from typing import Any


class Described:
    """Data with a codebook.

    Attributes
    ----------
    codebook
        With ``name``, ``title``, ``source`` and ``simulated``.
    """

    codebook: Any

    @property
    def name(self) -> str:
        """Short name."""
        return self.codebook.name

    @property
    def title(self) -> str:
        """Title for readers."""
        return self.codebook.title or self.codebook.name

    @property
    def source(self) -> str:
        """Where the data come from."""
        return self.codebook.source

    @property
    def simulated(self) -> bool:
        """Whether the data were generated rather than given by people."""
        return self.codebook.simulated

    @property
    def data_kind(self) -> str:
        """``"simulated"`` or ``"observed"``: what every table and figure says."""
        return "simulated" if self.simulated else "observed"
