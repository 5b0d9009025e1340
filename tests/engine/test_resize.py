"""Noise before or after the resize: against doing it by hand, theory, and every way to batch it."""

from __future__ import annotations

import base64
import gc
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from pytest_xraynoise import IntensityRange, XrayDataset, evaluate, noise
from pytest_xraynoise.data.resize import resized_target
from pytest_xraynoise.engine import LadderRequest, noising
from pytest_xraynoise.errors import DataError, SpecError
from pytest_xraynoise.noise import registry
from pytest_xraynoise.noise.kinds.lowdose import LowDose
from pytest_xraynoise.results import LadderResult

N = 10
NATIVE, MODEL = (48, 60), (16, 20)
SIZES = [(48, 60), (33, 47), (48, 60), (16, 20), (64, 31), (33, 47), (12, 9), (48, 60), (50, 50)]
TARGETS = [i % 2 for i in range(N)]
IDS = [f"film-{i}" for i in range(N)]
AT = ("native", "model")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def films(sizes: list[tuple[int, int]]) -> list[torch.Tensor]:
    draw = torch.Generator().manual_seed(7)
    return [torch.rand(1, *size, generator=draw) * 0.8 + 0.1 for size in sizes]


EQUAL = torch.stack(films([NATIVE] * N))
SEVERAL = films([*SIZES, (200, 170)])
FORMS: dict[str, Any] = {
    "one size": (EQUAL, TARGETS),
    "several sizes": list(zip(SEVERAL, TARGETS, strict=True)),
}
IMAGES: dict[str, list[torch.Tensor]] = {"one size": list(EQUAL), "several sizes": SEVERAL}


class Recorder:
    """A model that keeps what it is given; its score is the brightness of the upper half."""

    def __init__(self) -> None:
        self.calls: list[torch.Tensor] = []

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        self.calls.append(images.clone())
        return images[:, 0, : images.shape[2] // 2].mean((1, 2)) * 10 - 5

    def inputs(self, rungs: int) -> list[torch.Tensor]:
        """(N, C, H, W) of each rung, clean first."""
        return [torch.cat(self.calls[rung::rungs]) for rung in range(rungs)]


def declared(form: str = "several sizes", **how: Any) -> XrayDataset:
    return XrayDataset(FORMS[form], **{"ids": IDS, "resize": MODEL, **how})


def ran(data: Any, **how: Any) -> tuple[LadderResult, list[torch.Tensor]]:
    model = Recorder()
    how = {"severities": [1, 4], "metrics": ["auroc"], "seed": 5, "task": "binary", **how}
    result = evaluate(model, data, **how)
    return result, model.inputs(len(result.rungs))


def shrunk(image: torch.Tensor, size: tuple[int, int] = MODEL) -> torch.Tensor:
    """By hand, without the package: (1, 1, H, W)."""
    made = functional.interpolate(
        image, size=size, mode="bilinear", antialias=True, align_corners=False
    )
    return made.clamp(0, 1)


def by_hand(form: str, at: str, kind: str, severity: int, **settings: Any) -> torch.Tensor:
    """Every film on its own."""
    rows = []
    for image, ident in zip(IMAGES[form], IDS, strict=True):
        how = {"severity": severity, "ids": [ident], "seed": 5, **settings}
        if at == "native":
            rows.append(shrunk(noise.add(image[None], kind, **how).images))
        else:
            rows.append(noise.add(shrunk(image[None]), kind, **how).images)
    return torch.cat(rows)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["poisson", "gaussian"])
@pytest.mark.parametrize("at", AT)
def test_equals_doing_it_by_hand_bit_for_bit(form: str, kind: str, at: str) -> None:
    result, (clean, mild, severe) = ran(declared(form), noise=kind, noise_at=at)
    assert torch.equal(clean, torch.cat([shrunk(image[None]) for image in IMAGES[form]]))
    assert torch.equal(mild, by_hand(form, at, kind, 1))
    assert torch.equal(severe, by_hand(form, at, kind, 4))
    assert result.ids == tuple(IDS)


@pytest.mark.parametrize("at", AT)
def test_noise_of_two_words_and_three_channels(at: str) -> None:
    _, (_, noisy) = ran(declared(channels=3), noise="poisson+gaussian", severities=[2], noise_at=at)
    assert noisy.shape == (N, 3, *MODEL)
    expected = by_hand("several sizes", at, "poisson+gaussian", 2)
    assert torch.equal(noisy, expected.expand(-1, 3, -1, -1))


def test_the_place_of_the_noise_matters() -> None:
    (_, (clean, *_)), (_, (_, before, _)) = ran(declared()), ran(declared(), noise_at="native")
    _, (other, after, _) = ran(declared(), noise_at="model")
    assert torch.equal(clean, other)
    assert float((before - clean).std()) < 0.75 * float((after - clean).std())


def triangle(old: int, new: int) -> torch.Tensor:
    """(new, old) weights: a triangle as wide as the ratio, around each output pixel's centre."""
    ratio = old / new
    centres = (torch.arange(new).double() + 0.5) * ratio
    distance = (torch.arange(old).double()[None] + 0.5 - centres[:, None]).abs() / max(ratio, 1)
    weights = (1 - distance).clamp(min=0)
    return weights / weights.sum(1, keepdim=True)


def test_the_resize_averages_native_noise_as_its_kernel_says() -> None:
    """Var = sigma^2 sum w^2 over an output pixel's weights; after the resize it stays sigma^2."""
    sigma, native, model = 0.08, 192, 48
    data = XrayDataset((torch.full((8, 1, native, native), 0.5), TARGETS[:8]), resize=model)
    kernel = (triangle(native, model) ** 2).sum(1)
    shrink = float((kernel[:, None] * kernel[None]).mean())
    assert shrink == pytest.approx((2 / 3 / 4) ** 2, rel=0.1)  # a triangle 4 pixels wide, twice
    for at, variance in (("native", sigma**2 * shrink), ("model", sigma**2)):
        _, (_, noisy) = ran(data, noise="gaussian", sigma=[sigma], severities=None, noise_at=at)
        assert float(noisy.double().var()) == pytest.approx(variance, rel=0.04)
        assert float(noisy.double().mean()) == pytest.approx(0.5, abs=2e-3)


@pytest.mark.parametrize("at", AT)
@pytest.mark.parametrize("size", [1, 3, 4])
def test_batch_size_changes_nothing(size: int, at: str) -> None:
    whole, wanted = ran(declared(), noise_at=at, batch_size=N)
    parts, found = ran(declared(), noise_at=at, batch_size=size)
    assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))
    for severity in whole.severities:
        assert np.array_equal(whole.scores(severity=severity), parts.scores(severity=severity))
        assert parts.rungs[severity > 1].clipped == pytest.approx(
            whole.rungs[severity > 1].clipped, abs=1e-12
        )
    assert whole.settings["noise_applied"] == parts.settings["noise_applied"]


def test_native_noise_in_small_pieces_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    _, wanted = ran(declared("one size"), noise_at="native")
    monkeypatch.setattr(noising, "CHUNK", 3 * NATIVE[0] * NATIVE[1])
    made: list[int] = []
    prepare = noise.prepare

    def counted(images: torch.Tensor, *args: Any, **how: Any) -> Any:
        made.append(len(images))
        return prepare(images, *args, **how)

    monkeypatch.setattr(noise, "prepare", counted)
    _, found = ran(declared("one size"), noise_at="native")
    assert made == [3, 3, 3, 1]
    assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))


def test_order_changes_nothing() -> None:
    _, wanted = ran(declared(), noise_at="native")
    back = list(reversed(range(N)))
    data = [FORMS["several sizes"][i] for i in back]
    _, found = ran(
        XrayDataset(data, ids=[IDS[i] for i in back], resize=MODEL), noise_at="native", batch_size=4
    )
    assert all(torch.equal(a[back], b) for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("at", AT)
def test_the_resize_is_in_intensities_not_in_the_models_units(at: str) -> None:
    span = IntensityRange(-1024, 1024)
    scaled = [(image * 2048 - 1024, target) for image, target in FORMS["several sizes"]]
    _, (clean, noisy, _) = ran(declared(), noise_at=at)
    data = XrayDataset(scaled, ids=IDS, resize=MODEL, intensity=span)
    _, (clean_hu, noisy_hu, _) = ran(data, noise_at=at, task="binary")
    assert torch.allclose(clean_hu, span.from_unit(clean), rtol=0, atol=1e-3)
    # A rounding of the intensity may move a photon; nearly all pixels are the same.
    same = (noisy_hu - span.from_unit(noisy)).abs() < 1e-2
    assert float(same.double().mean()) > 0.98


@pytest.mark.parametrize("at", AT)
def test_masks_are_resized_with_their_images(at: str) -> None:
    masks = [(image[0] > 0.5).long() for image in SEVERAL]
    data = XrayDataset(list(zip(SEVERAL, masks, strict=True)), ids=IDS, resize=MODEL)
    how: dict[str, Any] = {"severities": [3], "metrics": ["dice"], "seed": 5, "noise_at": at}
    result = evaluate(lambda images: images * 8 - 4, data, **how)
    truth = torch.stack(
        [resized_target(m, (m.shape[0], m.shape[1]), MODEL, "") for m in masks]
    ).bool()
    images = by_hand("several sizes", at, "poisson", 3)
    for severity, shown in ((0, torch.cat([shrunk(i[None]) for i in SEVERAL])), (3, images)):
        said = shown[:, 0] > 0.5
        both = (said & truth).sum((1, 2)).double()
        dice = 2 * both / (said.sum((1, 2)) + truth.sum((1, 2)))
        assert np.allclose(result.scores(severity=severity)[:, 0], dice.numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("at", AT)
def test_pictures_have_the_models_size(at: str) -> None:
    result, inputs = ran(declared(), noise_at=at, strips=2)
    for strip in result.strips:
        row = IDS.index(strip.sample_id)
        for frame, images in zip(strip.frames, inputs, strict=True):
            with Image.open(io.BytesIO(base64.b64decode(frame.image))) as picture:
                assert np.array_equal(
                    np.array(picture), (images[row, 0] * 255).round().byte().numpy()
                )


PITCHES = [0.1 + 0.01 * i for i in range(N)]


@pytest.mark.parametrize("pitches", [0.139, PITCHES])
@pytest.mark.parametrize("at", AT)
def test_clinical_noise_gets_the_pitch_where_it_is_added(pitches: Any, at: str) -> None:
    """Native pitch before the resize; after it a pixel of the same share of the field."""
    kind = noise.get("lowdose")
    data = declared(pixel_pitch=pitches)
    result, (_, noisy) = ran(data, noise=kind.name, severities=[4], noise_at=at, batch_size=4)
    expected, used = [], []
    for row, image in enumerate(SEVERAL):
        pitch = pitches if isinstance(pitches, float) else pitches[row]
        if at == "model":
            ratios = [old / new for old, new in zip(image.shape[1:], MODEL, strict=True)]
            pitch *= ratios[0] if ratios[0] == ratios[1] else (ratios[0] * ratios[1]) ** 0.5
        start = image[None] if at == "native" else shrunk(image[None])
        made = noise.add(start, kind, severity=4, ids=[IDS[row]], seed=5, pixel_pitch=pitch).images
        expected.append(shrunk(made) if at == "native" else made)
        used.append(pitch)
    assert torch.equal(noisy, torch.cat(expected))
    low, high = min(used), max(used)
    assert result.settings["pixel_pitch"] == (low if low == high else [low, high])
    reading = result.rungs[1].rung.reading
    assert f"per pixel of {sorted(used)[(N - 1) // 2]:.4g} mm" in reading
    assert ("the median of pixels of" in reading) == (low < high)


def test_a_pitch_without_a_resize_is_the_images_own() -> None:
    plain = XrayDataset((EQUAL, TARGETS), ids=IDS, pixel_pitch=1.5)
    result, (_, noisy) = ran(plain, noise="quantum", severities=[3])
    made = noise.add(EQUAL, "quantum", severity=3, ids=IDS, seed=5, pixel_pitch=1.5)
    assert torch.equal(noisy, made.images)
    assert result.settings["pixel_pitch"] == 1.5
    several = XrayDataset((EQUAL, TARGETS), ids=IDS, pixel_pitch=PITCHES)
    _, (_, noisy) = ran(several, noise="quantum", severities=[3], batch_size=N)
    rows = [
        noise.add(
            EQUAL[i : i + 1], "quantum", severity=3, ids=[IDS[i]], seed=5, pixel_pitch=PITCHES[i]
        ).images
        for i in range(N)
    ]
    assert torch.equal(noisy, torch.cat(rows))


def test_a_pitch_of_the_kind_itself_goes_before_the_datas(monkeypatch: pytest.MonkeyPatch) -> None:
    class Coarse(LowDose):
        name = "coarse"

    monkeypatch.setitem(registry._KINDS, "coarse", Coarse(pixel_pitch=1.0))
    kept, (_, wanted) = ran(declared(), noise="coarse", severities=[4])
    result, (_, found) = ran(declared(pixel_pitch=0.1), noise="coarse", severities=[4])
    assert torch.equal(found, wanted)
    assert result.settings["pixel_pitch"] == kept.settings["pixel_pitch"] == 1.0
    assert "per pixel of 1 mm" in result.rungs[1].rung.reading


@pytest.mark.parametrize("at", AT)
def test_a_pitch_that_the_call_says_goes_before_the_datas(at: str) -> None:
    how: dict[str, Any] = {"severities": [4], "noise_at": at, "pixel_pitch": 1.0}
    _, (_, wanted) = ran(declared(), noise="lowdose", **how)
    result, (_, found) = ran(declared(pixel_pitch=0.1), noise="lowdose", **how)
    assert torch.equal(found, wanted)
    assert torch.equal(found, by_hand("several sizes", at, "lowdose", 4, pixel_pitch=1.0))
    assert result.settings["pixel_pitch"] == 1.0
    assert "per pixel of 1 mm" in result.rungs[1].rung.reading
    stress, _ = ran(declared(pixel_pitch=0.1), noise="poisson", **how)
    assert "at a pixel pitch of 1 mm" in stress.rungs[1].rung.reading


def test_stress_noise_needs_no_pitch_and_reads_by_it() -> None:
    bare, without = ran(declared("one size"))
    told, with_pitch = ran(declared("one size", pixel_pitch=0.2))
    assert all(torch.equal(a, b) for a, b in zip(without, with_pitch, strict=True))
    assert bare.settings["pixel_pitch"] is None
    assert "224 px over 35 cm" in bare.rungs[1].rung.reading
    assert "at a pixel pitch of 0.6 mm" in told.rungs[1].rung.reading
    assert told.rungs[0].rung == bare.rungs[0].rung


@pytest.mark.parametrize(
    ("form", "at", "said"),
    [
        ("one size", "native", "at 48 x 60, before the resize to 16 x 20"),
        ("one size", "model", "at 16 x 20, after the resize from 48 x 60"),
        ("several sizes", "native", "at 12 x 9 to 200 x 170, before the resize to 16 x 20"),
        ("several sizes", "model", "at 16 x 20, after the resize from 12 x 9 to 200 x 170"),
    ],
)
def test_settings_say_where_the_noise_was_added(form: str, at: str, said: str) -> None:
    result, _ = ran(declared(form), noise_at=at)
    expected = {"noise_at": at, "noise_applied": said, "resize": [16, 20], "image_size": [16, 20]}
    assert {key: result.settings[key] for key in expected} == expected
    assert result.to_dict()["settings"]["noise_applied"] == said


def test_without_a_resize_native_is_the_same_and_says_so() -> None:
    plain, usual = ran(XrayDataset((EQUAL, TARGETS), ids=IDS))
    native, found = ran(XrayDataset((EQUAL, TARGETS), ids=IDS), noise_at="native")
    assert all(torch.equal(a, b) for a, b in zip(found, usual, strict=True))
    usual_words = "after the dataset's transforms, before xray_preprocess"
    assert plain.settings["noise_applied"] == usual_words
    assert native.settings["noise_applied"] == (
        f"{usual_words}; noise_at='native' changes nothing, as the data declare no resize"
    )
    assert plain.settings["resize"] is None


def test_native_images_of_the_models_size_are_left_as_they_are() -> None:
    data = XrayDataset((EQUAL, TARGETS), ids=IDS)
    same = XrayDataset((EQUAL, TARGETS), ids=IDS, resize=NATIVE)
    for at in AT:
        (_, wanted), (_, found) = ran(data), ran(same, noise_at=at)
        assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))


def test_several_sizes_without_a_resize_are_refused_by_name() -> None:
    with pytest.raises(
        DataError,
        match=r"sample 'film-0' has \(1, 48, 60\), sample 'film-1' has \(1, 33, 47\); .*resize=224",
    ):
        ran(XrayDataset(FORMS["several sizes"], ids=IDS))


@pytest.mark.parametrize("size", [N, 2])  # of two, a batch of two sizes loses both samples
@pytest.mark.parametrize("at", AT)
def test_a_contrast_takes_its_rows_out_of_every_size(at: str, size: int) -> None:
    targets = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]] * 2 + [[1.0, 0.0]] * 2)
    data = XrayDataset(
        list(zip(SEVERAL, targets, strict=True)), ids=IDS, resize=MODEL, labels=["A", "B"]
    )
    kept: list[torch.Tensor] = []

    def model(images: torch.Tensor) -> torch.Tensor:
        kept.append(images.clone())
        return images.mean((1, 2, 3))[:, None] * torch.tensor([9.0, -9.0])

    result = evaluate(
        model,
        data,
        contrast=("A", "B"),
        severities=[2],
        metrics=["auroc"],
        seed=5,
        noise_at=at,
        batch_size=size,
    )
    rows = [0, 1, 4, 5, 8, 9]
    assert result.ids == tuple(IDS[row] for row in rows)
    assert torch.equal(torch.cat(kept[1::2]), by_hand("several sizes", at, "poisson", 2)[rows])


@pytest.mark.parametrize("at", AT)
def test_native_images_are_held_for_their_batch_only(at: str) -> None:
    """What is alive while the model runs does not grow from batch to batch."""
    alive: list[int] = []
    calls: list[int] = []

    def model(images: torch.Tensor) -> torch.Tensor:
        calls.append(len(images))
        if len(calls) % 4 in (0, 1):  # the clean images, and the last rung
            found = (thing for thing in gc.get_objects() if type(thing) is torch.Tensor)
            alive.append(sum(t.numel() for t in found if t.shape[-2:] == (61, 67)))
        return images.mean((1, 2, 3))

    class Films:
        def __len__(self) -> int:
            return 12

        def __getitem__(self, index: int) -> tuple[np.ndarray[Any, Any], int]:
            return np.full((61, 67), index / 20, np.float32), index % 2

    evaluate(
        model,
        XrayDataset(Films(), resize=8),
        severities=[1, 2, 3],
        metrics=["auroc"],
        batch_size=2,
        noise_at=at,
        task="binary",
    )
    assert calls == [2] * 6 * 4
    assert alive[0] > 0
    assert alive[2:4] == alive[-2:]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("nativ", "unknown noise_at 'nativ'; did you mean 'native'? Known: model, native"),
        ("Model", "unknown noise_at 'Model'; did you mean 'model'? Known: model, native"),
        ("last", "unknown noise_at 'last'. Known: model, native"),
        (None, "unknown noise_at None. Known: model, native"),
        (["native"], "unknown noise_at ['native']. Known: model, native"),
    ],
)
def test_a_bad_word(word: Any, message: str) -> None:
    with pytest.raises(SpecError) as error:
        evaluate(Recorder(), declared(), noise_at=word)
    assert str(error.value) == message
    with pytest.raises(SpecError):
        LadderRequest(noise="poisson", noise_at=word)
