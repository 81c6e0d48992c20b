"""`python -m jobs.runtime`: the command line, for where no console script is installed."""

from jobs.runtime.cli import main

main()
