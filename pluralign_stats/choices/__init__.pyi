from .choices import Choices as Choices
from .from_frame import choices_from_frame as choices_from_frame
from .read import read_choices as read_choices
from .simulated import simulate_choices as simulate_choices
