"""An app that brings the kinds of the tests into a worker."""
