"""The memory of the machine and of a control group."""

from __future__ import annotations

from daguerre.models.runtime.memory import available_bytes, total_bytes


def test_a_control_groups_limit_counts(tmp_path):
    machine = total_bytes(tmp_path)
    assert 0 < available_bytes(tmp_path) <= machine
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("3000000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 1000000\n")
    assert total_bytes(tmp_path) == machine and available_bytes(tmp_path) > 3_500_000
    (tmp_path / "memory.max").write_text("3500000\n")
    assert total_bytes(tmp_path) == 3_500_000
    assert available_bytes(tmp_path) == 1_500_000


def test_a_group_that_tells_no_usage_is_not_counted(tmp_path):
    (tmp_path / "memory.max").write_text("3500000\n")
    assert available_bytes(tmp_path) > 3_500_000
