"""Settings of the pure functions, as they arrive from a model's configuration."""

from typing import NamedTuple


def read_settings(kind: type[NamedTuple], values: dict) -> NamedTuple:
    """The settings of `kind`, each value (a number or its text) as the type that the field is annotated with.

    Raises KeyError where `values` lacks a field.
    """
    return kind(**{name: cast(values[name]) for name, cast in kind.__annotations__.items()})
