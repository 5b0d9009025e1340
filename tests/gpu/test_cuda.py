"""On a CUDA device: the same noise, the same verdicts, and the model back where it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pytest_xraynoise import evaluate, noise

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


@pytest.fixture(scope="module")
def data() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(24, 1, 32, 32, generator=generator), torch.arange(24) % 2


def network() -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return torch.nn.Sequential(
            torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.LazyLinear(1)
        )


@pytest.mark.parametrize("kind", ["poisson", "gaussian", "poisson+gaussian"])
def test_noise_has_the_same_bits(kind: str, data: tuple[torch.Tensor, torch.Tensor]) -> None:
    images = data[0]
    for severity in (1, 3, 5):
        on_cpu = noise.add(images, kind, severity=severity, ids=range(24), seed=3)
        on_gpu = noise.add(images.cuda(), kind, severity=severity, ids=range(24), seed=3)
        assert torch.equal(on_cpu.images, on_gpu.images.cpu())


def test_evaluation_agrees_and_the_model_comes_back(
    data: tuple[torch.Tensor, torch.Tensor],
) -> None:
    model = network()
    model(data[0][:1])
    cpu = evaluate(model, data, noise="poisson", device="cpu")
    gpu = evaluate(model, data, noise="poisson", device="cuda")
    assert next(model.parameters()).device.type == "cpu"
    assert gpu.settings["device"].startswith("cuda")
    for severity in cpu.severities:
        np.testing.assert_allclose(
            cpu.scores(severity=severity), gpu.scores(severity=severity), atol=1e-4
        )
