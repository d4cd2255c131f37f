"""Jobs that outlive the process: records, files, the queue that hands them out, and the workers.

A door submits a job to a :class:`~daguerre.jobs.queue.JobQueue` and follows its events; a worker claims
it under a lease, and whoever watches the worker keeps the lease alive. Nothing here knows of HTTP.
"""
