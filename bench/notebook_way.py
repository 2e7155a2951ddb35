#!/usr/bin/env python3
"""The classic event hunt as PyOD notebooks do it: codes, 13 models, votes, rank, join, CSV.

    notebook_way.py TABLE.parquet OUT.csv
"""

import sys
import time

import numpy as np
import pandas as pd
from pyod.models.cblof import CBLOF
from pyod.models.cd import CD
from pyod.models.copod import COPOD
from pyod.models.ecod import ECOD
from pyod.models.gmm import GMM
from pyod.models.hbos import HBOS
from pyod.models.iforest import IForest
from pyod.models.inne import INNE
from pyod.models.knn import KNN
from pyod.models.loda import LODA
from pyod.models.lof import LOF
from pyod.models.rod import ROD

FIELDS = ["sourceIPAddress", "eventSource", "eventName", "userAgent", "userIdentity.arn"]
CONTAMINATION = 0.001


def models():
    """The 13 models with the settings of the notebooks, fresh ones."""
    c = CONTAMINATION
    return {
        "CBLOF": CBLOF(contamination=c, random_state=42),
        "IForest": IForest(contamination=c, random_state=42),
        "KNN": KNN(contamination=c),
        "AvKNN": KNN(method="mean", contamination=c),
        "LOF": LOF(n_neighbors=35, contamination=c),
        "ROD": ROD(contamination=c),
        "CD": CD(contamination=c),
        "COPOD": COPOD(contamination=c),
        "ECOD": ECOD(contamination=c),
        "GMM": GMM(contamination=c, random_state=42),
        "HBOS": HBOS(contamination=c),
        "INNE": INNE(contamination=c, random_state=42),
        "LODA": LODA(contamination=c),
    }


def main():
    table, out = sys.argv[1:]
    frame = pd.read_parquet(table)
    codes = pd.DataFrame({f: frame[f].astype("category").cat.codes for f in FIELDS})
    x = codes.to_numpy(np.float64)
    votes = {}
    for name, model in models().items():
        start = time.perf_counter()
        try:
            model.fit(x)
            votes[name] = model.predict(x)
            end = "ran"
        except ValueError as error:
            end = f"failed: {error}"
        print(f"{name:8} {time.perf_counter() - start:8.2f} s  {end}", flush=True)
    votes = pd.DataFrame(votes, index=frame.index)
    frame["rank"] = votes.sum(axis=1)
    votes.corr().to_csv(out + ".correlation.csv")
    flagged = frame[frame["rank"] > 0].join(votes.add_prefix("out_"))
    flagged.sort_values("rank", ascending=False).to_csv(out, index=False)


if __name__ == "__main__":
    main()
