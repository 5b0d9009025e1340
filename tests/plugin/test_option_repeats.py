"""``repeats``: several draws of the noise, as a word, an option and an argument."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import torch

from pytest_xraynoise import evaluate, noise
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.results import LadderResult
from tests.plugin.conftest import read_tests, stdout

TESTS = """
from pytest_xraynoise import robust

@robust(noise="gaussian", severities=[1, 2], model="texture", max_auroc_drop=1.0{words})
def test_it(): ...
"""


class Texture(torch.nn.Module):
    """The energy of fine structure; remembers which images it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[torch.Tensor] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen.append(images.clone())
        right = images[..., 1:] - images[..., :-1]
        return 30 * (right**2).mean((1, 2, 3)) - 1


def data(n: int = 24) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    target = (torch.arange(n) % 2).float()
    board = ((torch.arange(16)[:, None] + torch.arange(16)) % 2).float() * 2 - 1
    level = 0.4 + 0.1 * torch.rand(n, generator=generator)
    images = level[:, None, None] + 0.04 * target[:, None, None] * board
    return images[:, None], target


def run(repeats: int, model: torch.nn.Module | None = None) -> LadderResult:
    return evaluate(
        model or Texture(), data(), noise="gaussian", sigma=[0.05, 0.1], repeats=repeats,
        metrics=("auroc", "brier"), batch_size=24, device="cpu",
    )  # fmt: skip


def test_one_repeat_is_what_nobody_asked_for() -> None:
    silent = evaluate(
        Texture(), data(), noise="gaussian", sigma=[0.05, 0.1], metrics=("auroc", "brier"),
        batch_size=24, device="cpu",
    ).to_dict()  # fmt: skip
    assert run(1).to_dict() == silent
    assert silent["settings"]["repeats"] == 1
    assert silent["draws"] == []


def test_the_first_of_several_draws_is_the_only_one_of_one() -> None:
    one, three = run(1), run(3)
    for severity in (0, 1, 2):
        assert np.array_equal(one.scores(severity=severity), three.scores(severity=severity))
    assert one.metric("brier").value(severity=0) == three.metric("brier").value(severity=0)
    assert [s.frames for s in one.strips] != []


def test_every_draw_is_that_of_the_noise_and_clean_images_run_once() -> None:
    model = Texture()
    result = run(3, model)
    images, _ = data()
    ids = list(result.ids)
    expected = [images] + [
        noise.add(images, "gaussian", sigma=sigma, ids=ids, draw=draw).images
        for draw in range(3)
        for sigma in (0.05, 0.1)
    ]
    assert len(model.seen) == len(expected)
    for seen, made in zip(model.seen, expected, strict=True):
        assert torch.equal(seen, made)
    for draw in range(3):
        own = torch.sigmoid(Texture()(expected[1 + 2 * draw + 1])).double().numpy()
        assert np.allclose(result.scores(severity=2, draw=draw), own, atol=1e-6)
    assert not np.array_equal(result.scores(severity=1), result.scores(severity=1, draw=1))
    assert np.array_equal(result.scores(draw=2), result.scores())


def test_values_are_means_and_the_spread_between_draws_is_kept() -> None:
    result, targets = run(4), data()[1].numpy()
    brier = [np.mean((result.scores(severity=2, draw=k) - targets) ** 2) for k in range(4)]
    curve = result.metric("brier")
    assert curve.value(severity=2) == pytest.approx(np.mean(brier))
    assert curve.draw_sd(severity=2) == pytest.approx(np.std(brier, ddof=1))
    again = LadderResult.from_dict(result.to_dict())
    assert again.repeats == 4
    assert again.metric("brier") == curve
    assert np.array_equal(again.scores(severity=2, draw=3), result.scores(severity=2, draw=3))


def test_what_was_not_drawn_is_refused() -> None:
    result = run(1)
    with pytest.raises(SpecError, match="draw 1 was not run; this ladder has draws 0 to 0"):
        result.scores(severity=1, draw=1)
    with pytest.raises(SpecError, match="run the ladder with repeats=2 or more"):
        result.metric("auroc").draw_sd(severity=1)
    for bad in (0, True, 1001, "2"):
        with pytest.raises(SpecError, match="repeats="):
            run(bad)  # type: ignore[arg-type]


def test_masks_are_averaged_over_draws_too() -> None:
    images, _ = data(12)
    masks = torch.zeros(12, 16, 16, dtype=torch.long)
    masks[:, :, 8:] = 1
    images[:, :, :, 8:] += 0.2

    class Masks(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return 10 * (images - 0.55)

    result = evaluate(
        Masks(), (images, masks), noise="gaussian", sigma=[0.1], repeats=3, device="cpu"
    )
    dice = [np.nanmean(result.per_image("dice", severity=1, draw=k)) for k in range(3)]
    assert len(set(dice)) == 3
    assert result.metric("dice").value(severity=1) == pytest.approx(np.mean(dice))
    assert result.metric("dice").draw_sd(severity=1) == pytest.approx(np.std(dice, ddof=1))
    alone = evaluate(Masks(), (images, masks), noise="gaussian", sigma=[0.1], device="cpu")
    assert np.array_equal(alone.per_image("dice", severity=1), result.per_image("dice", severity=1))


@pytest.mark.parametrize(
    ("words", "options", "repeats"),
    [
        ("", [], 1),
        (", repeats=2", [], 2),
        ("", ["--xraynoise-repeats=3"], 3),
        (", repeats=2", ["--xraynoise-repeats=3"], 2),
    ],
)
def test_words_and_options(
    repo: pytest.Pytester, words: str, options: list[str], repeats: int
) -> None:
    repo.makepyfile(TESTS.format(words=words))
    result = repo.runpytest_inprocess(
        "--xraynoise-json=out.json",
        "--xraynoise-report=out.html",
        "--junit-xml=out.xml",
        "-p",
        "no:cacheprovider",
        *options,
    )
    result.assert_outcomes(passed=1)
    (test,) = read_tests(Path("out.json")).values()
    assert test["settings"]["repeats"] == repeats
    assert len(test["draws"]) == repeats - 1
    sd = test["rungs"][1]["metrics"]["auroc"]["draw_sd"]
    assert (sd is None) == (repeats == 1)
    shown = Path("out.html").read_text(encoding="utf-8")
    assert ("draws ±" in shown) == (repeats > 1)
    properties = {p.get("name"): p.get("value") for p in ET.parse("out.xml").iter("property")}
    assert properties.get("xraynoise.repeats") == (None if repeats == 1 else str(repeats))


def test_the_failure_shows_the_spread_between_draws(repo: pytest.Pytester) -> None:
    repo.makepyfile(TESTS.replace("max_auroc_drop=1.0", "max_brier_increase=0.0").format(words=""))
    result = repo.runpytest_inprocess("--xraynoise-repeats=2", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    assert "between draws" in stdout(result)


def test_the_imperative_form(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        def test_it(xraynoise, texture, xray_dataset):
            words = dict(noise="gaussian", severities=[1])
            assert xraynoise.evaluate(texture, xray_dataset, **words).repeats == 3
            assert xraynoise.evaluate(texture, xray_dataset, repeats=2, **words).repeats == 2
        """
    )
    run = repo.runpytest_inprocess("--xraynoise-repeats=3", "-p", "no:cacheprovider")
    run.assert_outcomes(passed=1)
