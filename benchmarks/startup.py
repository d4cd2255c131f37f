"""How long the program takes to answer: ``python -m benchmarks.startup``. Prints Markdown."""

from __future__ import annotations

import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import daguerre": ["-c", "import daguerre"],
    "daguerre --help": ["-c", "import sys; sys.argv = ['daguerre', '--help']; from daguerre.cli import main; main()"],
}
RUNS = 7


def fastest_s(arguments: list[str]) -> float:
    """The fastest of several runs, the start of Python included. Raises CalledProcessError."""
    durations = []
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        durations.append(time.perf_counter() - started)
    return min(durations)


def main() -> None:
    """Measure."""
    print("| command | seconds |\n|---|---|")
    for name, arguments in COMMANDS.items():
        print(f"| `{name}` | {fastest_s(arguments):.2f} |")


if __name__ == "__main__":
    main()
