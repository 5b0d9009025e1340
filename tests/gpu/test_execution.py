"""On a CUDA device: memory that runs out, batches that grow, copies beside the model, no trace."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils import data as torch_data

from pytest_xraynoise import evaluate
from pytest_xraynoise.data import Natural, open_source
from pytest_xraynoise.engine.transfer import Transfer
from pytest_xraynoise.errors import ModelError
from pytest_xraynoise.results import LadderResult

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]

N = 96
DRAW = torch.Generator().manual_seed(0)
TARGETS = torch.arange(N) % 2
IMAGES = torch.rand(N, 1, 32, 32, generator=DRAW) * 0.7 + 0.1 * TARGETS.view(-1, 1, 1, 1)


class Net(nn.Module):
    """A small network with a buffer, dropout and frozen parts."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(1)
            self.conv = nn.Conv2d(1, 8, 3)
            self.norm = nn.BatchNorm2d(8).eval()
            self.drop = nn.Dropout()
            self.head = nn.Linear(8, 1)
        self.sizes: list[int] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.sizes.append(len(images))
        features = torch.relu(self.norm(self.conv(images))).mean((2, 3))
        scores: torch.Tensor = self.head(self.drop(features))[:, 0] * 10
        return scores


class Hungry(Net):
    """Needs as much memory for each image as would let ``fits`` of them in, and no more."""

    def __init__(self, fits: float) -> None:
        super().__init__()
        self.fits = fits

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        torch.cuda.empty_cache()
        free, _ = torch.cuda.mem_get_info()
        needed = int(len(images) * free / self.fits)
        activations = torch.empty(needed, dtype=torch.uint8, device=images.device)
        scores = super().forward(images)
        del activations
        return scores


def run(model: Any, data: Any = (IMAGES, TARGETS), **how: Any) -> LadderResult:
    words: dict[str, Any] = {"severities": [1, 5], "metrics": ["auroc"], "device": "cuda", **how}
    return evaluate(model, data, **words)


def assert_close(found: LadderResult, wanted: LadderResult, atol: float = 1e-4) -> None:
    assert found.ids == wanted.ids
    for severity in wanted.severities:
        np.testing.assert_allclose(
            found.scores(severity=severity), wanted.scores(severity=severity), atol=atol
        )


def held(model: nn.Module) -> list[Any]:
    return [
        {n: (id(t), t.data_ptr(), t.device) for n, t in model.named_parameters()},
        {n: (id(t), t.data_ptr(), t.device) for n, t in model.named_buffers()},
        {n: module.training for n, module in model.named_modules()},
    ]


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("home", ["cpu", "cuda"])
def test_the_model_has_its_own_tensors_back(home: str, fails: bool) -> None:
    model = Net().to(home)
    before = held(model)
    torch.cuda.manual_seed_all(7)
    state = torch.cuda.get_rng_state()

    def preprocess(images: torch.Tensor) -> torch.Tensor:
        torch.rand(1, device="cuda")
        if fails:
            raise ValueError("weights are corrupt")
        return images

    if fails:
        with pytest.raises(ModelError, match="weights are corrupt"):
            run(model, preprocess=preprocess)
    else:
        run(model, preprocess=preprocess)
    assert held(model) == before
    assert torch.equal(torch.cuda.get_rng_state(), state)


def test_memory_that_runs_out_is_met_with_halves() -> None:
    model = Hungry(fits=6.5)
    result = run(model)
    assert result.settings["batch_size"] == 4
    assert_close(result, run(Net()))


def test_one_image_that_does_not_fit_is_one_clear_error() -> None:
    with pytest.raises(ModelError, match=r"one image alone .*sample '0' \(1 x 32 x 32\).*on cuda"):
        run(Hungry(fits=0.5))


def test_a_batch_that_grew_changes_no_score() -> None:
    many = (IMAGES.repeat(8, 1, 1, 1), TARGETS.repeat(8))
    model = Net()
    result = run(model, many)
    assert max(model.sizes) > 16
    assert result.settings["batch_size"] >= 16
    assert_close(result, run(Net(), many, batch_size=16))


@pytest.mark.parametrize(
    ("how", "atol"),
    [({"precision": "fp16"}, 0.02), ({"precision": "bf16"}, 0.1), ({"channels_last": True}, 1e-3)],
)
def test_precision_and_layout(how: dict[str, Any], atol: float) -> None:
    if how.get("precision") == "bf16" and not torch.cuda.is_bf16_supported():
        pytest.skip("no bf16 on this GPU")
    assert_close(run(Net(), **how), run(Net(), device="cpu"), atol=atol)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_overlapped_copies_bring_every_pixel(dtype: str) -> None:
    images = (IMAGES * 255).to(torch.uint8) if dtype == "uint8" else IMAGES
    opened = open_source((images, TARGETS), batch_size=7)
    expected = list(opened)
    device = torch.device("cuda", torch.cuda.current_device())
    busy = torch.rand(2048, 2048, device=device)
    moved = []
    for _, batch in Transfer(device, opened).ahead(enumerate(opened)):
        for _ in range(5):
            busy = torch.tanh(busy @ busy)
        moved.append((batch.unit.clone(), Natural().model_input(batch.images).clone()))
        assert batch.unit.is_cuda
    for (unit, given), batch in zip(moved, expected, strict=True):
        assert torch.equal(unit.cpu(), batch.unit)
        assert torch.equal(given.cpu(), Natural().model_input(batch.images))


def test_loader_workers_beside_a_cuda_context() -> None:
    class Items(torch_data.Dataset[Any]):
        def __len__(self) -> int:
            return N

        def __getitem__(self, index: int) -> Any:
            return IMAGES[index], int(TARGETS[index])

    torch.zeros(1, device="cuda")
    assert_close(run(Net(), Items(), loader_workers=2), run(Net(), Items()))


@pytest.mark.slow
def test_compiled() -> None:
    assert_close(run(Net(), compile=True, batch_size=16), run(Net(), batch_size=16))
