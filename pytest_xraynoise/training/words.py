"""The data of a training run by a word: ``phantom``, ``folder:ROOT``, ``chestxray14:ROOT`` ..."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import Subset

from pytest_xraynoise.data import XrayDataset
from pytest_xraynoise.data.phantom import ChestPhantom
from pytest_xraynoise.errors import DataError, SpecError, unknown
from pytest_xraynoise.models import zoo

if TYPE_CHECKING:
    from collections.abc import Sequence

WORDS = ("phantom", "folder", "chestxray14", "landmark")
TASKS = ("classification", "segmentation")
TRAIN_SEED, VALIDATION_SEED = 2024, 7
"""Of the phantoms: sets that share no patient."""
PHANTOMS = {"classification": 2000, "segmentation": 320}
HELD_OUT = {"classification": 240, "segmentation": 48}
FRACTION = 0.2
"""Of a folder's patients that are held out."""
_TRAINING = ("train", "training", "train_val")
_VALIDATION = ("val", "valid", "validation", "dev", "test")


def open_data(
    word: str,
    *,
    task: str = "classification",
    image_size: int = 112,
    samples: int | None = None,
    seed: int = 0,
    keep: bool = False,
) -> tuple[Any, Any]:
    """Training and validation data that share no patient.

    Args:
        word: ``phantom``, or ``folder:ROOT`` (a table of labels, or folders of images and masks),
            ``chestxray14:ROOT`` (classification; trained on its list ``train_val``, validated on
            its list ``test`` where that lies there), ``landmark:ROOT`` (segmentation).
        task: ``classification`` or ``segmentation``.
        image_size: pixels a side.
        samples: phantoms to train on; of files at most so many. By default 2000 phantoms for
            classification, 320 for segmentation, and every file.
        seed: of the split into training and validation where files do not come with one.
        keep: keep phantoms in memory once they are rendered, for several trainings on the same.

    Returns:
        Two datasets for :func:`~pytest_xraynoise.training.train`.

    Raises:
        SpecError: an unknown word or task, or a word without its folder.
        DataError: a folder that cannot be read.
    """
    name, _, root = word.partition(":")
    if name not in WORDS:
        raise SpecError(unknown("data", name, WORDS))
    if task not in TASKS:
        raise SpecError(unknown("task", task, TASKS))
    if name == "phantom":
        if root:
            raise SpecError(f"data {word!r}: a phantom has no folder; write phantom")
        return _phantoms(task, image_size, samples, keep=keep)
    if not root:
        raise SpecError(f"data {word!r}: expected the folder too, {name}:PATH")
    only = {"chestxray14": "classification", "landmark": "segmentation"}.get(name, task)
    if only != task:
        raise SpecError(f"data {name!r} is for {only}, not for {task}")
    training, validation = _files(name, root, task, image_size, seed)
    return _limited(training, samples), validation


def task_of(architecture: str | None, asked: str | None = None) -> str:
    """The task of an architecture of the zoo, or what was asked for without one.

    Raises:
        SpecError: an unknown architecture or task, or one that is for the other task.
    """
    if asked is not None and asked not in TASKS:
        raise SpecError(unknown("task", asked, TASKS))
    if architecture is None:
        return asked or "classification"
    if architecture not in zoo.ARCHITECTURES:
        raise SpecError(unknown("model", architecture, zoo.ARCHITECTURES))
    own = zoo.ARCHITECTURES[architecture].task
    if asked not in (None, own):
        others = ", ".join(zoo.names(asked))
        raise SpecError(f"{architecture!r} is for {own}, not for {asked}; for {asked}: {others}")
    return own


def _phantoms(task: str, size: int, samples: int | None, *, keep: bool) -> tuple[Any, Any]:
    count, held = PHANTOMS[task] if samples is None else samples, HELD_OUT[task]
    sets = (
        ChestPhantom(count, size=size, seed=TRAIN_SEED, cache=count * keep),
        ChestPhantom(held, size=size, seed=VALIDATION_SEED, cache=held * keep),
    )
    if task == "segmentation":
        return sets[0].segmentation(), sets[1].segmentation()
    return sets[0].classification(), sets[1].classification()


def _files(name: str, root: str, task: str, size: int, seed: int) -> tuple[Any, Any]:
    from pytest_xraynoise import data

    if name == "chestxray14":
        return _official(root, size, seed)
    if name == "landmark":
        return split_by_group(data.Landmark(root, resize=size, channels=1), seed)
    if task == "segmentation":
        return split_by_group(data.MaskFolders(root, resize=size, channels=1), seed)
    return _table(root, size, seed)


def _official(root: str, size: int, seed: int) -> tuple[Any, Any]:
    """ChestX-ray14 by its lists; some patients of ``train_val`` where there is no other list."""
    from pytest_xraynoise.data import ChestXray14
    from pytest_xraynoise.data.files.chestxray14 import LISTS

    training = ChestXray14(root, split="train_val", resize=size, channels=1)
    if not (Path(root) / LISTS["test"]).exists():
        return split_by_group(training, seed)
    validation = ChestXray14(root, split="test", resize=size, channels=1)
    _check_apart(training, validation)
    return training, validation


def _table(root: str, size: int, seed: int) -> tuple[Any, Any]:
    """By the table's own split where it has one."""
    from pytest_xraynoise.data import ImageTable

    parts = []
    for words in (_TRAINING, _VALIDATION):
        for word in words:
            try:
                parts.append(ImageTable(root, split=word, resize=size, channels=1))
                break
            except SpecError:  # the column has no such word
                continue
            except DataError as error:
                if "has no column named split" not in str(error):
                    raise
                whole = ImageTable(root, resize=size, channels=1)
                return split_by_group(whole, seed)
    if len(parts) == 2:
        _check_apart(*parts)
        return parts[0], parts[1]
    return split_by_group(ImageTable(root, resize=size, channels=1), seed)


def _check_apart(training: Any, validation: Any) -> None:
    both = sorted(set(training.groups) & set(validation.groups))
    if both:
        raise DataError(
            f"{len(both)} patient(s) of {training.name} are in both splits ({both[0]!r} for "
            "instance), so validation would flatter the model; correct the split, or remove it to "
            "have whole patients held out"
        )


def split_by_group(data: Any, seed: int, fraction: float = FRACTION) -> tuple[Any, Any]:
    """Training and validation samples of a dataset with groups, whole groups to either side.

    Args:
        data: an :class:`XrayDataset` of map-style data that lists a group for each sample.
        seed: of the choice.
        fraction: of the groups that are held out, at least one.

    Raises:
        DataError: where there are fewer than two groups.
    """
    groups = sorted(set(data.groups))
    if len(groups) < 2:
        raise DataError(
            f"{data.name} has {len(groups)} patient(s); at least two are needed to hold one out"
        )
    order = torch.randperm(len(groups), generator=torch.Generator().manual_seed(seed)).tolist()
    count = min(max(1, round(fraction * len(groups))), len(groups) - 1)
    held = {groups[n] for n in order[:count]}
    places = range(len(data.groups))
    inside = [n for n in places if data.groups[n] not in held]
    outside = [n for n in places if data.groups[n] in held]
    return part_of(data, inside), part_of(data, outside)


def part_of(data: Any, places: Sequence[int]) -> XrayDataset:
    """Some samples of an :class:`XrayDataset` of map-style data, with their declarations."""

    def some(values: Any) -> Any:
        listed = isinstance(values, (list, tuple)) and not isinstance(values, str)
        return tuple(values[n] for n in places) if listed else values

    return XrayDataset(
        Subset(data.data, list(places)),
        intensity=data.intensity,
        labels=data.labels,
        ids=some(data.ids),
        channels=data.channels,
        name=data.name,
        resize=data.resize,
        pixel_pitch=some(data.pixel_pitch),
        groups=some(data.groups),
    )


def _limited(data: Any, samples: int | None) -> Any:
    if samples is None:
        return data
    groups = getattr(data, "groups", ())
    return part_of(data, range(min(samples, len(groups))))
