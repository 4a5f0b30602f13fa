from .build import build_report as build_report
from .build import check_parameters as check_parameters
from .lab import open_lab as open_lab
from .lab import prepare_lab as prepare_lab
from .notebook import list_chapters as list_chapters
from .notebook import notebook_folder as notebook_folder
