"""Puts Lanner's detectors in the place of PyOD's, under the names that PyOD's own tests import."""

import importlib
import sys

MODULES = (
    "base combination cblof cd copod dif ecod gmm hbos iforest inne kde knn lmdd loda lof lunar ocsvm "
    "pca qmcd rod sod"
).split()

for name in MODULES:
    sys.modules[f"pyod.models.{name}"] = importlib.import_module(f"lanner.models.{name}")
