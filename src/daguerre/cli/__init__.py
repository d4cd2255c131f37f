"""The command line. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import io
import sys
import warnings

from daguerre.cli.signals import Stop


def main() -> None:
    """The ``daguerre`` command; ends the process with its exit code.

    0 done, 1 something failed, 2 wrong usage, 130 after SIGINT, 143 after SIGTERM.
    """
    stop = Stop()
    for stream in (sys.stdout, sys.stderr):
        # Names of files are bytes: some are no text.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if not sys.warnoptions:
        # Codecs warn of what damaged files hold; what matters is in our own warnings and errors.
        warnings.simplefilter("ignore")
    try:
        from daguerre.cli.app import run

        code = run(stop)
    except KeyboardInterrupt:
        code = 130
    raise SystemExit(stop.exit_code or code)
