"""Patients: declared with the data, whole in a subset, resampled whole, kept with the result."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

from pytest_xraynoise import XrayDataset, evaluate
from pytest_xraynoise.errors import DataError, SpecError
from pytest_xraynoise.results import LadderResult

COUNT = 48
PATIENTS = [f"p{n // 3}" for n in range(COUNT)]


def images() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    level = 0.4 + 0.04 * targets() + 0.04 * torch.randn(COUNT, generator=generator)
    return level[:, None, None, None].expand(-1, 1, 8, 8).clamp(0, 1).contiguous()


def targets() -> torch.Tensor:
    return (torch.arange(COUNT) % 2).float()


def model(batch: torch.Tensor) -> torch.Tensor:
    return 20 * (batch.mean((1, 2, 3)) - 0.42)


def run(data: Any, **words: Any) -> LadderResult:
    words = {"severities": (3,), "metrics": ("auroc", "accuracy"), "strips": 0, **words}
    return evaluate(model, data, noise="gaussian", device="cpu", **words)


class Items(Dataset[dict[str, Any]]):
    def __init__(self, patients: list[Any] | None = None, field: str = "patient") -> None:
        self.patients = PATIENTS if patients is None else patients
        self.field = field

    def __len__(self) -> int:
        return COUNT

    def __getitem__(self, index: int) -> dict[str, Any]:
        if index >= COUNT:
            raise IndexError
        return {
            "image": images()[index],
            "target": targets()[index],
            "id": f"{PATIENTS[index]}_{index}",
            self.field: self.patients[index],
        }


class Stream(IterableDataset[dict[str, Any]]):
    def __iter__(self) -> Any:
        return (Items()[n] for n in range(COUNT))


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    return images(), targets()


FORMS: dict[str, Callable[[], XrayDataset]] = {
    "list": lambda: XrayDataset(pair(), groups=PATIENTS),
    "array": lambda: XrayDataset(pair(), groups=np.array(PATIENTS)),
    "function of the id": lambda: XrayDataset(
        pair(), ids=[f"{p}_{n}" for n, p in enumerate(PATIENTS)], groups=lambda i: i.split("_")[0]
    ),
    "function of the item's id": lambda: XrayDataset(Items(), groups=lambda i: i.split("_")[0]),
    "field": lambda: XrayDataset(Items(), groups="patient"),
    "field of a loader": lambda: XrayDataset(DataLoader(Items(), batch_size=5), groups="patient"),
    "field of single items": lambda: XrayDataset(
        DataLoader(Items(), batch_size=None), groups="patient"
    ),
    "field, resized": lambda: XrayDataset(Items(), groups="patient", resize=8),
    "field of a loader, resized": lambda: XrayDataset(
        DataLoader(Items(), batch_size=5), groups="patient", resize=8
    ),
    "list, stream": lambda: XrayDataset(Stream(), groups=PATIENTS),
    "field, stream": lambda: XrayDataset(Stream(), groups="patient"),
    "field, stream in batches": lambda: XrayDataset(
        DataLoader(Stream(), batch_size=7), groups="patient"
    ),
}


@pytest.mark.parametrize("make", FORMS.values(), ids=FORMS.keys())
def test_every_form_of_groups_reaches_the_result(make: Callable[[], XrayDataset]) -> None:
    result = run(make())
    assert result.groups == tuple(PATIENTS)
    assert result.settings["groups"] == 16
    for name in ("auroc", "accuracy"):
        assert result.metric(name).interval(severity=3).method == "bootstrap by group"


def test_loader_workers_bring_the_field() -> None:
    result = run(XrayDataset(Items(), groups="patient"), loader_workers=1)
    assert result.groups == tuple(PATIENTS)


def test_groups_are_numbers_too() -> None:
    for numbers in ([n // 3 for n in range(COUNT)], torch.arange(COUNT) // 3):
        assert run(XrayDataset(pair(), groups=numbers)).groups == tuple(
            str(n // 3) for n in range(COUNT)
        )
    floats = [float(n // 3) for n in range(COUNT)]  # what a table with a gap makes of whole numbers
    assert run(XrayDataset(pair(), groups=floats)).groups == tuple(
        str(n // 3) for n in range(COUNT)
    )


def test_without_groups_nothing_changes() -> None:
    plain = run(pair())
    assert plain.groups is None
    assert plain.settings["groups"] is None
    assert plain.metric("auroc").interval(severity=3).method == "delong"
    assert plain.metric("accuracy").interval(severity=3).method == "bootstrap"


def test_one_sample_for_each_patient_is_as_without() -> None:
    plain, alone = run(pair()), run(XrayDataset(pair(), groups=list(range(COUNT))))
    for name in ("auroc", "accuracy"):
        assert alone.metric(name).interval(severity=3) == plain.metric(name).interval(severity=3)
    assert alone.groups is not None


def test_copies_of_an_image_do_not_narrow_the_interval() -> None:
    """Two copies of every image are no more patients: the interval knows only with groups."""
    doubled = tuple(torch.cat([part, part]) for part in pair())
    words = {"model": model, "noise": "poisson", "photons": [40.0], "metrics": ("auroc",)}
    ids = [*range(COUNT), *(f"again {n}" for n in range(COUNT))]

    def width(data: Any) -> float:
        result = evaluate(words["model"], data, **{k: v for k, v in words.items() if k != "model"})  # type: ignore[arg-type]
        interval = result.metric("auroc").interval(severity=1)
        return interval.high - interval.low

    torn = width(XrayDataset(doubled, ids=ids))
    whole = width(XrayDataset(doubled, ids=ids, groups=[*range(COUNT)] * 2))
    assert whole > 1.1 * torn


@pytest.mark.parametrize("samples", [10, 20, 31])
def test_a_subset_takes_patients_whole(samples: int) -> None:
    result = run(XrayDataset(Items(), groups="patient"), samples=samples)
    assert result.groups is not None
    kept = set(result.groups)
    assert list(result.ids) == [f"{p}_{n}" for n, p in enumerate(PATIENTS) if p in kept], (
        "a patient was torn"
    )
    assert len(result.ids) == 3 * round(samples / 3)
    assert result.settings["subset"] == samples
    assert result.settings["samples"] == len(result.ids)
    assert result.groups == tuple(ident.split("_")[0] for ident in result.ids)


def test_groups_of_a_contrast_are_those_of_its_samples() -> None:
    truth = torch.stack([targets(), 1 - targets(), torch.zeros(COUNT)], 1)
    truth[:6, 1] = truth[:6, 0]
    result = evaluate(
        lambda batch: model(batch)[:, None].repeat(1, 3),
        XrayDataset((images(), truth), groups=PATIENTS, labels=["a", "b", "c"]),
        contrast=("a", "b"),
        severities=(1,),
        strips=0,
    )
    assert len(result.ids) == COUNT - 6
    assert result.groups == tuple(PATIENTS[6:])


def test_json_holds_them_and_old_json_reads() -> None:
    result = run(XrayDataset(pair(), groups=PATIENTS))
    data = json.loads(json.dumps(result.to_dict()))
    assert LadderResult.from_dict(data).groups == tuple(PATIENTS)
    del data["groups"]
    assert LadderResult.from_dict(data).groups is None


BAD: dict[str, tuple[Callable[[], XrayDataset], str]] = {
    "too few": (lambda: XrayDataset(pair(), groups=PATIENTS[:-1]), "47 groups, but .* 48 samples"),
    "too many": (lambda: XrayDataset(Items(), groups=[*PATIENTS, "x"]), "49 groups, but .* 48"),
    "too few, stream": (lambda: XrayDataset(Stream(), groups=PATIENTS[:-1]), "47 groups, too few"),
    "too many, stream": (
        lambda: XrayDataset(Stream(), groups=[*PATIENTS, "x"]),
        "49 groups, but the data have 48",
    ),
    "nan": (
        lambda: XrayDataset(pair(), groups=[1.0] * 5 + [float("nan")] + [2.0] * 42),
        "sample 5 has no group \\(nan\\)",
    ),
    "none": (lambda: XrayDataset(Items([None] * COUNT), groups="patient"), "p0_0.* has no group"),
    "empty": (lambda: XrayDataset(pair(), groups=[""] * COUNT), "sample 0 has no group"),
    "a list": (lambda: XrayDataset(pair(), groups=[(1,)] * COUNT), "has a tuple for a group"),
    "table": (lambda: XrayDataset(pair(), groups=np.zeros((COUNT, 2))), "has a list for a group"),
    "unknown field": (
        lambda: XrayDataset(Items(), groups="patent"),
        "unknown field 'patent'; did you mean 'patient'",
    ),
    "unknown field of a loader": (
        lambda: XrayDataset(DataLoader(Items()), groups="patent"),
        "did you mean 'patient'",
    ),
    "no fields": (
        lambda: XrayDataset([*zip(*pair(), strict=True)], groups="patient"),
        "no.* fields|without named fields",
    ),
    "arrays": (lambda: XrayDataset(pair(), groups="patient"), "without named fields"),
    "function": (lambda: XrayDataset(pair(), groups=lambda i: None), "sample '0' has no group"),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD.keys())
def test_bad_groups(make: Callable[[], XrayDataset], message: str) -> None:
    with pytest.raises(DataError, match=message):
        run(make())


@pytest.mark.parametrize("groups", [3, "", b"patient", {"a": 1}])
def test_what_cannot_be_groups_at_all(groups: Any) -> None:
    with pytest.raises(SpecError, match="one group for each sample"):
        XrayDataset(pair(), groups=groups)
