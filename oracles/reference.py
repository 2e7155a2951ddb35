"""The reference implementation's models as Lanner names them, and what is compared."""

import importlib
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Case:
    """One model with parameters, to be compared with the detector of the same id."""

    model: str  # id in Lanner's registry
    module: str  # pyod.models.<module>
    cls: str
    seeded: bool = False  # takes random_state; compared by rank over mean scores of seeds
    new_rows: bool = False  # decision_function must agree too
    seeds: tuple = (5, 80)  # in a group: more where groups of few are not alike
    params: dict = field(default_factory=dict)  # given to both
    pyod: dict = field(default_factory=dict)  # given to PyOD alone

    def fit(self, x, seed=None):
        """Fits on float64 rows; integers would make scikit-learn's GMM truncate."""
        cls = getattr(importlib.import_module(f"pyod.models.{self.module}"), self.cls)
        more = {"random_state": seed} if self.seeded else {}
        return cls(**self.params, **self.pyod, **more).fit(np.asarray(x, dtype=np.float64))


# To add a model: one line a parameter set. The first line of a model holds its defaults.
CASES = [
    Case("CBLOF", "cblof", "CBLOF", seeded=True),
    Case("IForest", "iforest", "IForest", seeded=True),
    Case("KNN", "knn", "KNN", new_rows=True),
    Case("KNN", "knn", "KNN", new_rows=True, params={"n_neighbors": 3, "method": "median"}),
    Case("AvKNN", "knn", "KNN", new_rows=True, pyod={"method": "mean"}),
    Case("LOF", "lof", "LOF", new_rows=True),
    Case("LOF", "lof", "LOF", new_rows=True, params={"n_neighbors": 35}),
    Case("ROD", "rod", "ROD"),
    Case("CD", "cd", "CD"),
    Case("COPOD", "copod", "COPOD"),
    Case("ECOD", "ecod", "ECOD"),
    Case("GMM", "gmm", "GMM", new_rows=True),
    Case("GMM", "gmm", "GMM", new_rows=True, params={"covariance_type": "diag"}),
    Case("GMM", "gmm", "GMM", new_rows=True, params={"covariance_type": "spherical"}),
    Case("HBOS", "hbos", "HBOS", new_rows=True),
    Case("HBOS", "hbos", "HBOS", new_rows=True, params={"n_bins": "auto"}),
    Case("INNE", "inne", "INNE", seeded=True),
    Case("LODA", "loda", "LODA", seeded=True),
    Case("LODA", "loda", "LODA", seeded=True, params={"n_bins": "auto"}),
    # These two need torch. Networks are slow to train, so seeds are few, and epochs too.
    Case("DIF", "dif", "DIF", seeded=True, seeds=(5,)),
    Case("DIF", "dif", "DIF", seeded=True, seeds=(5,),
         params={"n_ensemble": 15, "hidden_neurons": [32, 16], "hidden_activation": "relu",
                 "skip_connection": True}),
    Case("LUNAR", "lunar", "LUNAR", seeded=True, seeds=(5,), params={"n_epochs": 20}),
    Case("LUNAR", "lunar", "LUNAR", seeded=True, seeds=(5,),
         params={"n_epochs": 20, "model_type": "SCORE", "negative_sampling": "SUBSPACE"}),
]


def untied(rows, k, owner, queries=None):
    """Numbers of the rows whose own and whose neighbours' k-distances are untied.

    Only there is LOF defined: elsewhere the reference takes some of the rows at the k-distance and
    leaves others out, by the order they come in. Copies of one row (the same `owner`) may tie, for
    it does not matter which of them is taken. With `queries` the same for new rows.
    """
    k = min(k, len(rows) - 1)
    square = np.sqrt(((rows[:, None, :] - rows[None, :, :]) ** 2).sum(-1))
    np.fill_diagonal(square, np.inf)

    def clear(distances):
        limit = np.sort(distances, axis=1)[:, k - 1 : k]
        tied = np.abs(distances - limit) <= 1e-9 * limit
        lowest = np.where(tied, owner, len(rows)).min(axis=1)
        highest = np.where(tied, owner, -1).max(axis=1)
        return lowest == highest

    own = clear(square)
    if queries is None:
        distances, mine = square, own
    else:
        distances = np.sqrt(((queries[:, None, :] - rows[None, :, :]) ** 2).sum(-1))
        mine = clear(distances)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.flatnonzero(mine & own[nearest].all(axis=1))
