"""A long computation in a process of its own, which does not wait for the interpreter that dbt's threads share."""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def in_own_process(function: Callable[..., Result], *arguments) -> Result:
    """What a function of a module gives for the arguments, computed by another Python interpreter.

    Arrays release the interpreter between short calls and then queue for it behind dbt's other thread: a search of
    eight seconds took forty beside small nodes. Function, arguments and result are pickled, so they have to be small
    beside the memory. Raises what the function raises, and subprocess.CalledProcessError if the process is ended.
    """
    process = subprocess.run(
        [sys.executable, "-m", "customer_science.processes"],
        input=pickle.dumps((function, arguments)),
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=True,
    )
    result, error = pickle.loads(process.stdout)
    if error is not None:
        raise error
    return result


def main() -> None:
    """Read a function and its arguments from standard input, and write its result or its error to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # dbt says that it was interrupted
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    function, arguments = pickle.load(sys.stdin.buffer)
    answer: tuple[object, Exception | None]
    try:
        answer = (function(*arguments), None)
    except Exception as error:
        answer = (None, error)
    with answers:
        pickle.dump(answer, answers)


if __name__ == "__main__":
    main()
