from .choices import Choices as Choices
from .read import read_choices as read_choices
from .simulated import simulate_choices as simulate_choices
