"""The detectors as scikit-learn estimators, with PyOD's names, parameters and attributes.

Each is also in the module that has it in PyOD: ``lanner.models.knn.KNN``. ``fit`` takes
``sample_weight``, the number of equal rows that each row stands for.
"""

from lanner.models.base import BaseDetector
from lanner.models.cblof import CBLOF
from lanner.models.cd import CD
from lanner.models.copod import COPOD
from lanner.models.dif import DIF
from lanner.models.ecod import ECOD
from lanner.models.gmm import GMM
from lanner.models.hbos import HBOS
from lanner.models.iforest import IForest
from lanner.models.inne import INNE
from lanner.models.kde import KDE
from lanner.models.knn import KNN, AvKNN
from lanner.models.lmdd import LMDD
from lanner.models.loda import LODA
from lanner.models.lof import LOF
from lanner.models.lunar import LUNAR
from lanner.models.ocsvm import OCSVM
from lanner.models.pca import PCA
from lanner.models.qmcd import QMCD
from lanner.models.rod import ROD
from lanner.models.sod import SOD

__all__ = [
    "CBLOF",
    "CD",
    "COPOD",
    "DIF",
    "ECOD",
    "GMM",
    "HBOS",
    "INNE",
    "KDE",
    "KNN",
    "LMDD",
    "LODA",
    "LOF",
    "LUNAR",
    "OCSVM",
    "PCA",
    "QMCD",
    "ROD",
    "SOD",
    "AvKNN",
    "BaseDetector",
    "IForest",
]
