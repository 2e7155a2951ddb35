"""Python objects as parameters: they are called, and where they do what the core does, scores agree."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import AgglomerativeClustering
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from conftest import fitted
from lanner.models import CBLOF, CD, GMM, KDE, KNN, LOF, LUNAR, OCSVM


def straight(u, v):
    """The Euclidean distance, as a user would write it."""
    return np.sqrt(((u - v) ** 2).sum())


@pytest.mark.parametrize("kind, k", [(KNN, 4), (LOF, 9)])
def test_a_callable_metric_is_called(kind, k, table):
    own = kind(n_neighbors=k).fit(table)
    called = kind(n_neighbors=k, metric=straight).fit(table)
    assert_allclose(called.decision_scores_, own.decision_scores_, rtol=1e-9)
    assert_allclose(called.decision_function(table + 0.5), own.decision_function(table + 0.5))


def test_copies_count_beside_python_objects(table):
    copies = np.arange(len(table)) % 3 + 1
    for kind in (KNN, LOF):
        own = kind(n_neighbors=4).fit(table, sample_weight=copies)
        called = kind(n_neighbors=4, metric=straight).fit(table, sample_weight=copies)
        assert_allclose(called.decision_scores_, own.decision_scores_, rtol=1e-9, atol=1e-12)


def test_mahalanobis_takes_its_matrix(table):
    V = np.cov(table, rowvar=False)
    detector = KNN(metric="mahalanobis", metric_params={"V": V}).fit(table)
    white = table @ np.linalg.inv(np.linalg.cholesky(V)).T
    assert_allclose(detector.decision_scores_, KNN().fit(white).decision_scores_)


def test_a_clustering_of_the_users(table):
    own = fitted("CBLOF", table)
    given = CBLOF(clustering_estimator=own.clustering_estimator_)
    own.clustering_estimator_.fit = lambda X: None
    given.fit(table)
    assert_allclose(given.decision_scores_, own.decision_scores_)
    assert_array_equal(given.cluster_labels_, own.cluster_labels_)
    assert_array_equal(given.large_cluster_labels_, own.large_cluster_labels_)
    assert_allclose(given.decision_function(table + 1), own.decision_function(table + 1))


def test_a_clustering_without_centres_has_the_means_of_its_clusters(table):
    clustering = AgglomerativeClustering(2)
    clustering.predict = lambda X: clustering.labels_
    detector = CBLOF(clustering_estimator=clustering, alpha=0.8).fit(table)
    for label in (0, 1):
        mean = table[detector.cluster_labels_ == label].mean(axis=0)
        assert_allclose(detector.cluster_centers_[label], mean)


def test_a_regression_of_the_users(table):
    own, given = CD().fit(table), CD(model=LinearRegression()).fit(table)
    assert_allclose(given.decision_scores_, own.decision_scores_, atol=1e-9)
    assert_allclose(given.decision_function(table[:9]), own.decision_function(table[:9]), atol=1e-9)
    for mine, theirs in zip(own._models, given._models):
        assert_allclose(mine.coef_, theirs.coef_, atol=1e-9)
        assert mine.intercept_ == pytest.approx(theirs.intercept_)


def test_a_scaler_of_the_users_is_copied_and_fitted(table):
    given = MinMaxScaler()
    own = LUNAR(n_epochs=3, random_state=1).fit(table)
    scaled = LUNAR(n_epochs=3, random_state=1, scaler=given).fit(table)
    assert not hasattr(given, "scale_") and scaled.scaler is given
    assert_allclose(scaled.decision_scores_, own.decision_scores_, rtol=1e-6)
    other = LUNAR(n_epochs=3, random_state=1, scaler=StandardScaler()).fit(table)
    assert not np.allclose(other.decision_scores_, own.decision_scores_)


def test_what_the_core_has_not_is_scikit_learns(table):
    start = GMM(means_init=[[0.0] * 4, [6.0] * 4], n_components=2, random_state=1).fit(table)
    assert_allclose(start.means_[0], table[:90].mean(axis=0), atol=1.5)
    assert np.isfinite(OCSVM(max_iter=1000).fit(table).decision_scores_).all()
    assert np.isfinite(KDE(metric="manhattan").fit(table).decision_scores_).all()
    with pytest.raises(ValueError, match=r"GMM.warm_start must be False"):
        GMM(warm_start=True).fit(table)
