"""What the native half exports."""

from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

__version__: str

class Card(TypedDict):
    id: str
    title: str
    idea: str
    formula: str
    cost: str
    blind_to: str
    source: str
    departs: str
    params: list[list[str]]
    seeded: bool
    categorical: bool

class Given(TypedDict):
    start: int | None
    end: int | None
    offset: int
    user: str | None
    source_ip: str | None
    events: list[tuple[int, dict[str, str]]]

class Model:
    @property
    def id(self) -> str: ...
    @property
    def columns(self) -> int: ...
    @property
    def notes(self) -> list[str]: ...
    def score(self, x: NDArray[np.float64]) -> NDArray[np.float64]: ...
    def shares(self, x: NDArray[np.float64]) -> NDArray[np.float64] | None: ...
    def parts(self) -> list[tuple[str, NDArray[np.float64]]]: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(bytes: bytes) -> Model: ...

def cards() -> list[Card]: ...
def check(id: str, params: str) -> None: ...
def fit(
    id: str,
    params: str,
    x: NDArray[np.float64],
    copies: NDArray[np.int64],
    seed: int,
) -> tuple[Model, NDArray[np.float64]]: ...
def percentile(values: NDArray[np.float64], copies: NDArray[np.int64], percent: float) -> float: ...
def set_threads(threads: int) -> None: ...
def session_features() -> list[str]: ...
def odd_sessions(sessions: list[Given]) -> list[tuple[int, str, str, str, str]]: ...
