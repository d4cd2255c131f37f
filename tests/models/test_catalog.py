"""The catalog takes all or nothing."""

from __future__ import annotations

import dataclasses

import pytest

from daguerre.models.catalog import Catalog, DuplicateNetwork, InvalidNetwork, UnknownNetwork


def test_lookup(blur_network):
    full = dataclasses.replace(blur_network, id="full/blur@1", tier="full", urls=("https://example.org/blur.onnx",))
    catalog = Catalog(blur_network, full)
    assert catalog.get("embedded/blur@1") is blur_network
    assert catalog.for_role("blur") == [full, blur_network]
    assert catalog.for_role("blur", "embedded") == [blur_network]
    assert catalog.for_role("sharpen") == []
    with pytest.raises(UnknownNetwork):
        catalog.get("embedded/sharpen@1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "blur"},
        {"id": "full/blur@1"},
        {"sha256": "0" * 63},
        {"size_bytes": 0},
        {"file": "../blur.onnx"},
        {"tile": 100, "multiple": 16},
        {"tile": 64, "halo": 32},
        {"urls": ("https://example.org/blur.onnx",)},
        {"id": "full/blur@1", "tier": "full", "urls": ("http://example.org/blur.onnx",)},
        {"size_bytes": None},
    ],
)
def test_a_failed_registration_changes_nothing(blur_network, wrong):
    catalog = Catalog()
    other = dataclasses.replace(blur_network, id="embedded/other@1", role="other")
    with pytest.raises(InvalidNetwork):
        catalog.register(other, dataclasses.replace(blur_network, **wrong))
    assert len(catalog) == 0


def test_ids_and_files_are_taken_once(blur_network):
    catalog = Catalog(blur_network)
    for taken in ({"id": "embedded/blur@2"}, {"file": "other.onnx"}):
        with pytest.raises(DuplicateNetwork):
            catalog.register(dataclasses.replace(blur_network, **taken))
    assert list(catalog) == [blur_network]


def test_a_role_may_be_served_by_several_in_order(blur_network):
    other = dataclasses.replace(blur_network, id="embedded/blur@2", file="other.onnx")
    assert Catalog(blur_network, other).for_role("blur") == [blur_network, other]
