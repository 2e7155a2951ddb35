"""Deep isolation forest, as ``pyod.models.dif``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lanner.models._detector import CoreDetector


@dataclass(eq=False, repr=False)
class DIF(CoreDetector, core="DIF"):
    """``hidden_neurons=None`` stands for [500, 100]."""

    batch_size: int = 1000
    representation_dim: int = 20
    hidden_neurons: list[int] | None = None
    hidden_activation: str = "tanh"
    skip_connection: bool = False
    n_ensemble: int = 50
    n_estimators: int = 6
    max_samples: Any = 256
    contamination: Any = 0.1
    random_state: Any = None
    device: Any = None

    def _core_params(self) -> dict[str, Any]:
        params = super()._core_params()
        if self.hidden_neurons is None:
            params.pop("hidden_neurons")
        return params
