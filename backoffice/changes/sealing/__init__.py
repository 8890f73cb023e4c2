"""Seals on the history, so that whoever changes it past its guards is found out.

A seal holds the hash of a range of versions of one model, and the hash of the seal before it: a chain. The hash of the
newest seal, the head, is also written outside the database, so that the chain itself cannot be cut or written anew.

`services` seals what is new, `verification` looks for what was changed, `witness` is the record outside.
"""
