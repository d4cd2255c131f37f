"""The look at the door."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from daguerre.jobs.errors import Overloaded
from daguerre.jobs.inspection import Request, inspect
from daguerre.jobs.inspectors import InspectionTimeout, Inspectors


@pytest.fixture
def store(tmp_path):
    def make(data: bytes, name="upload") -> str:
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)

    return make


def image(width, height, kind="PNG", **options) -> bytes:
    file = BytesIO()
    Image.new("L", (width, height), 99).save(file, kind, **options)
    return file.getvalue()


def request(photo, mask=None, output_format=None, max_pixels=100_000_000, head=False) -> Request:
    return Request(photo, mask, output_format, max_pixels, head)


def test_good_ones_pass(store):
    for kind in ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF"):
        assert inspect(request(store(image(30, 20, kind)), output_format="png")) == inspect(request(store(image(9, 9))))
    assert inspect(request(store(image(3000, 2000)))).image_error is None


def test_cut_off(store):
    for data in (image(30, 20)[:-40], image(3000, 2000)[:-50], image(3000, 2000, "JPEG")[:-2000]):
        assert inspect(request(store(data))).image_error


def test_what_a_hole_hides_is_not_held_against_a_file(store):
    for kind in ("PNG", "JPEG", "TIFF"):
        data = image(2000, 1500, kind)
        torn = data[:600] + bytes(len(data) - 1200) + data[-600:]
        assert inspect(replace(request(store(torn)), whole=False)).image_error is None
    assert inspect(request(store(image(2000, 1500)[:600] + bytes(600)))).image_error
    large = image(3000, 2000)
    torn = store(large[:600] + bytes(len(large)))
    assert "limit" in inspect(replace(request(torn, max_pixels=5_000_000), whole=False)).image_error
    assert inspect(replace(request(store(b"no picture" * 500)), whole=False)).image_error


def test_a_film_may_follow_the_picture(store):
    thumbnail = Image.Exif()
    thumbnail[270] = "a thumbnail's end: \xff\xd9"
    large = image(3000, 2000, "JPEG", exif=thumbnail)
    assert inspect(request(store(large + b"film" * len(large)))).image_error is None
    assert inspect(request(store(large[: len(large) // 2] + b"film" * len(large)))).image_error


def test_sizes(store):
    assert "limit" in inspect(request(store(image(3000, 2000)), max_pixels=5_000_000)).image_error
    assert inspect(request(store(image(3000, 2000)[:3000]), max_pixels=5_000_000, head=True)).image_error
    assert inspect(request(store(image(3000, 2000)[:3000]), head=True)).image_error is None
    mask = store(image(20, 30), "mask")
    assert "one size" in inspect(request(store(image(30, 20)), mask)).image_error
    # A photo that lies on its side has a mask that stands, and only decoding tells.
    exif = Image.Exif()
    exif[274] = 6
    turned = image(3000, 2000, "JPEG", exif=exif)
    assert inspect(request(store(turned), store(image(2000, 3000), "mask"))).image_error is None


def test_a_format_that_is_none(store):
    answer = inspect(request(store(image(3, 3)), output_format="docx"))
    assert answer.settings_problems[0][0] == "output_format" and answer.image_error is None


def test_a_process_that_dies_is_replaced(store):
    """The file that killed it is refused; the next one is looked at."""

    async def run():
        inspectors = Inspectors(1)
        await inspectors.start()
        (process,) = list(inspectors._idle._queue)
        os.kill(process.pid, signal.SIGSTOP)
        asking = asyncio.create_task(inspectors.inspect(request(store(image(9, 9)))))
        while inspectors._idle.qsize():
            await asyncio.sleep(0)
        os.kill(process.pid, signal.SIGKILL)
        answers = [await asking, await inspectors.inspect(request(store(image(9, 9))))]
        await inspectors.stop()
        return answers

    refused, passed = asyncio.run(run())
    assert "limits of time and memory" in refused.image_error and passed.image_error is None


def test_one_that_takes_too_long_is_told_apart_from_one_that_cannot_be_read(store):
    async def run():
        inspectors = Inspectors(1, timeout_s=0.2, longest_s=0.4)
        await inspectors.start()
        (process,) = list(inspectors._idle._queue)
        os.kill(process.pid, signal.SIGSTOP)
        with pytest.raises(InspectionTimeout):
            await inspectors.inspect(request(store(image(9, 9))))
        await inspectors.stop()
        return process.returncode

    assert asyncio.run(run()) == -signal.SIGKILL


def test_one_that_works_for_too_long_is_ended(store):
    async def run():
        inspectors = Inspectors(1, timeout_s=0.05)
        await inspectors.start()
        with pytest.raises(InspectionTimeout):
            await inspectors.inspect(replace(request(store(image(5000, 4000))), view=store(b"", "view")))
        await inspectors.stop()

    asyncio.run(run())


def test_a_busy_machine_does_not_speak_against_a_file(store):
    """What waits for the processor has not worked for too long."""

    async def run():
        inspectors = Inspectors(1, timeout_s=3.0)
        await inspectors.start()
        (process,) = list(inspectors._idle._queue)
        os.kill(process.pid, signal.SIGSTOP)
        asking = asyncio.create_task(inspectors.inspect(request(store(image(9, 9)))))
        await asyncio.wait({asking}, timeout=4.0)
        os.kill(process.pid, signal.SIGCONT)
        answer = await asking
        await inspectors.stop()
        return answer

    assert asyncio.run(run()).image_error is None


def test_a_system_without_processes_is_no_fault_of_the_file(store, monkeypatch):
    async def refuse(*_, **__):
        raise OSError(24, "Too many open files")

    async def run():
        inspectors = Inspectors(1)
        monkeypatch.setattr(asyncio, "create_subprocess_exec", refuse)
        await inspectors.start()
        with pytest.raises(Overloaded, match="Too many open files"):
            await inspectors.inspect(request(store(image(9, 9))))

    asyncio.run(run())
