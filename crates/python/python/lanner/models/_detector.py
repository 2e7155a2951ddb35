"""The estimator over a detector of the core: parameters in, scores and attributes out."""

from __future__ import annotations

import json
import math
import numbers
import warnings
from typing import Any, ClassVar, Protocol

import numpy as np
from sklearn.utils.validation import check_is_fitted

from lanner import _lanner
from lanner.models import _doc, _inputs
from lanner.models._inputs import Copies, Rows
from lanner.models.base import BaseDetector


class Foreign(Protocol):
    """A model made of Python objects, where a parameter is one that the core cannot take."""

    def fit(self, X: Rows) -> Any:
        """Fits it and gives the scores of the rows."""

    def score(self, X: Rows) -> Any:
        """Scores new rows."""


class CoreDetector(BaseDetector):
    """An estimator over the detector of the core that the subclass names: ``class KNN(..., core="KNN")``.

    A subclass is a dataclass of PyOD's parameters. It translates those that the core takes otherwise
    (``_core_params``), refuses or hands to Python what the core has not (``_fixed``, ``_foreign``), and
    gives the fitted attributes as properties.
    """

    _core: ClassVar[str]
    # Parameters of which the core knows some values only.
    _fixed: ClassVar[dict[str, tuple[Any, ...]]] = {}
    # Whether sparse matrices are taken, as PyOD does.
    _sparse: ClassVar[bool] = False

    contamination: Any

    def __init_subclass__(cls, core: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if core is not None:
            cls._core = core
            cls.__doc__ = _doc.document(cls, core)

    def __init__(self) -> None:
        raise TypeError("a detector is one of the subclasses")

    def __post_init__(self) -> None:
        self._check_contamination()

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Fits the detector.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            The rows: finite numbers. A C-contiguous array of 64-bit floats is copied once, into the core.
        y : None
            Ignored.
        sample_weight : array of shape (n_samples,), optional
            How many equal rows each row stands for: whole numbers. The scores are those of the rows
            written out; a row with 0 is not fitted on, but scored. None for 1 each.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError, TypeError
            For rows, copies or parameters that cannot be used, and where the method is not defined on
            these rows.
        KeyboardInterrupt
            On Ctrl-C, within a second.
        """
        X = _inputs.rows(self, X, fitting=True, sparse=self._sparse)
        copies = _inputs.copies(sample_weight, X)
        self._set_n_classes(y)
        self._check_contamination()
        self._check_fixed()
        self._seed = _inputs.seed(getattr(self, "random_state", None))
        self._copies = None if sample_weight is None else copies
        shown = copies > 0
        if shown.all():
            self._model, scores = self._fit_model(X, copies)
        else:
            scores = np.empty(len(X))
            self._model, scores[shown] = self._fit_model(X[shown], copies[shown])
            scores[~shown] = self._score(X[~shown])
        self.decision_scores_ = scores
        self.notes_ = list(getattr(self._model, "notes", ()))
        for note in self.notes_:
            warnings.warn(f"{type(self).__name__}: {note}", stacklevel=2)
        self._learned(X, copies)
        self._process_decision_scores()
        return self

    def decision_function(self, X: Any) -> Any:
        """Scores rows, each by itself; larger is odder.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            The rows: finite numbers.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
        """
        check_is_fitted(self, ["decision_scores_", "threshold_", "labels_"])
        return self._score(_inputs.rows(self, X, fitting=False, sparse=self._sparse))

    def _fit_model(self, X: Rows, copies: Copies) -> tuple[Any, Any]:
        """The fitted model and the scores of the rows."""
        foreign = self._foreign()
        if foreign is None:
            return _lanner.fit(self._core, self._given(), X, copies, self._seed)
        # Python objects know no copies: the rows are written out, and one of each is looked at.
        scores = foreign.fit(np.repeat(X, copies, axis=0))
        return foreign, np.asarray(scores)[np.cumsum(copies) - 1]

    def _foreign(self) -> Foreign | None:
        """The model of Python objects that these parameters ask for."""
        return None

    def _score(self, X: Rows) -> Any:
        return self._model.score(X)

    def _learned(self, X: Rows, copies: Copies) -> None:
        """Sets fitted attributes that need the rows."""

    def _core_params(self) -> dict[str, Any]:
        """The parameters that the core takes, by its names."""
        names = (param[0] for param in _doc.CARDS[self._core]["params"])
        return {name: getattr(self, name) for name in names if hasattr(self, name)}

    def _given(self) -> str:
        """The core's parameters as it reads them."""
        return json.dumps({n: self._plain(n, v) for n, v in self._core_params().items()})

    def _plain(self, name: str, value: Any) -> Any:
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)
        if isinstance(value, (list, tuple, np.ndarray)):
            return [self._plain(name, v) for v in value]
        if value is None or isinstance(value, (bool, str, numbers.Real)):
            return value
        raise TypeError(f"{type(self).__name__}.{name} is a {type(value).__name__}, not a number or text")

    def _check_fixed(self) -> None:
        for name, allowed in self._fixed.items():
            value = getattr(self, name)
            if not any(value is a or (isinstance(value, type(a)) and value == a) for a in allowed):
                known = " or ".join(repr(a) for a in allowed)
                raise ValueError(f"{type(self).__name__}.{name} must be {known}, not {value!r}")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self._sparse
        return tags

    def _parts(self, name: str) -> list[Any]:
        """The arrays of that name among what the fit learned."""
        check_is_fitted(self, ["decision_scores_"])
        if not isinstance(self._model, _lanner.Model):
            raise AttributeError(f"{name} is not known of a fit made by Python objects")
        return [array for part, array in self._model.parts() if part == name]


def like(value: Any, *known: str) -> bool:
    """Whether a parameter is one of these texts (and no array or object, which would not compare)."""
    return isinstance(value, str) and value in known
