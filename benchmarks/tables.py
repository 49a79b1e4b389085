"""The tables that `benchmarks.quality` trains on, and how they are split.

A folder and the folders in it hold arrays in ``.npz`` files and raw frames, the target
last, in ``.csv.gz`` files. An array is a table for regression if its target is
floating-point. Every table becomes a frame of float32 numbers and pandas categories.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

MIN_CLASS_ROWS, MAX_TRAINING_ROWS = 10, 6000
TEST_SHARE = 0.3
N_ADULT, N_IMAGES = 32561, 5000
DROPPED = {"churn": ["phone number"]}
"""Columns that tell every row apart."""
CATEGORIES = {
    "churn": ["state", "area code", "international plan", "voice mail plan"],
    "phishing_websites": [f"f{i}" for i in range(1, 31)],
}
"""Categories that are written as numbers; text is one anyway."""


@dataclass(frozen=True)
class Table:
    """A table of the group "small", "raw" or "regression"."""

    group: str
    name: str
    folder: Path

    def split(self, seed):
        """Return X_train, X_test, y_train, y_test; classes are numbered from 0."""
        if self.group == "regression":
            return _split(*self._arrays(), seed, stratified=False)
        if self.group == "small":
            X, y = self._arrays()
        elif self.name == "mnist":
            X, y = (part[:N_IMAGES] for part in self._arrays())
        elif self.name == "adult":
            X, y = self._frame("adult_train", "adult_test")
            y = np.unique(y, return_inverse=True)[1]
            return X[:N_ADULT], X[N_ADULT:], y[:N_ADULT], y[N_ADULT:]
        else:
            X, y = self._frame(self.name)
        _, y, counts = np.unique(y, return_inverse=True, return_counts=True)
        kept = counts[y] >= MIN_CLASS_ROWS
        y = np.unique(y[kept], return_inverse=True)[1]
        return _split(X[kept], y, seed, stratified=True)

    def _arrays(self):
        """Return the rows of a table, both parts of an official split."""
        if self.name == "diabetes":
            X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
            return X.astype(np.float32), y.to_numpy()
        with np.load(self.folder / f"{self.name}.npz") as file:
            ends = [""] if "X" in file else ["_train", "_test"]
            X, y = (np.concatenate([file[key + end] for end in ends]) for key in "Xy")
        return pd.DataFrame(X.astype(np.float32)).rename(columns=str), y

    def _frame(self, *files):
        """Return the features of a raw table in their types, and the target."""
        parts = [pd.read_csv(self.folder / f"{file}.csv.gz") for file in files]
        frame = pd.concat(parts, ignore_index=True)
        X = frame.iloc[:, :-1].drop(columns=DROPPED.get(self.name, []))
        named = CATEGORIES.get(self.name, [])
        numbers = X.select_dtypes("number").columns.difference(named)
        dtypes = dict.fromkeys(X, "category") | dict.fromkeys(numbers, np.float32)
        return X.astype(dtypes), frame.iloc[:, -1]


def find_tables(folder):
    """Return all tables in a folder, and with those for regression also diabetes."""
    tables = []
    for path in sorted(Path(folder).rglob("*.npz")):
        with np.load(path) as file:
            is_float = file["y" if "y" in file else "y_train"].dtype.kind == "f"
        group = "regression" if is_float else "raw" if path.stem == "mnist" else "small"
        tables.append(Table(group, path.stem, path.parent))
    if any(table.group == "regression" for table in tables):
        tables.append(Table("regression", "diabetes", Path()))
    for path in sorted(Path(folder).rglob("*.csv.gz")):
        name = path.name.removesuffix(".csv.gz")
        if name != "adult_test":
            tables.append(Table("raw", name.removesuffix("_train"), path.parent))
    return tables


def _split(X, y, seed, stratified):
    n_train = min(MAX_TRAINING_ROWS, int((1 - TEST_SHARE) * len(y)))
    return train_test_split(
        X, y, test_size=TEST_SHARE, train_size=n_train, random_state=seed,
        stratify=y if stratified else None,
    )  # fmt: skip
