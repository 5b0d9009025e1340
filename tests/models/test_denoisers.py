"""What a denoiser is given, and what it must not do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from pytest_xraynoise.data import IntensityRange, Normalized
from pytest_xraynoise.data.intensity import Natural
from pytest_xraynoise.errors import ModelError
from pytest_xraynoise.models.denoisers import Front


@pytest.mark.parametrize(
    "intensity",
    [Natural(), IntensityRange(-1024, 1024), Normalized((0.5, 0.4, 0.3), (0.2, 0.2, 0.1))],
)
def test_a_denoiser_sees_intensities_whatever_the_data_are(intensity: Any) -> None:
    seen: list[torch.Tensor] = []

    def spy(images: torch.Tensor) -> torch.Tensor:
        seen.append(images.clone())
        return images

    unit = torch.rand(2, 3, 8, 8)
    made = Front(spy, None, intensity)(intensity.from_unit(unit))
    assert seen[0].shape == (6, 1, 8, 8)
    torch.testing.assert_close(seen[0].reshape(2, 3, 8, 8), unit)
    torch.testing.assert_close(made, intensity.from_unit(unit), rtol=1e-5, atol=1e-4)


def test_the_models_own_preprocessing_comes_after_it() -> None:
    front = Front(lambda images: images / 2, lambda images: images - 1, Natural())
    assert torch.allclose(front(torch.ones(1, 1, 4, 4)), torch.tensor(-0.5))


def test_a_module_is_in_eval_mode_and_left_as_it_was() -> None:
    class Counting(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = torch.nn.BatchNorm2d(1)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            assert not self.training
            assert not torch.is_grad_enabled()
            made: torch.Tensor = self.norm(images)
            return made

    module = Counting().train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    Front(module, None, Natural())(torch.rand(2, 1, 4, 4))
    assert module.training
    assert module.norm.training
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


@pytest.mark.parametrize(
    ("denoise", "message"),
    [
        (
            lambda images: images[..., 1:],
            r"shape \(2, 1, 8, 7\); expected .*\(2, 1, 8, 8\)",
        ),
        (lambda images: images * torch.nan, "returned NaN or infinite values"),
        (lambda images: images * 255, "values from .*another scale"),
        (lambda images: images.numpy(), "returned a ndarray"),
        (lambda images: images @ torch.ones(3, 3), "raised RuntimeError on intensities of shape"),
    ],
)
def test_a_denoiser_that_breaks_its_promise(denoise: Callable[..., Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Front(denoise, None, Natural())(torch.rand(2, 1, 8, 8).clamp(min=0.1))


def test_a_little_ringing_is_cut() -> None:
    made = Front(lambda images: images * 1.05, None, Natural())(torch.ones(1, 1, 4, 4))
    assert float(made.max()) == 1.0
