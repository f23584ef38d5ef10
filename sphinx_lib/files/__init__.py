"""Files inside a folder: the one place that writes them, and the rule for links that lead out.

``Folder`` writes what a configuration or a document number names; ``link_out`` tells readers of
layers and templates whether a file really lies where it is found.
"""
