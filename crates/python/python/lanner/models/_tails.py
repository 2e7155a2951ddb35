"""What COPOD and ECOD share: scores that are sums over columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from lanner.models._detector import CoreDetector
from lanner.models._inputs import Copies, Rows


class Tails(CoreDetector):
    """Keeps the rows, so that a row's score can be split over its columns."""

    def _learned(self, X: Rows, copies: Copies) -> None:
        self._X = X

    @property
    def O(self) -> Any:  # noqa: E743 - PyOD's name
        """The share of each column in the score of each row fitted on, of shape (n_samples, n_features)."""
        return self._model.shares(self._X)

    def explain_outlier(
        self,
        ind: int,
        columns: Any = None,
        cutoffs: Any = None,
        feature_names: Any = None,
        file_name: str | None = None,
        file_type: str | None = None,
    ) -> Any:
        """Draws the shares of the columns in a row's score, with matplotlib.

        Parameters
        ----------
        ind : int
            Number of the row among those fitted on.
        columns : list of int, optional
            Columns shown; all of them.
        cutoffs : list of float, optional
            Quantiles of each column's shares to compare with: 1 - contamination and 0.99.
        feature_names : list of str, optional
            What the columns are called.
        file_name, file_type : str, optional
            Where to save the picture; ``png``.

        Returns
        -------
        axes : matplotlib axes
        """
        import matplotlib.pyplot as plt

        shares = self.O
        columns = list(range(shares.shape[1])) if columns is None else list(columns)
        names = [str(j + 1) for j in columns] if feature_names is None else list(feature_names)
        if len(names) != len(columns):
            raise ValueError(f"{len(names)} feature_names for {len(columns)} columns")
        places = np.arange(1, len(columns) + 1)
        figure, axes = plt.subplots()
        axes.scatter(places, shares[ind, columns], marker="^", color="black", label="row")
        for cutoff in [1 - self._share(), 0.99] if cutoffs is None else cutoffs:
            band = np.quantile(shares[:, columns], cutoff, axis=0)
            axes.plot(places, band, "--", label=f"{cutoff:g} of the rows below")
        axes.set_xticks(places, names)
        axes.set_xlabel("column")
        axes.set_ylabel("share in the score")
        axes.set_title(f"row {ind} ({'odd' if self.labels_[ind] else 'ordinary'})")
        axes.legend()
        if file_name is not None:
            figure.savefig(f"{file_name}.{file_type or 'png'}", dpi=300)
        return axes
