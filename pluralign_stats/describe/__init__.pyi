from .distribution import rating_distribution as rating_distribution
from .inattentive import careless_raters as careless_raters
from .joint import positive_given_positive as positive_given_positive
from .participants import composition as composition
from .participants import exclusions as exclusions
from .participants import nonresponse as nonresponse
from .reliability import agreement as agreement
from .self_agreement import retest as retest
