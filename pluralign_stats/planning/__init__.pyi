from .design import StudyDesign as StudyDesign
from .design import design_from as design_from
from .detectable import detectable_effect as detectable_effect
from .power_analysis import power as power
from .power_analysis import smallest_design as smallest_design
