"""Databases as each revision wrote them, ``NNNN.sqlite.sql.gz`` and ``NNNN.postgresql.sql.gz``: a small company's documents.

``__main__`` wrote them, run with the code of the last commit of each revision:

    0001 a00e280 · 0002 9b9ca1d · 0003 e717892 · 0004 764323c · 0005 ce7ed89 · 0006 986180b

Before a migration is added, ``python -m tests.store.upgrades`` writes those of the revision that it leaves behind. They are
never written again: what an old version stored is what they hold.
"""
