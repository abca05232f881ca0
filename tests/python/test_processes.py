"""A function in a process of its own gives what it gives here."""

import math
import os
import subprocess

import pandas as pd
import pytest
from customer_science.assignment import choose_strategies
from customer_science.processes import in_own_process


def test_results_and_errors_are_those_of_the_function():
    frame = pd.DataFrame({"a": [1.5, None], "b": ["x", None]})
    pd.testing.assert_frame_equal(
        in_own_process(pd.concat, [frame, frame]), pd.concat([frame, frame])
    )
    with pytest.raises(ValueError, match="math domain error"):
        in_own_process(math.sqrt, -1)


def test_what_is_printed_is_no_result(capfd):
    assert in_own_process(print, "printed by a library") is None
    assert capfd.readouterr().err == "printed by a library\n"


def test_it_is_another_process_that_knows_the_same_modules():
    assert in_own_process(os.getpid) != os.getpid()
    assert in_own_process(getattr, choose_strategies, "__name__") == "choose_strategies"


def test_a_process_that_is_ended_is_an_error():
    with pytest.raises(subprocess.CalledProcessError):
        in_own_process(os._exit, 3)
