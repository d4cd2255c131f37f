"""Muon: its steps are orthogonal, and it learns."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch, which only training needs, is not installed")

from training.optimiser import Muon, orthogonal  # noqa: E402 - it imports torch


@pytest.mark.parametrize("shape", [(16, 144), (144, 16), (32, 32)])
def test_singular_values_end_near_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(*shape, generator=torch.Generator().manual_seed(1))
    values = torch.linalg.svdvals(orthogonal(matrix).float())
    assert float(values.min()) > 0.5 and float(values.max()) < 1.35


def test_a_convolution_is_learned() -> None:
    torch.manual_seed(0)
    teacher, pupil = (torch.nn.Conv2d(8, 8, 3, padding=1) for _ in range(2))
    optimiser = Muon(pupil.parameters(), lr=0.02)
    errors = []
    for _ in range(120):
        x = torch.randn(4, 8, 12, 12)
        error = (pupil(x) - teacher(x).detach()).square().mean()
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
        errors.append(float(error.detach()))
    assert errors[-1] < 0.1 * errors[0]
