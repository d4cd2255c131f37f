"""The HTTP service: one module per resource, over :mod:`daguerre.jobs`."""
