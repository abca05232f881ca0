"""Boosted trees as tables: a tree asks each row the same few questions and has a value for each pattern of answers.

So a row is scored, and the score explained, without walking the tree. The library's own trees are read through private
attributes, which a test guards by comparing every score with the library's.
"""

from typing import NamedTuple

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier


class Question(NamedTuple):
    """Whether a number is at most a bound, or a code one of several; and the answer where it is unknown."""

    position: int
    bound: float
    codes: np.ndarray | None  # of a text feature: the answer for each code
    unknown: bool

    def answers(self, matrix: np.ndarray) -> np.ndarray:
        column = matrix[:, self.position]
        if self.codes is not None:
            known = self.codes[np.nan_to_num(column).astype(int)]
            return np.where(np.isnan(column), self.unknown, known)
        # no comparison with an unknown number is true
        return ~(column > self.bound) if self.unknown else column <= self.bound


class Tree(NamedTuple):
    """An axis of `values` per question: its first place is of the answer no, its second of yes."""

    questions: list[Question]
    values: np.ndarray

    @property
    def positions(self) -> list[int]:
        return [question.position for question in self.questions]

    def places(self, matrix: np.ndarray) -> np.ndarray:
        places = np.zeros(len(matrix), np.min_scalar_type(self.values.size - 1))
        for question in self.questions:
            places <<= 1
            places |= question.answers(matrix)
        return places.astype(np.intp)


class BoostedTrees(NamedTuple):
    """Log-odds as a sum of trees; added in the library's order, so that they are its log-odds to the bit."""

    intercept: float
    trees: list[Tree]

    def log_odds(self, matrix: np.ndarray) -> np.ndarray:
        log_odds = np.full(len(matrix), self.intercept)
        matrix = np.asfortranarray(matrix)
        for tree in self.trees:
            log_odds += tree.values.ravel()[tree.places(matrix)]
        return log_odds


def boosted_trees(
    booster: HistGradientBoostingClassifier, is_text: np.ndarray, codes_count: int
) -> BoostedTrees:
    """The library's trees. Text features, where `is_text`, hold codes from 0 to below `codes_count`."""
    # the library has text features first and numbers the codes that it has seen
    order = np.argsort(~is_text, kind="stable")
    seen = np.repeat(np.arange(codes_count, dtype=float)[:, None], len(is_text), axis=1)
    if is_text.any():
        seen = booster._preprocessor.transform(seen)
    trees = [_tree(one, order, seen) for (one,) in booster._predictors]
    return BoostedTrees(float(booster._baseline_prediction.item()), trees)


def _tree(predictor, order: np.ndarray, seen: np.ndarray) -> Tree:
    nodes = predictor.nodes
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    axis_of = {int(node): axis for axis, node in enumerate(inner)}
    questions = []
    for node in nodes[inner]:
        codes, unknown = None, bool(node["missing_go_to_left"])
        if node["is_categorical"]:
            bits = predictor.raw_left_cat_bitsets[node["bitset_idx"]]
            members = np.unpackbits(bits.astype("<u4").view(np.uint8), bitorder="little") == 1
            number = seen[:, node["feature_idx"]]
            is_member = members[np.nan_to_num(number).astype(int)]
            codes = np.where(np.isnan(number), unknown, is_member)
        questions.append(
            Question(int(order[node["feature_idx"]]), float(node["num_threshold"]), codes, unknown)
        )
    values = np.empty([2] * len(inner))

    def fill(node: int, place: tuple) -> None:
        if node not in axis_of:
            values[place] = nodes[node]["value"]
            return
        axis = axis_of[node]
        for answer, child in enumerate(("right", "left")):
            fill(int(nodes[node][child]), (*place[:axis], answer, *place[axis + 1 :]))

    fill(0, (slice(None),) * len(inner))
    return Tree(questions, values)
