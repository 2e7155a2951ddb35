"""The reference implementation's models as Lanner names them, and what is compared."""

import importlib
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import cosine_distances


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
    within: float = 1e-6  # bound of an exact comparison, see parity.py

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
    Case("KNN", "knn", "KNN", new_rows=True, params={"metric": "manhattan"}),
    Case("KNN", "knn", "KNN", new_rows=True, params={"metric": "chebyshev"}),
    Case("KNN", "knn", "KNN", new_rows=True, params={"p": 3}),
    Case("KNN", "knn", "KNN", new_rows=True, params={"metric": "cosine"}),
    Case("AvKNN", "knn", "KNN", new_rows=True, pyod={"method": "mean"}),
    Case("LOF", "lof", "LOF", new_rows=True),
    Case("LOF", "lof", "LOF", new_rows=True, params={"n_neighbors": 35}),
    Case("LOF", "lof", "LOF", new_rows=True, params={"metric": "manhattan"}),
    Case("LOF", "lof", "LOF", new_rows=True, params={"metric": "chebyshev"}),
    Case("LOF", "lof", "LOF", new_rows=True, params={"p": 3}),
    Case("LOF", "lof", "LOF", new_rows=True, params={"metric": "cosine"}),
    Case("ROD", "rod", "ROD"),
    Case("CD", "cd", "CD"),
    Case("COPOD", "copod", "COPOD"),
    Case("ECOD", "ecod", "ECOD"),
    Case("GMM", "gmm", "GMM", new_rows=True),
    Case("GMM", "gmm", "GMM", new_rows=True, params={"covariance_type": "diag"}),
    Case("GMM", "gmm", "GMM", new_rows=True, params={"covariance_type": "spherical"}),
    Case("GMM", "gmm", "GMM", seeded=True, params={"n_components": 3, "init_params": "random"}),
    Case("GMM", "gmm", "GMM", seeded=True, params={"n_components": 3, "init_params": "k-means++"}),
    Case("GMM", "gmm", "GMM", seeded=True,
         params={"n_components": 3, "init_params": "random_from_data"}),
    Case("HBOS", "hbos", "HBOS", new_rows=True),
    Case("HBOS", "hbos", "HBOS", new_rows=True, params={"n_bins": "auto"}),
    Case("INNE", "inne", "INNE", seeded=True),
    Case("LODA", "loda", "LODA", seeded=True),
    Case("LODA", "loda", "LODA", seeded=True, params={"n_bins": "auto"}),
    Case("QMCD", "qmcd", "QMCD", new_rows=True),
    # One leaf: the walk through a deeper tree loses the densities of new rows in the far tail.
    Case("KDE", "kde", "KDE", new_rows=True, pyod={"leaf_size": 1_000_000}),
    Case("KDE", "kde", "KDE", new_rows=True, params={"bandwidth": 0.3},
         pyod={"leaf_size": 1_000_000}),
    Case("KDE", "kde", "KDE", params={"bandwidth": "scott"}),
    Case("KDE", "kde", "KDE", params={"bandwidth": "silverman"}),
    Case("OCSVM", "ocsvm", "OCSVM", new_rows=True, within=1e-3, params={"tol": 1e-6}),
    Case("OCSVM", "ocsvm", "OCSVM", new_rows=True, within=1e-3,
         params={"tol": 1e-6, "nu": 0.1, "gamma": "scale"}),
    Case("OCSVM", "ocsvm", "OCSVM", new_rows=True, within=1e-3,
         params={"tol": 1e-6, "kernel": "poly", "degree": 2, "gamma": "scale", "coef0": 1.0}),
    Case("PCA", "pca", "PCA", new_rows=True),
    Case("PCA", "pca", "PCA", new_rows=True, params={"n_components": 0.9, "weighted": False}),
    Case("PCA", "pca", "PCA", new_rows=True,
         params={"n_selected_components": 1, "standardization": False}),
    Case("PCA", "pca", "PCA", new_rows=True, params={"n_components": "mle"}),
    Case("LMDD", "lmdd", "LMDD", seeded=True),
    Case("LMDD", "lmdd", "LMDD", seeded=True, params={"dis_measure": "var"}),
    Case("SOD", "sod", "SOD"),
    Case("SOD", "sod", "SOD", params={"n_neighbors": 12, "ref_set": 5, "alpha": 0.6}),
    # These two need torch. Networks are slow to train, so seeds are few, and epochs too.
    Case("DIF", "dif", "DIF", seeded=True, seeds=(5,)),
    Case("DIF", "dif", "DIF", seeded=True, seeds=(5,),
         params={"n_ensemble": 15, "hidden_neurons": [32, 16], "hidden_activation": "relu",
                 "skip_connection": True}),
    Case("LUNAR", "lunar", "LUNAR", seeded=True, seeds=(5,), params={"n_epochs": 30}),
    Case("LUNAR", "lunar", "LUNAR", seeded=True, seeds=(5,),
         params={"n_epochs": 30, "model_type": "SCORE", "negative_sampling": "SUBSPACE"}),
]


def signs_are_open(components):
    """Whether a component's largest loadings are equal, so that rounding decides on its sign."""
    size = np.sort(np.abs(components), axis=1)[:, ::-1]
    return size.shape[1] > 1 and bool(np.any(size[:, 1] >= size[:, 0] * (1 - 1e-9)))


def distances_between(a, b, metric="minkowski", p=2):
    """Distances in the metric of a case's parameters."""
    if metric == "cosine":
        return cosine_distances(a, b)
    if metric == "minkowski":
        return cdist(a, b, metric, p=p)
    return cdist(a, b, {"manhattan": "cityblock"}.get(metric, metric))


def untied(rows, k, owner, queries=None, **metric):
    """Numbers of the rows whose own and whose neighbours' k-distances are untied.

    Only there is LOF defined: elsewhere the reference takes some of the rows at the k-distance and
    leaves others out, by the order they come in. Copies of one row (the same `owner`) may tie, for
    it does not matter which of them is taken. With `queries` the same for new rows. `metric` and `p`
    are those of the case.
    """
    k = min(k, len(rows) - 1)
    # The reference knows cosines to some 1e-16 however near the rows, and adds 1e-10 to mean reaches:
    # below this k-distance its noise is in the digits compared.
    noisy = 1e-9 if metric.get("metric") == "cosine" else 0
    square = distances_between(rows, rows, **metric)
    np.fill_diagonal(square, np.inf)

    def clear(distances):
        limit = np.sort(distances, axis=1)[:, k - 1 : k]
        tied = np.abs(distances - limit) <= 1e-9 * limit
        lowest = np.where(tied, owner, len(rows)).min(axis=1)
        highest = np.where(tied, owner, -1).max(axis=1)
        return (lowest == highest) & (limit[:, 0] >= noisy)

    own = clear(square)
    if queries is None:
        distances, mine = square, own
    else:
        distances = distances_between(queries, rows, **metric)
        mine = clear(distances)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.flatnonzero(mine & own[nearest].all(axis=1))


def clear_sets(rows, k, size, owner):
    """Numbers of the rows whose reference set no order of the rows has a say in.

    SOD compares a row with the `size` rows that share most of their k neighbours with it, and is
    defined only where these are more than the next rows share. Lists with ties at the k-distance are
    taken at their least and at their most.
    """
    n = len(rows)
    square = np.sqrt(((rows[:, None, :] - rows[None, :, :]) ** 2).sum(-1))
    np.fill_diagonal(square, np.inf)
    limit = np.sort(square, axis=1)[:, k - 1 : k]
    at_most = (square <= limit * (1 + 1e-9)).astype(np.float32)
    at_least = (square < limit * (1 - 1e-9)).astype(np.float32)
    whole = at_most.sum(axis=1) == k
    at_least[whole] = at_most[whole]
    least, most = at_least @ at_least.T, at_most @ at_most.T
    clear = []
    for i in range(n):
        others = np.delete(np.arange(n), i)
        order = others[np.argsort(-least[i, others], kind="stable")]
        kept, left = order[:size], order[size:]
        # Copies of one row may tie among themselves, for it does not matter which of them is taken.
        edge = owner[left] == owner[kept[-1]]
        whole_tuples = kept[owner[kept] != owner[kept[-1]]]
        apart = least[i, kept].min() > most[i, left[~edge]].max(initial=-1)
        above = least[i, whole_tuples].min(initial=n) > most[i, left[edge]].max(initial=-1)
        if apart and above:
            clear.append(i)
    return np.array(clear, dtype=int)
