"""The detectors as scikit-learn estimators, with PyOD's names, parameters and attributes.

Each is also in the module that has it in PyOD: ``lanner.models.knn.KNN``. Five more are made for
categories, and PyOD has none of them: MSurprise, PSurprise, CBRW, SPAD, CatForest. ``fit`` takes
``sample_weight``, the number of equal rows that each row stands for.
"""

from lanner.models.base import BaseDetector
from lanner.models.catforest import CatForest
from lanner.models.cblof import CBLOF
from lanner.models.cbrw import CBRW
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
from lanner.models.msurprise import MSurprise
from lanner.models.ocsvm import OCSVM
from lanner.models.pca import PCA
from lanner.models.psurprise import PSurprise
from lanner.models.qmcd import QMCD
from lanner.models.rod import ROD
from lanner.models.sod import SOD
from lanner.models.spad import SPAD

__all__ = [
    "CBLOF",
    "CBRW",
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
    "SPAD",
    "AvKNN",
    "BaseDetector",
    "CatForest",
    "IForest",
    "MSurprise",
    "PSurprise",
]
