"""The command line. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

from daguerre.cli.signals import Stop


def main() -> None:
    """The ``daguerre`` command; ends the process with its exit code.

    0 done, 1 something failed, 2 wrong usage, 130 after SIGINT, 143 after SIGTERM.
    """
    stop = Stop()
    try:
        from daguerre.cli.app import run

        code = run(stop)
    except KeyboardInterrupt:
        code = 130
    raise SystemExit(stop.exit_code or code)
