"""A month of a small French company, played through the public commands: what ``sphinx-lib demo`` shows."""
