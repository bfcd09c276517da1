"""The command line: one file a command, with its words, its arguments and what it runs.

program.py has the program itself and its exit codes, arguments.py what several commands take,
terminal.py how they speak. Nothing here loads PyTorch, SciPy, pandas or Matplotlib before a command
runs, so that --help answers at once.
"""

from synthwire.cli.program import main

__all__ = ["main"]
