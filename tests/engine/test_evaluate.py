"""The whole pass: against a loop written by hand, and independent of how it is run."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    roc_auc_score,
)
from torch import nn
from torch.utils import data as torch_data

from pytest_xraynoise import IntensityRange, Normalized, XrayDataset, evaluate, noise
from pytest_xraynoise.engine import LadderRequest, run_request
from pytest_xraynoise.errors import DataError, MetricError, ModelError, SpecError
from pytest_xraynoise.results import LadderResult

N, SIDE = 48, 12
LABELS = ("Effusion", "Nodule", "Pneumothorax")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def films() -> tuple[torch.Tensor, torch.Tensor]:
    """Images (N, 1, 12, 12) whose three bands are brighter where a finding is present."""
    draw = torch.Generator().manual_seed(7)
    targets = (torch.rand(N, 3, generator=draw) < 0.45).float()
    images = torch.rand(N, 1, SIDE, SIDE, generator=draw) * 0.5 + 0.1
    bands = targets.repeat_interleave(SIDE // 3, 1)
    images += bands[:, None, :, None] * 0.08 * torch.rand(N, 1, 1, 1, generator=draw)
    return images, targets


IMAGES, TARGETS = films()
IDS = [f"film-{i}" for i in range(N)]
MASKS = (IMAGES[:, 0] > 0.4).long()


class Bands(nn.Module):
    """Logits of the three bands' brightness; saturates where one pixel is very bright."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.clamp(max=0.9).reshape(len(images), 3, -1).mean(2) * 60 - 22


class Single(Bands):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images)[:, 0]


def segmenter(images: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.avg_pool2d(images, 3, 1, 1) * 6 - 2.2


def declared(**how: Any) -> XrayDataset:
    return XrayDataset((IMAGES, TARGETS), labels=LABELS, ids=IDS, **how)


def multilabel(**how: Any) -> LadderResult:
    return evaluate(Bands(), declared(), **{"severities": [1, 3, 5], "metrics": ["auroc"], **how})


def noisy(index: int, severity: int, kind: str, seed: int) -> torch.Tensor:
    """One film at one severity, on its own."""
    image = IMAGES[index : index + 1]
    if severity == 0:
        return image
    return noise.add(image, kind, severity=severity, ids=[IDS[index]], seed=seed).images


def by_hand(model: Any, kind: str, seed: int, severity: int) -> np.ndarray[Any, Any]:
    with torch.no_grad():
        rows = [model(noisy(i, severity, kind, seed)) for i in range(N)]
    scores: np.ndarray[Any, Any] = torch.cat(rows).double().sigmoid().numpy()
    return scores


@pytest.mark.parametrize("kind", ["poisson", "gaussian"])
def test_multilabel_equals_a_loop_with_scikit_learn(kind: str) -> None:
    result = evaluate(Bands(), declared(), noise=kind, severities=[2, 4], seed=11)
    assert (result.task, result.labels, result.ids) == ("multilabel", LABELS, tuple(IDS))
    assert result.severities == (0, 2, 4)
    truth = TARGETS.numpy()
    assert np.array_equal(result.targets, truth)
    for severity in result.severities:
        scores = by_hand(Bands(), kind, 11, severity)
        assert np.allclose(result.scores(severity=severity), scores, rtol=0, atol=1e-6)
        scores = result.scores(severity=severity)
        said = scores > 0.5
        expected = {
            "auroc": [roc_auc_score(truth[:, k], scores[:, k]) for k in range(3)],
            "average_precision": [
                average_precision_score(truth[:, k], scores[:, k]) for k in range(3)
            ],
            "accuracy": [accuracy_score(truth[:, k], said[:, k]) for k in range(3)],
            "f1": [f1_score(truth[:, k], said[:, k]) for k in range(3)],
        }
        for name, values in expected.items():
            curve = result.metric(name)
            assert curve.value(severity=severity) == pytest.approx(np.mean(values), abs=1e-12)
            for label, value in zip(LABELS, values, strict=True):
                found = curve.by_label[label].value(severity=severity)
                assert found == pytest.approx(value, abs=1e-12)
            drop = result.clean[name] - curve.value(severity=severity)
            assert curve.drop(severity=severity) == pytest.approx(drop, abs=1e-12)
    assert result.metric("auroc").drop(severity=4) > 0.01  # the noise does something


def test_segmentation_equals_a_loop() -> None:
    data = XrayDataset((IMAGES, MASKS), ids=IDS, labels=["bright"])
    result = evaluate(segmenter, data, severities=[1, 3], seed=2)
    assert result.task == "segmentation"
    for severity in (0, 1, 3):
        dice, iou = [], []
        for i in range(N):
            said = segmenter(noisy(i, severity, "poisson", 2))[0, 0] > 0
            true = MASKS[i] == 1
            both = int((said & true).sum())
            dice.append(2 * both / int(said.sum() + true.sum()))
            iou.append(both / int((said | true).sum()))
        assert result.scores(severity=severity)[:, 0] == pytest.approx(dice, abs=1e-12)
        assert result.per_image("iou", severity=severity)[:, 0] == pytest.approx(iou, abs=1e-12)
        assert result.metric("dice").value(severity=severity) == pytest.approx(
            np.mean(dice), abs=1e-12
        )
        assert result.metric("iou").value(severity=severity) == pytest.approx(
            np.mean(iou), abs=1e-12
        )
    assert result.targets[:, 0].tolist() == MASKS.sum((1, 2)).tolist()


def test_binary_and_multiclass_scores() -> None:
    binary = evaluate(Single(), (IMAGES, TARGETS[:, 0]), severities=[1], metrics=["auroc"])
    assert (binary.task, binary.scores().shape) == ("binary", (N,))
    assert binary.clean["auroc"] == pytest.approx(
        roc_auc_score(TARGETS[:, 0], binary.scores()), abs=1e-12
    )
    classes = torch.arange(N) % 3
    multi = evaluate(Bands(), (IMAGES, classes), severities=[1], metrics=["auroc", "accuracy"])
    assert (multi.task, multi.labels) == ("multiclass", ("class 0", "class 1", "class 2"))
    probabilities = Bands()(IMAGES).double().softmax(1).numpy()
    assert np.allclose(multi.scores(), probabilities, atol=1e-6)
    assert multi.clean["auroc"] == pytest.approx(
        roc_auc_score(classes, multi.scores(), multi_class="ovr"), abs=1e-12
    )
    assert multi.clean["accuracy"] == pytest.approx(
        accuracy_score(classes, multi.scores().argmax(1)), abs=1e-12
    )


class Watching:
    """Keeps what it was given, sample by sample and rung by rung."""

    def __init__(self) -> None:
        self.given: list[torch.Tensor] = []

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        self.given.append(images.clone())
        return images.mean((1, 2, 3))


LOW_HIGH = IntensityRange(-1024, 1024)
GREY = Normalized(0.43, 0.27)
RGB = Normalized((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@pytest.mark.parametrize(
    ("data", "intensity", "channels"),
    [
        (IMAGES, None, None),
        (IMAGES.double(), None, None),
        (IMAGES.half(), None, None),
        (LOW_HIGH.from_unit(IMAGES), LOW_HIGH, None),
        ((IMAGES * 2048 - 1024).to(torch.int16), LOW_HIGH, None),
        (GREY.from_unit(IMAGES), GREY, None),
        (RGB.from_unit(IMAGES.expand(-1, 3, -1, -1)), RGB, None),
        (IMAGES, None, 3),
    ],
)
def test_clean_images_reach_the_model_bit_for_bit(
    data: torch.Tensor, intensity: Any, channels: int | None
) -> None:
    how = {} if intensity is None else {"intensity": intensity}
    model = Watching()
    given = XrayDataset((data, TARGETS[:, 0]), channels=channels, **how)
    evaluate(model, given, severities=[1], metrics=["auroc"], batch_size=N)
    clean, rung = model.given
    expected = data.to(torch.float32)
    assert torch.equal(clean, expected.expand(-1, channels or -1, -1, -1))
    assert rung.shape == clean.shape
    assert not torch.equal(rung, clean)


@pytest.mark.parametrize(("dtype", "full"), [(np.uint8, 255), (np.uint16, 65535)])
def test_clean_integers_reach_the_model_as_fractions(dtype: Any, full: int) -> None:
    data = (IMAGES.numpy() * full).astype(dtype)
    model = Watching()
    evaluate(model, (data, TARGETS[:, 0]), severities=[1], metrics=["auroc"], batch_size=N)
    assert np.array_equal(model.given[0].numpy(), data.astype(np.float32) / np.float32(full))


@pytest.mark.parametrize("intensity", [LOW_HIGH, GREY])
def test_noise_acts_on_intensities(intensity: Any) -> None:
    plain, mapped = Watching(), Watching()
    how: dict[str, Any] = {"severities": [3], "metrics": ["auroc"], "batch_size": N}
    evaluate(plain, XrayDataset((IMAGES, TARGETS[:, 0]), ids=IDS), **how)
    values = intensity.from_unit(IMAGES)
    data = XrayDataset((values, TARGETS[:, 0]), ids=IDS, intensity=intensity)
    evaluate(mapped, data, **how)
    # Poisson counts jump where the rate crosses a bound, so a few pixels may differ by a count.
    apart = (intensity.to_unit(mapped.given[1]) - plain.given[1]).abs() > 1e-5
    assert apart.float().mean() < 1e-3


def test_preprocess_comes_after_the_noise() -> None:
    given = Watching()
    evaluate(
        given,
        (IMAGES, TARGETS[:, 0]),
        severities=[5],
        metrics=["auroc"],
        batch_size=N,
        preprocess=lambda images: images * 2 - 1,
    )
    expected = noise.add(IMAGES, "poisson", severity=5, ids=range(N)).images * 2 - 1
    assert torch.equal(given.given[0], IMAGES * 2 - 1)
    assert torch.equal(given.given[1], expected)


def test_a_model_that_writes_into_its_input_changes_nothing() -> None:
    def destructive(images: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = Bands()(images)
        images.zero_()
        return scores

    before = IMAGES.clone()
    result, expected = evaluate(destructive, declared(), severities=[1, 5]), multilabel()
    assert torch.equal(IMAGES, before)
    for severity in (0, 1, 5):
        assert np.array_equal(result.scores(severity=severity), expected.scores(severity=severity))
    frame = result.strips[0].frames[1]
    with Image.open(io.BytesIO(base64.b64decode(frame.image))) as image:
        assert np.array(image).mean() > 10


@pytest.mark.parametrize("size", [1, 3, 16, N, 500])
def test_batch_size_changes_nothing(size: int) -> None:
    expected = multilabel()
    result = multilabel(batch_size=size)
    assert result.ids == expected.ids
    for severity in result.severities:
        scores = result.scores(severity=severity)
        assert np.allclose(scores, expected.scores(severity=severity), rtol=0, atol=1e-6)
        for name in ("value", "drop"):
            found = getattr(result.metric("auroc"), name)(severity=severity)
            assert found == pytest.approx(
                getattr(expected.metric("auroc"), name)(severity=severity), abs=1e-6
            )
    assert [s.sample_id for s in result.strips] == [s.sample_id for s in expected.strips]
    for found, wanted in zip(result.rungs, expected.rungs, strict=True):
        assert found.clipped == pytest.approx(wanted.clipped, abs=1e-9)
        assert found.mean_shift == pytest.approx(wanted.mean_shift, abs=1e-7)


def test_order_changes_nothing_when_ids_are_given() -> None:
    expected = multilabel()
    order = np.random.default_rng(3).permutation(N)
    data = XrayDataset((IMAGES[order], TARGETS[order]), labels=LABELS, ids=[IDS[i] for i in order])
    result = evaluate(Bands(), data, severities=[1, 3, 5], metrics=["auroc"], batch_size=5)
    assert result.ids == tuple(IDS[i] for i in order)
    for severity in result.severities:
        wanted = expected.scores(severity=severity)[order]
        assert np.allclose(result.scores(severity=severity), wanted, rtol=0, atol=1e-6)
    assert {s.sample_id for s in result.strips} == {s.sample_id for s in expected.strips}


def test_noise_is_the_same_in_any_order_bit_for_bit() -> None:
    order = torch.arange(N - 1, -1, -1)
    first, second = Watching(), Watching()
    how: dict[str, Any] = {"severities": [4], "metrics": ["auroc"]}
    evaluate(first, XrayDataset((IMAGES, TARGETS[:, 0]), ids=IDS), batch_size=N, **how)
    data = XrayDataset((IMAGES[order], TARGETS[order, 0]), ids=IDS[::-1])
    evaluate(second, data, batch_size=7, **how)
    assert torch.equal(torch.cat(second.given[1::2])[order], first.given[1])


def test_shuffled_loader_is_as_good_as_any() -> None:
    dataset = torch_data.TensorDataset(IMAGES, TARGETS)
    how: dict[str, Any] = {"severities": [3], "metrics": ["auroc"]}
    plain = evaluate(Bands(), torch_data.DataLoader(dataset, batch_size=5), **how)
    for _ in range(2):
        mixed = evaluate(Bands(), torch_data.DataLoader(dataset, batch_size=5, shuffle=True), **how)
        assert mixed.ids == plain.ids == tuple(map(str, range(N)))
        assert np.array_equal(mixed.scores(severity=3), plain.scores(severity=3))


def test_the_same_twice_and_other_seeds_differ() -> None:
    assert multilabel().to_dict() == multilabel().to_dict()
    assert not np.array_equal(
        multilabel().scores(severity=3), multilabel(seed=1).scores(severity=3)
    )
    assert np.array_equal(multilabel().scores(), multilabel(seed=1).scores())


def test_some_severities_are_those_of_the_whole_ladder() -> None:
    full = multilabel(severities=None)
    assert full.severities == (0, 1, 2, 3, 4, 5)
    some = multilabel(severities=[4, 2])
    for severity in (0, 2, 4):
        assert np.array_equal(some.scores(severity=severity), full.scores(severity=severity))
        assert some.metric("auroc").rungs[severity] == full.metric("auroc").rungs[severity]
    assert [rung.rung for rung in some.rungs] == [full.rungs[s].rung for s in (0, 2, 4)]


def test_own_rungs() -> None:
    result = multilabel(severities=None, photons=[1000, 200, 50])
    assert result.ladder == "custom"
    assert [(r.severity, r.rung.parameter) for r in result.rungs] == [
        (0, None),
        (1, 1000),
        (2, 200),
        (3, 50),
    ]
    drops = [result.metric("auroc").drop(severity=s) for s in (1, 2, 3)]
    assert drops[0] < drops[2]
    made = noise.add(IMAGES, "poisson", photons=50, ids=IDS).images
    assert np.allclose(result.scores(severity=3), Bands()(made).double().sigmoid(), atol=1e-6)
    named = multilabel(severities=[1], ladder="medmnist-c-pneumonia")
    assert named.rungs[1].rung.parameter == 300


def test_subset_is_deterministic_and_stratified() -> None:
    single = XrayDataset((IMAGES, TARGETS[:, 0]), ids=IDS)
    how: dict[str, Any] = {"severities": [2], "metrics": ["auroc"], "samples": 16}
    first, second = evaluate(Single(), single, **how), evaluate(Single(), single, **how)
    assert first.ids == second.ids
    assert len(first.ids) == 16
    assert first.targets.mean() == pytest.approx(float(TARGETS[:, 0].mean()), abs=1 / 16)
    whole = evaluate(Single(), single, **{**how, "samples": None})
    rows = [IDS.index(i) for i in first.ids]
    assert np.allclose(first.scores(severity=2), whole.scores(severity=2)[rows], atol=1e-6)
    everything = evaluate(Single(), single, **{**how, "samples": 10_000})
    assert everything.ids == whole.ids
    assert first.settings["subset"] == 16
    assert first.settings["samples"] == 16


def test_contrast_judges_a_against_b() -> None:
    a, b = TARGETS[:, 0] == 1, TARGETS[:, 2] == 1
    rows = (a ^ b).numpy()
    result = multilabel(contrast=("Effusion", "Pneumothorax"))
    assert (result.task, result.labels) == ("binary", ("Effusion vs Pneumothorax",))
    assert result.ids == tuple(np.array(IDS)[rows])
    logits = Bands()(IMAGES).numpy()[rows]
    expected = roc_auc_score(a.numpy()[rows], logits[:, 0] - logits[:, 2])
    assert result.clean["auroc"] == pytest.approx(expected, abs=1e-12)
    assert all(" vs " not in strip.truth for strip in result.strips)
    # The same ids have the same noise as in the whole set.
    whole = multilabel()
    p = whole.scores(severity=3)[rows]
    only_a, only_b = p[:, 0] * (1 - p[:, 2]), p[:, 2] * (1 - p[:, 0])
    assert np.allclose(result.scores(severity=3), only_a / (only_a + only_b), atol=1e-5)


def test_contrast_of_two_classes() -> None:
    data = XrayDataset((IMAGES, TARGETS[:, 0].long()), labels=["Normal", "Pneumonia"])
    model = Single()
    how: dict[str, Any] = {"severities": [1], "metrics": ["auroc"]}
    result = evaluate(
        lambda x: torch.stack([-model(x), model(x)], 1),
        data,
        contrast=("Pneumonia", "Normal"),
        **how,
    )
    expected = evaluate(model, (IMAGES, TARGETS[:, 0]), **how)
    assert len(result.ids) == N
    assert result.clean["auroc"] == pytest.approx(expected.clean["auroc"], abs=1e-12)


def test_labels_pick_findings() -> None:
    whole, some = multilabel(), multilabel(labels=["Nodule", "Effusion"])
    assert some.labels == ("Nodule", "Effusion")
    assert np.array_equal(some.scores(severity=3), whole.scores(severity=3)[:, [1, 0]])
    values = whole.metric("auroc").by_label
    wanted = (values["Nodule"].value(severity=3) + values["Effusion"].value(severity=3)) / 2
    assert some.metric("auroc").value(severity=3) == pytest.approx(wanted, abs=1e-12)


def test_unlabelled_findings_are_left_out() -> None:
    targets = TARGETS.clone()
    targets[::3, 0] = float("nan")
    targets[1::3, 1] = -1
    data = XrayDataset((IMAGES, targets), labels=LABELS)
    result = evaluate(Bands(), data, severities=[1], metrics=["auroc"])
    for k in (0, 1):
        known = (targets[:, k] >= 0).numpy()
        expected = roc_auc_score(targets[known, k], result.scores()[known, k])
        found = result.metric("auroc").by_label[LABELS[k]].value(severity=0)
        assert found == pytest.approx(expected, abs=1e-12)
    assert np.isnan(result.targets).sum() == 32


def test_label_with_one_class_is_left_out_by_name() -> None:
    targets = TARGETS.clone()
    targets[:, 1] = 0
    data = XrayDataset((IMAGES, targets), labels=LABELS)
    result = evaluate(Bands(), data, severities=[1], metrics=["auroc"])
    assert set(result.excluded) == {"Nodule"}
    with pytest.raises(MetricError, match="Effusion"):
        evaluate(Bands(), XrayDataset((IMAGES, targets * 0), labels=LABELS), severities=[1])


def test_strips_hold_the_worst_samples() -> None:
    result = multilabel(strips=4)
    assert len(result.strips) == 4
    clean = result.scores()
    worst = np.zeros(N)
    for severity in (1, 3, 5):
        change = clean - result.scores(severity=severity)
        worst = np.maximum(worst, np.where(TARGETS.numpy() == 1, change, -change).max(1))
    order = np.argsort(-worst, kind="stable")[:4]
    assert [strip.sample_id for strip in result.strips] == [IDS[i] for i in order]
    for strip, row in zip(result.strips, order, strict=True):
        assert strip.degradation == pytest.approx(worst[row], abs=1e-9)
        assert [frame.severity for frame in strip.frames] == [0, 1, 3, 5]
        for frame in strip.frames:
            with Image.open(io.BytesIO(base64.b64decode(frame.image))) as image:
                assert (image.format, image.size) == ("PNG", (SIDE, SIDE))
            said = result.scores(severity=frame.severity)[row]
            assert list(frame.prediction.values()) == pytest.approx(said.tolist(), abs=1e-12)
    assert multilabel(strips=0).strips == ()


def test_strips_of_a_segmentation_with_labels() -> None:
    masks = torch.stack([MASKS, 1 - MASKS], 1)
    data = XrayDataset((IMAGES, masks), labels=["bright", "dark"])
    result = evaluate(
        lambda x: torch.cat([segmenter(x), -segmenter(x)], 1),
        data,
        severities=[4],
        labels=["dark"],
    )
    assert result.labels == ("dark",)
    strip = result.strips[0]
    row = result.ids.index(strip.sample_id)
    with Image.open(io.BytesIO(base64.b64decode(str(strip.truth_mask)))) as image:
        assert np.array_equal(np.array(image), (1 - MASKS[row]).numpy())
    assert list(strip.frames[0].prediction) == ["dark"]


def test_clipping_is_reported() -> None:
    result = multilabel()
    assert (result.rungs[0].clipped, result.rungs[0].mean_shift) == (0.0, 0.0)
    made = noise.add(IMAGES, "poisson", severity=5, ids=IDS)
    assert result.rungs[-1].clipped == pytest.approx(float(made.clipped.mean()), abs=1e-7)
    assert result.rungs[-1].mean_shift == pytest.approx(float(made.mean_shift.mean()), abs=1e-7)
    assert result.rungs[-1].clipped > 0


def test_settings_say_how_to_repeat_it() -> None:
    result = multilabel(seed=3, batch_size=5, confidence=0.9, device="cpu")
    expected = {"seed": 3, "batch_size": 5, "confidence": 0.9, "device": "cpu", "samples": N}
    assert {key: result.settings[key] for key in expected} == expected
    assert result.settings["image_size"] == [SIDE, SIDE]
    assert "natural range" in result.settings["intensity"]
    assert (result.model, result.dataset) == ("Bands", "tuple")


@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: XrayDataset(d, ids=IDS)])
def test_names_of_findings_come_from_the_model_where_the_data_have_none(wrap: Any) -> None:
    model = Bands()
    model.pathologies = ["Effusion", "", "Pneumothorax"]  # type: ignore[assignment]
    result = evaluate(model, wrap((IMAGES, TARGETS)), severities=[1], metrics=["auroc"])
    assert result.labels == ("Effusion", "label 1", "Pneumothorax")


def test_progress_counts_samples() -> None:
    seen: list[tuple[int, int | None, int]] = []
    request = LadderRequest("poisson", severities=(1,), metrics=("auroc",))
    how: dict[str, Any] = {"batch_size": 20, "progress": lambda *now: seen.append(now)}
    run_request(request, Bands(), (IMAGES, TARGETS), **how)
    assert seen == [(20, N, 2), (40, N, 2), (N, N, 2)]


def test_metrics_of_limits_are_added() -> None:
    request = LadderRequest("poisson", severities=(1,), metrics=("auroc",), also=("f1", "auroc"))
    assert run_request(request, Bands(), (IMAGES, TARGETS)).metrics == ("auroc", "f1")


class Text(nn.Module):
    def forward(self, images: torch.Tensor) -> str:
        return "normal"


PAIR = (IMAGES, TARGETS)
BAD: list[tuple[Mapping[str, Any], type[Exception], str]] = [
    ({"data": None}, DataError, "the dataset is None; did the fixture forget its return"),
    ({"model": None}, ModelError, "NoneType, which cannot be called"),
    ({"model": Bands}, ModelError, "the class Bands itself"),
    ({"model": Text()}, ModelError, "the model returned a str"),
    ({"data": (IMAGES * 255, TARGETS)}, DataError, r"IntensityRange\(0, 255\)"),
    ({"data": (IMAGES, TARGETS[:, :2])}, ModelError, r"targets of shape \(16, 2\) and outputs"),
    ({"data": XrayDataset(PAIR, labels=["a", "b"])}, DataError, "names 2 labels .* 3 output"),
    ({"noise": "poison"}, SpecError, "did you mean 'poisson'"),
    ({"metrics": "auroc"}, SpecError, r"metrics='auroc': expected a list, such as metrics="),
    ({"metrics": ["dice"]}, SpecError, "dice is a metric of another task"),
    ({"severities": 3}, SpecError, "severities=3: expected a list"),
    ({"severities": [9]}, SpecError, "severity 9 is not on ladder"),
    ({"labels": "Effusion"}, SpecError, "labels='Effusion': expected a list"),
    ({"labels": ["Effusions"]}, SpecError, "unknown label 'Effusions'; did you mean 'Effusion'"),
    ({"contrast": "Effusion"}, SpecError, "contrast='Effusion': expected a list"),
    ({"contrast": ("Efusion", "Nodule")}, SpecError, "did you mean 'Effusion'"),
    ({"data": PAIR, "contrast": ("a", "b")}, DataError, "needs label names; declare them"),
    (
        {"data": XrayDataset((IMAGES, TARGETS * 0), labels=LABELS), "contrast": LABELS[:2]},
        DataError,
        "no sample has exactly one of Effusion or Nodule",
    ),
    ({"samples": 1}, SpecError, "samples=1"),
    ({"batch_size": 0}, SpecError, "batch_size=0"),
    ({"strips": -1}, SpecError, "strips=-1"),
    ({"device": "gpus"}, SpecError, "unknown device 'gpus'"),
    ({"task": "binary"}, ModelError, "task='binary' was asked for"),
    ({"photon": [100]}, SpecError, "did you mean 'photons'"),
    ({"severity": 3}, SpecError, "did you mean 'severities'"),
    ({"max_auroc_drop": 0.1}, SpecError, r"hold limits against its result: check\("),
    ({"outputs": "probabilities"}, ModelError, "say outputs='logits'"),
    ({"preprocess": lambda x: x * float("nan")}, ModelError, "NaN or infinite values"),
]


@pytest.mark.parametrize(("how", "error", "says"), BAD, ids=[str(list(b[0])[-1]) for b in BAD])
def test_bad_input_has_one_clear_message(
    how: Mapping[str, Any], error: type[Exception], says: str
) -> None:
    words: dict[str, Any] = {"model": Bands(), "data": declared(), "severities": [1], **how}
    with pytest.raises(error, match=says):
        evaluate(words.pop("model"), words.pop("data"), **words)


def test_subset_of_a_stream_is_refused() -> None:
    class Stream(torch_data.IterableDataset[Any]):
        def __iter__(self) -> Iterator[Any]:
            yield from zip(IMAGES, TARGETS, strict=True)

    with pytest.raises(DataError, match="samples=8: an iterable dataset cannot be subset"):
        evaluate(Bands(), Stream(), samples=8)
    result = evaluate(Bands(), Stream(), severities=[1], metrics=["auroc"])
    expected = evaluate(Bands(), PAIR, severities=[1], metrics=["auroc"])
    assert np.array_equal(result.scores(severity=1), expected.scores(severity=1))


def test_refusals_come_before_the_second_batch() -> None:
    """Nobody waits for a whole pass to learn that a word was wrong."""
    for how in ({"labels": ["Nodul"]}, {"metrics": ["iou"]}):
        model = Watching()
        with pytest.raises((SpecError, ModelError)):
            evaluate(
                lambda x, model=model: torch.stack([model(x)] * 3, 1),
                declared(),
                severities=[1],
                batch_size=4,
                **how,  # type: ignore[arg-type]
            )
        assert len(model.given) == 2  # clean and one rung of the first batch


def test_saturated_logits_keep_their_order() -> None:
    """A probability of float64 is 1.0 from a logit of 37 on; AUROC must still see the order."""
    level = torch.linspace(0.2, 0.8, 24)
    images = level[:, None, None, None].expand(-1, 1, 4, 4).clone()
    targets = (torch.arange(24) >= 12).long()
    one = evaluate(lambda x: 50 + 200 * x.mean((1, 2, 3)), (images, targets), photons=[1e6])
    assert (one.scores(severity=0) == 1.0).all()
    assert one.clean["auroc"] == 1.0

    def two(x: torch.Tensor) -> torch.Tensor:
        score = 50 + 200 * x.mean((1, 2, 3))
        return torch.stack([-score, score], 1)

    assert evaluate(two, (images, targets), photons=[1e6]).clean["auroc"] == 1.0

    def three(x: torch.Tensor) -> torch.Tensor:
        return torch.cat([two(x), torch.zeros(len(x), 1)], 1)

    labels = evaluate(three, (images, targets), photons=[1e6], task="multiclass")
    assert labels.metric("auroc").by_label["class 1"].value(severity=0) == 1.0


def test_one_hot_masks_are_exclusive_classes() -> None:
    """The same masks as ids and as one-hot channels with background give the same Dice."""
    images = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    ids = (images[:, 0] * 3).long().clamp(max=2)
    one_hot = torch.nn.functional.one_hot(ids, 3).permute(0, 3, 1, 2)

    def model(x: torch.Tensor) -> torch.Tensor:
        return -((x - torch.tensor([1 / 6, 1 / 2, 5 / 6]).view(1, 3, 1, 1)) ** 2)

    by_id = evaluate(model, (images, ids), photons=[50])
    by_channel = evaluate(model, (images, one_hot), photons=[50])
    assert by_id.labels == by_channel.labels == ("class 1", "class 2")
    assert by_id.clean == by_channel.clean
    assert by_id.clean["dice"] == 1.0
    spoilt = one_hot.clone()
    spoilt[3, :, 0, 0] = 1
    with pytest.raises(DataError, match="not one-hot"):
        evaluate(model, (images, spoilt), photons=[50], batch_size=2)


def test_the_subset_does_not_follow_the_seed_of_the_noise() -> None:
    data = (torch.rand(30, 1, 4, 4), torch.arange(30) % 2)
    chosen = [
        evaluate(lambda x: x.mean((1, 2, 3)), data, photons=[50], samples=6, seed=seed).ids
        for seed in (0, 1)
    ]
    assert chosen[0] == chosen[1]


def test_labels_are_names() -> None:
    with pytest.raises(SpecError, match="no name of a label"):
        LadderRequest("poisson", labels=(["a"],))  # type: ignore[arg-type]


def test_a_dose_above_the_reference_is_refused_at_once() -> None:
    with pytest.raises(SpecError, match="only be brought to a lower dose"):
        LadderRequest("lowdose", parameters={"dose": (2.0,)})
