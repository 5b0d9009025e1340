"""Ladders, their units and readings, and kinds of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from pytest_xraynoise import noise
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.noise import registry

if TYPE_CHECKING:
    import numpy.typing as npt


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("poisson", None, [60, 25, 12, 5, 3]),
        ("poisson", "medmnist-c-chest", [60, 25, 18, 10, 5]),
        ("poisson", "medmnist-c-pneumonia", [300, 200, 150, 100, 80]),
        ("gaussian", "imagenet-c", [0.08, 0.12, 0.18, 0.26, 0.38]),
        ("gaussian", "medmnist-c-chest", [0.04, 0.08, 0.12, 0.18, 0.26]),
        ("gaussian", "medmnist-c-pneumonia", [0.04, 0.05, 0.06, 0.07, 0.08]),
    ],
)
def test_published_ladders(kind: str, name: str | None, expected: list[float]) -> None:
    ladder = noise.ladder(kind, name)
    assert ladder.kind == kind
    assert ladder.name == (name or "imagenet-c")
    assert ladder.severities == (1, 2, 3, 4, 5)
    assert [rung.parameter for rung in ladder.rungs] == expected


def test_the_combined_ladder_has_both_rung_by_rung() -> None:
    for name in ("imagenet-c", "medmnist-c-chest", "medmnist-c-pneumonia"):
        both, photons, sigma = (
            noise.ladder(kind, name).rungs for kind in ("poisson+gaussian", "poisson", "gaussian")
        )
        for one, p, g in zip(both, photons, sigma, strict=True):
            assert one.parameters == {**p.parameters, **g.parameters}
            assert one.parameter == p.parameter


def test_rungs_say_unit_and_clinical_reading() -> None:
    rung = noise.ladder("poisson").rung(1)
    assert rung.label == "60 photons at white"
    assert rung.reading == (
        "60 photons at white; at 224 px over 35 cm about 1/3,000 of a 2.5 uGy exposure"
    )
    pitched = noise.ladder("poisson", pixel_pitch=0.139).rung(1)
    assert pitched.reading.endswith("at a pixel pitch of 0.139 mm about 1/30 of a 2.5 uGy exposure")
    assert noise.ladder("gaussian").rung(1).label == "0.08 of full scale"
    bright = noise.custom_ladder("poisson", photons=[3e6]).rung(1)
    assert bright.reading.endswith("about 16 times a 2.5 uGy exposure")


def test_severity_0_is_the_clean_rung() -> None:
    clean = noise.ladder("poisson").rung(0)
    assert (clean.severity, clean.parameter, clean.label) == (0, None, "clean")


def test_custom_rungs_keep_their_order() -> None:
    ladder = noise.custom_ladder("poisson", photons=[1000, 200, 50])
    assert ladder.name == "custom"
    assert [(r.severity, r.parameter) for r in ladder.rungs] == [(1, 1000), (2, 200), (3, 50)]
    assert noise.custom_ladder("poisson", photons=np.array([1000, 200, 50]).tolist()) == ladder
    assert noise.custom_ladder("poisson", photons=(1000, 200, 50)) == ladder


@pytest.mark.parametrize(
    ("kind", "arguments", "match"),
    [
        ("poisson", {}, "missing: photons"),
        ("poisson", {"photons": []}, "one number for each severity"),
        ("poisson", {"photons": 60}, "one number for each severity"),
        ("poisson", {"photons": "60"}, "one number for each severity"),
        ("poisson", {"photons": [60, 0]}, "photons=0"),
        ("poisson", {"photons": [None]}, "photons=None"),
        ("poisson", {"photon": [60]}, "did you mean 'photons'"),
        ("poisson", {"photons": [60], "pixel_pitch": -1.0}, "pixel_pitch=-1"),
        ("poisson+gaussian", {"photons": [60, 20], "sigma": [0.1]}, "photons has 2, sigma has 1"),
        ("gauss", {"sigma": [0.1]}, "did you mean 'gaussian'"),
    ],
)
def test_bad_custom_ladders(kind: str, arguments: dict[str, Any], match: str) -> None:
    with pytest.raises(SpecError, match=match):
        noise.custom_ladder(kind, **arguments)


@pytest.mark.parametrize("severity", [6, -1, True, "1", 1.0])
def test_a_severity_that_is_not_on_the_ladder(severity: Any) -> None:
    with pytest.raises(SpecError, match=r"it has severities 0, 1, 2, 3, 4, 5"):
        noise.ladder("poisson").rung(severity)


@dataclass(frozen=True, kw_only=True)
class Fog(noise.NoiseKind):
    """A kind as a user would write it: a share of uniform light over the image."""

    name = "fog"
    parameters = (noise.Parameter("density", "of full scale", high=1.0),)
    ladders = {"imagenet-c": {"density": (0.1, 0.3)}}  # noqa: RUF012
    summary = "uniform light"

    def apply(
        self, image: npt.NDArray[np.float32], field: noise.Field, parameters: Mapping[str, float]
    ) -> npt.NDArray[np.float32]:
        return image + np.float32(parameters["density"]) * field.uniform()


@pytest.fixture
def fog(monkeypatch: pytest.MonkeyPatch) -> Fog:
    monkeypatch.setattr(registry, "_KINDS", dict(registry._KINDS))
    kind = Fog()
    noise.register_noise(kind)
    return kind


def test_a_kind_of_the_users_own(fog: Fog) -> None:
    assert noise.names()[-1] == "fog"
    assert noise.get("fog") is fog
    images = torch.rand(3, 2, 30, 31, generator=torch.Generator().manual_seed(1)) * 0.5
    out = noise.add(images, "fog", severity=2, ids=["a", "b", "c"])
    added = out.images - images
    assert 0 <= added.min() < 0.01
    assert 0.29 < added.max() <= 0.3
    torch.testing.assert_close(added[:, 0], added[:, 1], atol=1e-6, rtol=0)
    again = noise.add(images[1:2], "fog", density=0.3, ids=["b"])
    assert torch.equal(out.images[1:2], again.images)
    assert noise.ladder("fog").rung(2).reading == "uniform light"


def test_a_kind_works_without_being_registered() -> None:
    out = noise.add(torch.zeros(1, 4, 4), Fog(), density=0.5)
    assert 0 < out.images.mean() < 0.5
    assert noise.ladder(Fog()).severities == (1, 2)


def test_registering_again_replaces_but_never_a_built_in(fog: Fog) -> None:
    noise.register_noise(Fog())
    taken = type("Taken", (Fog,), {"name": "poisson"})()
    with pytest.raises(SpecError, match="built in"):
        noise.register_noise(taken)
    same_stream = type("Same", (Fog,), {"name": "same", "stream_number": fog.stream})()
    with pytest.raises(SpecError, match="share the random stream"):
        noise.register_noise(same_stream)
    with pytest.raises(SpecError, match="has no parameter"):
        noise.register_noise(type("Bare", (Fog,), {"name": "bare", "parameters": ()})())
    with pytest.raises(SpecError, match=r"subclass pytest_xraynoise\.noise\.NoiseKind"):
        noise.register_noise(Fog)  # type: ignore[arg-type]


def test_built_in_streams_are_apart() -> None:
    streams = [noise.get(name).stream for name in noise.names()]
    assert len(set(streams)) == len(streams)
    assert all(0 < stream < 0x8000 for stream in streams)
