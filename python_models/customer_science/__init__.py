"""The mathematics of customers, for Python models.

What its modules use of SciPy and scikit-learn is loaded here, before any of them: both libraries import their own parts
in circles, and two threads of a build that began at different ends would find each other's parts half loaded.
"""

import scipy.optimize  # noqa: F401
import scipy.spatial.distance  # noqa: F401
import scipy.special  # noqa: F401
import scipy.stats  # noqa: F401
import sklearn.cluster  # noqa: F401
import sklearn.compose  # noqa: F401
import sklearn.ensemble  # noqa: F401
import sklearn.impute  # noqa: F401
import sklearn.linear_model  # noqa: F401
import sklearn.metrics  # noqa: F401
import sklearn.mixture  # noqa: F401
import sklearn.pipeline  # noqa: F401
import sklearn.preprocessing  # noqa: F401
import sklearn.tree  # noqa: F401
