"""The commands in bin/: what a machine lacks, private services, and one supervisor over all of it.

Everything here but prepare, catalogs and journey runs on a bare Python, before any package exists.
"""
