"""Settings of the pure functions, as they arrive from a model's configuration."""

from collections.abc import Callable
from typing import TypeVar

# of permutations, samples, starts and trees: the same input gives the same output
RANDOM_SEED = 20240101

Settings = TypeVar("Settings")


def read_settings(kind: Callable[..., Settings], values: dict) -> Settings:
    """The settings of `kind`, each value (a number or its text) as the type that the field is annotated with.

    Raises KeyError for a value that is no field, and TypeError where `values` lacks a field without a default.
    """
    return kind(**{name: kind.__annotations__[name](value) for name, value in values.items()})
