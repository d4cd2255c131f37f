"""The catalog takes all or nothing."""

from __future__ import annotations

import dataclasses

import pytest

from daguerre.models.catalog import Catalog, DuplicateModel, InvalidModel, UnknownModel


def test_lookup(blur_model):
    full = dataclasses.replace(blur_model, id="full/blur@1", tier="full", urls=("https://example.org/blur.onnx",))
    catalog = Catalog(blur_model, full)
    assert catalog.get("embedded/blur@1") is blur_model
    assert catalog.for_role("blur") == [full, blur_model]
    assert catalog.for_role("blur", "embedded") == [blur_model]
    assert catalog.for_role("sharpen") == []
    with pytest.raises(UnknownModel):
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
        {"tile": 64, "halo": 24},
        {"tile": 0},
        {"window": 64},
        {"urls": ("https://example.org/blur.onnx",)},
        {"id": "full/blur@1", "tier": "full", "urls": ("http://example.org/blur.onnx",)},
        {"size_bytes": None},
    ],
)
def test_a_failed_registration_changes_nothing(blur_model, wrong):
    catalog = Catalog()
    other = dataclasses.replace(blur_model, id="embedded/other@1", role="other")
    with pytest.raises(InvalidModel):
        catalog.register(other, dataclasses.replace(blur_model, **wrong))
    assert len(catalog) == 0


def test_parts_are_in_the_catalog(blur_model):
    part = dataclasses.replace(blur_model, id="embedded/part@1", role="part", file="part.onnx")
    whole = dataclasses.replace(blur_model, parts=(part.id,))
    catalog = Catalog()
    with pytest.raises(InvalidModel, match="embedded/part@1"):
        catalog.register(whole)
    assert len(catalog) == 0
    catalog.register(whole, part)
    assert len(catalog) == 2


def test_ids_and_files_are_taken_once(blur_model):
    catalog = Catalog(blur_model)
    for taken in ({"id": "embedded/blur@2", "sha256": "1" * 64}, {"file": "other.onnx"}):
        with pytest.raises(DuplicateModel):
            catalog.register(dataclasses.replace(blur_model, **taken))
    assert list(catalog) == [blur_model]
    # Two roles of one and the same file.
    catalog.register(dataclasses.replace(blur_model, id="embedded/blur@2", role="other"))
    assert len(catalog) == 2


def test_a_role_may_be_served_by_several_in_order(blur_model):
    other = dataclasses.replace(blur_model, id="embedded/blur@2", file="other.onnx")
    assert Catalog(blur_model, other).for_role("blur") == [blur_model, other]
