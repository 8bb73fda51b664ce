"""Faces and plates of a film: found, looked over by a person, made unreadable for good.

`jobs.detect` and `jobs.mask` give the work to a process of its own (`program`), so that no web
process and no worker loads the models, and what it takes of the machine is little and given back.
"""
