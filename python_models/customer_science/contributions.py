"""Exact contributions of features to a score that adds up terms of one feature and tables of several.

A contribution is a Shapley value (Shapley 1953; Strumbelj and Kononenko 2014 and Lundberg and Lee 2017 for
predictions). Some features are given as the customer has them, and the others as the customers have them that the
model learned from (the background): the mean of the score over these is what the given features are worth together.
The contribution of a feature is what it adds to that, averaged over all orders in which features can be given. All
contributions add up to the score minus its mean over the background, and those to a sum are the sums of those to its
parts, so each term and table is worked out by itself.
"""

from itertools import combinations
from math import comb
from typing import NamedTuple, Protocol

import numpy as np


class Term(Protocol):
    """A part of a score that reads the feature at one position of a matrix."""

    @property
    def position(self) -> int: ...

    def log_odds(self, matrix: np.ndarray) -> np.ndarray: ...


class Table(Protocol):
    """A part of a score that has a value for each place of a table."""

    @property
    def values(self) -> np.ndarray: ...

    @property
    def positions(self) -> list[int]:
        """For each axis of the table the position of the feature that it reads."""

    def places(self, matrix: np.ndarray) -> np.ndarray:
        """The place of each row among the values in order."""


class TermContributions(NamedTuple):
    """Of one feature: the term minus its mean over the background."""

    term: Term
    mean: float

    def add_to(self, contributions: np.ndarray, matrix: np.ndarray) -> None:
        contributions[self.term.position] += self.term.log_odds(matrix) - self.mean


class TableContributions(NamedTuple):
    """Of several features: a row of contributions per feature, in the order of the table's places."""

    table: Table
    by_position: dict[int, np.ndarray]

    def add_to(self, contributions: np.ndarray, matrix: np.ndarray) -> None:
        places = self.table.places(matrix)
        for position, values in self.by_position.items():
            contributions[position] += values[places]


def of_term(term: Term, background: np.ndarray) -> TermContributions:
    return TermContributions(term, term.log_odds(background).mean())


def of_table(table: Table, background: np.ndarray) -> TableContributions:
    counts = np.bincount(table.places(background), minlength=table.values.size)
    shares = counts.reshape(table.values.shape) / len(background)
    return TableContributions(table, shapley_values(table.values, shares, table.positions))


def shapley_values(
    values: np.ndarray, shares: np.ndarray, positions: list[int]
) -> dict[int, np.ndarray]:
    """The Shapley value of each feature at each place of a table, flat.

    `shares` has the share of the background at each place, and `positions` the feature that each axis reads."""
    features = sorted(set(positions))
    worth: dict[frozenset[int], np.ndarray] = {}
    for size in range(len(features) + 1):
        for given in combinations(features, size):
            given_axes = tuple(axis for axis, one in enumerate(positions) if one in given)
            other_axes = tuple(axis for axis, one in enumerate(positions) if one not in given)
            others = shares.sum(axis=given_axes, keepdims=True)
            worth[frozenset(given)] = (values * others).sum(axis=other_axes, keepdims=True)
    by_feature = {}
    for feature in features:
        total = np.zeros(values.shape)
        for before, value in worth.items():
            if feature not in before:
                orders = len(features) * comb(len(features) - 1, len(before))
                total += (worth[before | {feature}] - value) / orders
        by_feature[feature] = total.ravel()
    return by_feature


def added_up(parts: list[TermContributions | TableContributions], matrix: np.ndarray) -> np.ndarray:
    """A row per feature and a column per row of the matrix."""
    total = np.zeros(matrix.shape[::-1])
    # a feature's values side by side
    matrix = np.asfortranarray(matrix)
    for part in parts:
        part.add_to(total, matrix)
    return total
