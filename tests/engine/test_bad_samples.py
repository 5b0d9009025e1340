"""Corrupt files: named, or left out and listed; and a dataset whose length is not what it was."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils import data as torch_data

from pytest_xraynoise import XrayDataset, evaluate
from pytest_xraynoise.engine import LadderRequest
from pytest_xraynoise.engine.cache import KeptMeasurements, Store
from pytest_xraynoise.engine.evaluation import run_request
from pytest_xraynoise.engine.sharing import SharedMeasurements
from pytest_xraynoise.errors import DataError, SpecError
from pytest_xraynoise.results import LadderResult
from pytest_xraynoise.results.serialize import ladder_from_dict

N, BAD = 24, (5, 17)
WAY: dict[str, Any] = {"severities": [1], "batch_size": 4, "metrics": ["auroc"], "strips": 0}


class Files(torch_data.Dataset[tuple[torch.Tensor, int]]):
    """PNG files, as users read them."""

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(folder.glob("*.png"))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        with Image.open(self.paths[index]) as film:
            return torch.from_numpy(np.asarray(film, np.float32)[None] / 255), index % 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    place = tmp_path / "films"
    place.mkdir()
    for index in range(N):
        grey = rng.integers(60, 160, (16, 16)) + 25 * (index % 2)
        Image.fromarray(grey.astype(np.uint8)).save(place / f"film-{index:02d}.png")
    for index in BAD:
        path = place / f"film-{index:02d}.png"
        path.write_bytes(path.read_bytes()[:60])
    return place


def bright(images: torch.Tensor) -> torch.Tensor:
    return images.mean((1, 2, 3)) * 20 - 9


FORMS: dict[str, Callable[[Files], Any]] = {
    "dataset": lambda files: files,
    "loader": lambda files: torch_data.DataLoader(files, batch_size=4),
    "loader with a worker": lambda files: torch_data.DataLoader(files, 4, num_workers=1),
    "list": lambda files: _Lazy(files),
}


class _Lazy:
    """Neither a Dataset of torch nor a list: len and index."""

    def __init__(self, files: Files) -> None:
        self.files = files

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Any:
        return self.files[index]


class Lazy(torch_data.Dataset[Any]):
    """Opens the file and leaves decoding to whoever wants pixels."""

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(folder.glob("*.png"))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return Image.open(io.BytesIO(self.paths[index].read_bytes())), index % 2


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("resize", [None, 16])
def test_files_that_are_decoded_later(folder: Path, workers: int, resize: int | None) -> None:
    for path in sorted(folder.glob("*.png")):  # long enough that opening one does not see the end
        if path.stat().st_size > 100:
            whole = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
            Image.fromarray(whole).save(path)
            if path.name.startswith("film-06"):
                path.write_bytes(path.read_bytes()[:2000])
    bad = {path.name for path in folder.glob("*.png") if path.stat().st_size < 3000}
    assert bad
    forms: list[Any] = [Lazy(folder)]
    if resize is not None:  # collated by hand, as the default cannot
        forms.append(torch_data.DataLoader(Lazy(folder), 4, num_workers=workers))
    for form in forms:
        how: dict[str, Any] = {"loader_workers": workers} if form is forms[0] else {}
        with pytest.raises(DataError, match=r"sample \d+ could not be loaded: \w+Error: "):
            evaluate(bright, XrayDataset(form, resize=resize), **WAY, **how)
        data = XrayDataset(form, resize=resize, on_bad_sample="skip")
        result = evaluate(bright, data, **WAY, **how)
        assert len(result.ids) == N - len(bad)
        assert len(result.settings["skipped"]) == len(bad)


def skipping(folder: Path, form: str = "dataset", **words: Any) -> XrayDataset:
    return XrayDataset(FORMS[form](Files(folder)), on_bad_sample="skip", **words)


def assert_without_bad(result: LadderResult, whole: LadderResult) -> None:
    good = [row for row in range(N) if row not in BAD]
    assert result.ids == tuple(whole.ids[row] for row in good)
    for severity in (0, 1):
        np.testing.assert_allclose(
            result.scores(severity=severity), whole.scores(severity=severity)[good], rtol=1e-5
        )


@pytest.fixture
def whole(folder: Path) -> LadderResult:
    """The result with something else in the place of the corrupt files."""
    files = Files(folder)
    images = [torch.zeros(1, 16, 16) if n in BAD else files[n][0] for n in range(N)]
    return evaluate(bright, (torch.stack(images), torch.arange(N) % 2), **WAY)


@pytest.mark.parametrize("form", FORMS)
def test_the_file_is_named(folder: Path, form: str) -> None:
    with pytest.raises(DataError, match=r"sample 5 could not be loaded: .*film-05\.png|sample 5"):
        evaluate(bright, FORMS[form](Files(folder)), **WAY)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("workers", [None, 1])
def test_skipped_samples_are_left_out_at_every_rung_and_listed(
    folder: Path, whole: LadderResult, form: str, workers: int | None
) -> None:
    data = skipping(folder, form)
    result = evaluate(bright, data, loader_workers=workers, **WAY)
    assert_without_bad(result, whole)
    assert list(result.settings["skipped"]) == ["5", "17"]
    assert all("Error" in reason for reason in result.settings["skipped"].values())
    assert result.settings["samples"] == N - len(BAD)
    again = ladder_from_dict(result.to_dict())
    assert again.settings["skipped"] == result.settings["skipped"]


def test_nothing_is_said_where_nothing_was_skipped(folder: Path) -> None:
    for index in BAD:
        (folder / f"film-{index:02d}.png").unlink()
    assert "skipped" not in evaluate(bright, skipping(folder), **WAY).settings


def test_they_have_the_ids_and_groups_that_were_declared(folder: Path) -> None:
    names = [f"p{index}" for index in range(N)]
    result = evaluate(bright, skipping(folder, ids=names, groups=names), **WAY)
    assert list(result.settings["skipped"]) == ["p5", "p17"]
    assert result.groups == tuple(name for name in names if name not in ("p5", "p17"))


def test_a_subset_is_of_samples_that_load(folder: Path) -> None:
    result = evaluate(bright, skipping(folder), samples=10, **WAY)
    assert len(result.ids) == 10
    assert not {"5", "17"} & set(result.ids)
    assert list(result.settings["skipped"]) == ["5", "17"]
    everything = evaluate(bright, skipping(folder), samples=23, **WAY)
    assert len(everything.ids) == N - len(BAD), "there are no 23 that load"


def test_sharing_and_the_cache_keep_the_list(
    folder: Path, whole: LadderResult, tmp_path: Path
) -> None:
    data = skipping(folder)

    def run(session: SharedMeasurements, *severities: int) -> LadderResult:
        request = LadderRequest("poisson", severities=severities, metrics=("auroc",))
        return run_request(request, bright, data, batch_size=4, strips=2, measurer=session)

    session = SharedMeasurements(KeptMeasurements(Store(tmp_path / "cache", pytest.fail)))
    later = SharedMeasurements(KeptMeasurements(Store(tmp_path / "cache", pytest.fail)))
    for result in (run(session, 1), run(session, 1, 2), run(later, 1, 2)):
        assert_without_bad(result, whole)
        assert list(result.settings["skipped"]) == ["5", "17"]
        assert len(result.strips) == 2
    request = LadderRequest("poisson", severities=(1,), metrics=("auroc",))
    with pytest.raises(DataError, match="sample 5"):
        run_request(request, bright, XrayDataset(Files(folder)), batch_size=4, measurer=later)


def test_what_cannot_be_skipped(folder: Path) -> None:
    for path in folder.glob("*.png"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match=r"none of the 24 samples could be loaded; the first: '0'"):
        evaluate(bright, skipping(folder), **WAY)
    with pytest.raises(SpecError, match=r"skipp.*did you mean 'skip'"):
        XrayDataset(Files(folder), on_bad_sample="skipp")

    class Stream(torch_data.IterableDataset[Any]):
        def __iter__(self) -> Any:
            return iter([])

    with pytest.raises(DataError, match="map-style"):
        evaluate(bright, XrayDataset(Stream(), on_bad_sample="skip"), **WAY)


def test_a_sample_that_loads_and_is_wrong_is_an_error_all_the_same(folder: Path) -> None:
    class Wrong(Files):
        def __getitem__(self, index: int) -> Any:
            return ("no image", 0) if index == 3 else super().__getitem__(index)

    data = XrayDataset(Wrong(folder), on_bad_sample="skip")
    for workers in (None, 1):
        with pytest.raises(DataError, match="sample 3"):
            evaluate(bright, data, loader_workers=workers, **WAY)


class Changing(torch_data.Dataset[tuple[torch.Tensor, int]]):
    """Has samples for some time."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        if not 0 <= index < self.count:
            raise IndexError(f"film {index} of {self.count}")
        return torch.full((1, 8, 8), 0.3 + 0.2 * (index % 2) + index / 1000), index % 2


def test_a_dataset_that_shrinks_while_it_is_read_names_the_first_sample_that_is_gone() -> None:
    data = Changing(N)

    def model(images: torch.Tensor) -> torch.Tensor:
        data.count = 14
        return bright(images)

    with pytest.raises(DataError, match="sample 14 could not be loaded: IndexError: film 14 of 14"):
        evaluate(model, data, loader_workers=0, **WAY)


@pytest.mark.parametrize("count", [N - 8, N + 8])
def test_a_dataset_that_changes_length_between_two_ladders_is_measured_anew(count: int) -> None:
    data, session = Changing(N), SharedMeasurements()

    def run(*severities: int) -> LadderResult:
        request = LadderRequest("poisson", severities=severities, metrics=("auroc",))
        return run_request(request, bright, data, batch_size=4, strips=0, measurer=session)

    assert len(run(1).ids) == N
    data.count = count
    assert len(run(1, 2).ids) == count
