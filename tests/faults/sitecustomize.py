"""Faults of the machine, for servers that the tests start with this folder in PYTHONPATH.

What is wrong is said by files in the folder that ``FAULTS`` names: ``leap`` has the seconds by which the wall's clock
is off, ``popen`` is there while no process can be started, ``free`` has the bytes that are free on every disk. While
``hold`` is there, work on photos goes no further than its next tile, so that it takes as long as a test wants.
"""

import errno
import os
import shutil
import subprocess
import time
from pathlib import Path

from daguerre.progress import Track

_folder = Path(os.environ["FAULTS"])
_time, _usage, _init = time.time, shutil.disk_usage, subprocess.Popen.__init__
_advance = Track.advance


def _said(name):
    try:
        return (_folder / name).read_text()
    except OSError:
        return ""


def _disk_usage(path):
    free = _said("free")
    return _usage(path)._replace(free=int(free)) if free else _usage(path)


def _start(self, *arguments, **named):
    if _said("popen"):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    _init(self, *arguments, **named)


def _advance_and_wait(self, tiles=1):
    _advance(self, tiles)
    while _said("hold"):
        self.check()
        time.sleep(0.02)


time.time = lambda: _time() + float(_said("leap") or 0)
shutil.disk_usage = _disk_usage
subprocess.Popen.__init__ = _start
Track.advance = _advance_and_wait
