from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from pytest_xraynoise.errors import DataError, ModelError
from pytest_xraynoise.models.labels import Alignment, aligned, declared_labels

NAMES = ("Effusion", "Pleural_Thickening", "Pneumothorax", "Nodule")


def named(word: str, value: Any) -> nn.Module:
    model = nn.Identity()
    setattr(model, word, value)
    return model


def alignment(names: tuple[str, ...], wanted: tuple[str, ...]) -> Alignment:
    found = aligned(names, wanted)
    assert found is not None
    return found


@pytest.mark.parametrize("word", ["labels", "pathologies"])
def test_a_model_says_its_labels(word: str) -> None:
    assert declared_labels(named(word, ["a", "", "c"])) == ("a", "label 1", "c")


@pytest.mark.parametrize("value", [None, [], "abc", [1, 2], torch.zeros(2), {"a": 1}])
def test_what_is_no_list_of_names_says_nothing(value: Any) -> None:
    assert declared_labels(named("labels", value)) is None


def test_targets_are_labels_of_torchxrayvision_only() -> None:
    assert declared_labels(named("targets", ["a"])) is None


@given(st.permutations(NAMES), st.integers(1, 4))
def test_outputs_come_in_the_order_of_the_dataset(order: list[str], count: int) -> None:
    wanted = tuple(order[:count])
    outputs = torch.arange(8.0).reshape(2, 4)
    expected = torch.stack([outputs[:, NAMES.index(name)] for name in wanted], 1)
    found = aligned(NAMES, wanted)
    assert torch.equal(outputs if found is None else found(outputs), expected)


def test_the_same_order_is_left_alone_and_case_and_blanks_do_not_matter() -> None:
    assert aligned(NAMES, NAMES) is None
    assert aligned(NAMES, ("effusion", "Pleural Thickening", "PNEUMOTHORAX", "nodule")) is None
    assert alignment(NAMES, ("pleural-thickening", "Effusion")).wanted == (1, 0)


def test_a_label_that_the_model_lacks_gets_the_nearest() -> None:
    with pytest.raises(DataError, match=r"'Efusion'; did you mean 'Effusion'.*labels=\[...\]"):
        aligned(NAMES, ("Nodule", "Efusion"))


def test_a_label_that_the_model_has_twice_is_not_guessed() -> None:
    twice = ("Effusion", "Nodule", "effusion", "Mass")
    with pytest.raises(ModelError, match=r"names 'Effusion' more than once \(outputs 0 and 2\)"):
        aligned(twice, ("Mass", "Effusion"))
    assert alignment(twice, ("Mass", "Nodule")).wanted == (3, 1)


def test_no_finding_among_many_is_a_label_like_others() -> None:
    with pytest.raises(DataError, match="unknown label 'No Finding'"):
        aligned(NAMES, ("No Finding", "Nodule", "Effusion"))


def test_another_number_of_outputs_than_of_names() -> None:
    with pytest.raises(ModelError, match=r"names 4 labels .* but returned 3 outputs"):
        alignment(NAMES, ("Nodule",))(torch.zeros(2, 3))


class TestTwoClasses:
    def test_the_negative_class_need_not_be_an_output(self) -> None:
        outputs = torch.arange(8.0).reshape(2, 4)
        picked = alignment(NAMES, ("normal", "Pneumothorax"))(outputs)
        assert torch.equal(picked, outputs[:, 2:3])

    def test_nor_a_label_of_the_dataset(self) -> None:
        outputs = torch.rand(3, 2)
        picked = alignment(("normal", "pneumonia"), ("pneumonia",))(outputs)
        assert torch.equal(picked, outputs)
        turned = alignment(("pneumonia", "normal"), ("pneumonia",))(outputs)
        assert torch.equal(turned, outputs.flip(1))

    def test_two_findings_are_not_two_classes(self) -> None:
        outputs = torch.rand(3, 2)
        picked = alignment(("Effusion", "Nodule"), ("Nodule",))(outputs)
        assert torch.equal(picked, outputs[:, 1:])

    def test_the_order_of_the_dataset(self) -> None:
        outputs = torch.rand(3, 2)
        turned = alignment(("pneumonia", "normal"), ("normal", "pneumonia"))(outputs)
        assert torch.equal(turned, outputs.flip(1))

    @pytest.mark.parametrize("shape", [(3,), (3, 1)])
    def test_one_output_is_the_last_class(self, shape: tuple[int, ...]) -> None:
        outputs = torch.rand(*shape)
        picked = alignment(("normal", "pneumonia"), ("pneumonia",))(outputs)
        assert torch.equal(picked, outputs.reshape(3, 1))
        with pytest.raises(ModelError, match="one output, the score of its last class 'pneumonia'"):
            alignment(("normal", "pneumonia"), ("pneumonia", "normal"))(outputs)


class TestClassesLeftOut:
    def test_the_others_sum_to_one_again(self) -> None:
        logits = torch.randn(5, 4)
        picked = alignment(NAMES, ("Nodule", "Effusion"))(logits.softmax(1))
        torch.testing.assert_close(picked, logits[:, [3, 0]].softmax(1))

    def test_independent_probabilities_stay_as_they_are(self) -> None:
        p = torch.rand(5, 4)
        picked = alignment(NAMES, ("Nodule", "Effusion"))(p)
        assert torch.equal(picked, p[:, [3, 0]])

    def test_the_first_batch_decides(self) -> None:
        align = alignment(NAMES, ("Nodule", "Effusion"))
        align(torch.tensor([[0.9, 0.8, 0.1, 0.1]]))
        assert torch.equal(align(torch.full((1, 4), 0.25)), torch.full((1, 2), 0.25))


class TestMasks:
    masks = torch.arange(2 * 3 * 4.0).reshape(2, 3, 2, 2)

    def test_independent_masks_are_ordered_and_left_out(self) -> None:
        picked = alignment(("left", "right", "heart"), ("heart", "left"))(self.masks)
        assert torch.equal(picked, self.masks[:, [2, 0]])

    @pytest.mark.parametrize("names", [("left", "right"), ("background", "left", "right")])
    @pytest.mark.parametrize("wanted", [("right", "left"), ("background", "right", "left")])
    def test_the_background_stays_first(
        self, names: tuple[str, ...], wanted: tuple[str, ...]
    ) -> None:
        picked = alignment(names, wanted)(self.masks)
        assert torch.equal(picked, self.masks[:, [0, 2, 1]])

    def test_masks_that_nobody_asked_for_are_background(self) -> None:
        outputs = torch.randn(2, 4, 5, 5)
        picked = alignment(("left", "right", "heart"), ("right",))(outputs)
        assert torch.equal(picked.argmax(1) == 1, outputs.argmax(1) == 2)

    def test_a_single_mask_without_a_channel(self) -> None:
        with pytest.raises(ModelError, match=r"names 3 labels .* but returned 1 outputs"):
            alignment(("left", "right", "heart"), ("heart",))(torch.zeros(2, 4, 4))
