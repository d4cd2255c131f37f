"""While workers, a server and the database die, every accepted photo is restored once, and nothing is left lying."""

from __future__ import annotations

import pytest

from benchmarks.cluster import chaos

pytestmark = pytest.mark.xdist_group("cluster")


def test_nothing_is_lost_or_done_twice(cluster, postgres):
    def restart():
        postgres.stop()
        postgres.start()

    harvest = chaos(cluster, 16, restart, every_s=1.0)
    # On a slow machine one may be hit three times, which is when it is given up.
    assert harvest.complete + harvest.failed == 16 and harvest.complete > 8
    assert harvest.kills and (harvest.unfinished, harvest.ended_twice) == (0, 0)
    assert harvest.orphaned_files == 0 and harvest.left_tasks == 0
