"""Files inside a folder: the only place that writes them, and the rule for links that lead out of one.

``Folder`` writes what a configuration or a document number names; ``link_out`` tells readers of layers and templates
whether a file really lies where it is found.
"""
