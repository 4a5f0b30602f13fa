"""Turns notebooks and a study into one browsable, self-contained report folder.

`build_report` reads top to bottom: the notebooks and parameters are checked (`notebook`,
`parameters`), a building folder is made beside the target (`folder`), the notebooks run side by
side (`run`, `execute`, `kernel`), machine paths are taken out (`publish`), what each shows becomes
the body of a page (`cells`, `safe`), what it wrote is brought in (`downloads`; `kept` for another
time), pages and PDF are written from one description of it all (`contents`, `provenance`,
`pages`, `paper`, `pdf`), and the finished folder takes the final name.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from reports.build import build_report, check_parameters
    from reports.lab import open_lab, prepare_lab
    from reports.notebook import notebook_folder

__all__ = ["build_report", "check_parameters", "notebook_folder", "open_lab", "prepare_lab"]

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "build": ["build_report", "check_parameters"],
        "lab": ["open_lab", "prepare_lab"],
        "notebook": ["notebook_folder"],
    },
)
