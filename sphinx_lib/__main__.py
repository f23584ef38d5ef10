"""``python -m sphinx_lib`` is the command line."""

from sphinx_lib.cli import main

main()
