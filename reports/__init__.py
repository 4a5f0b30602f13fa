"""Turns notebooks and a study into one browsable, self-contained report folder.

`build_report` reads top to bottom: the notebooks and parameters are checked (`notebook`,
`parameters`), those without an answer are left out (`needs`), a building folder is made beside the
target (`folder`), the notebooks run side by side (`run`, `execute`, `kernel`), machine paths are
taken out (`publish`), what each shows becomes the body of a page (`cells`, `safe`), what it wrote
is brought in (`downloads`; `cache` keeps it for another time), pages and PDF are written from one
description of it all (`contents`, `provenance`, `pages`, `paper`, `pdf`), and the finished folder
takes the final name.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
