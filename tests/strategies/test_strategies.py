"""Whatever is drawn can be used, and shrinks to the mild and the simple."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from pytest_xraynoise import noise
from pytest_xraynoise import strategies as xray
from pytest_xraynoise.data.film import film
from pytest_xraynoise.errors import SpecError

PARAMETERS: Any = xray.parameters  # for words of the wrong type
SMALL = torch.full((1, 6, 5), 0.5)
FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def minimal(strategy: Any, condition: Any = lambda value: True) -> Any:
    return find(strategy, condition, settings=settings(FEW, database=None))


@FEW
@given(st.data())
def test_every_noise_with_every_severity_or_parameter_makes_noise(data: st.DataObject) -> None:
    kind = data.draw(xray.noises())
    severity = data.draw(xray.severities(kind))
    own: dict[str, Any] = data.draw(xray.parameters(kind))
    for out in (
        noise.add(SMALL, kind, severity=severity, ids=[1]),
        noise.add(SMALL, kind, ids=[1], **own),
    ):
        assert out.images.shape == SMALL.shape
        assert bool(torch.isfinite(out.images).all())


@FEW
@given(xray.detector_profiles(), xray.doses())
def test_every_detector_and_dose_make_noise(panel: noise.Detector, dose: float) -> None:
    out = noise.add(SMALL, "lowdose", dose=dose, detector=panel, pixel_pitch=0.2, ids=[1])
    assert bool(torch.isfinite(out.images).all())


@pytest.mark.parametrize("shape", [(7, 9), (2, 8, 6), (2, 3, 8, 6), (1, 1), (1, 1, 1)])
@FEW
@given(data=st.data())
def test_every_film_is_an_image(shape: tuple[int, ...], data: st.DataObject) -> None:
    images = data.draw(xray.xray_images(shape))
    assert images.shape == shape
    assert images.dtype == torch.float32
    assert float(images.min()) >= 0
    assert float(images.max()) <= 1
    batch = images[None] if len(shape) == 2 else images
    assert (
        noise.add(batch, "poisson", photons=50, ids=range(len(batch))).images.shape == batch.shape
    )
    if len(shape) == 4:
        assert bool((images[:, 0] == images[:, 1]).all())


def test_what_everything_shrinks_to() -> None:
    assert minimal(xray.noises()) == "poisson"
    assert minimal(xray.noises(["speckle", "gaussian"])) == "speckle"
    assert minimal(xray.severities("poisson")) == 1
    assert minimal(xray.doses()) == 1.0
    assert minimal(xray.detector_profiles()).name == "csi-0.139"
    assert minimal(xray.parameters("poisson")) == {"photons": 65025.0}
    assert minimal(xray.parameters("poisson+gaussian"))["sigma"] == pytest.approx(1 / 255)
    assert minimal(xray.parameters("lowdose")) == {"dose": 1.0}
    assert minimal(xray.parameters("electronic")) == {"electrons": 1500.0}
    plain = minimal(xray.xray_images((4, 4)))
    assert bool((plain == 0.5).all())


def test_they_shrink_to_the_mildest_that_fails() -> None:
    assert minimal(xray.severities("poisson"), lambda s: s >= 3) == 3
    found = minimal(xray.parameters("poisson"), lambda p: p["photons"] <= 100)
    assert 80 <= found["photons"] <= 100
    found = minimal(xray.parameters("gaussian"), lambda p: p["sigma"] >= 0.1)
    assert 0.1 <= found["sigma"] <= 0.11
    dose = minimal(xray.doses(), lambda d: d <= 0.25)
    assert 0.2 <= dose <= 0.25
    bright = minimal(xray.xray_images((16, 16)), lambda image: float(image.max()) > 0.6)
    assert float(bright.min()) > 0, "no border is needed for something bright"


@FEW
@given(xray.parameters("poisson", photons=(1000, 10)), xray.doses(0.2))
def test_ends_of_ones_own(own: dict[str, float], dose: float) -> None:
    assert 10 <= own["photons"] <= 1000
    assert 0.2 <= dose <= 1


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: xray.noises(["poison"]), "did you mean 'poisson'"),
        (lambda: xray.noises([]), "draws nothing"),
        (lambda: xray.severities("poisson", "imagenet"), "did you mean 'imagenet-c'"),
        (lambda: xray.parameters("poisson", photon=(9, 1)), "did you mean 'photons'"),
        (lambda: xray.parameters("poisson", photons=(10, 1000)), r"write photons=\(1000, 10\)"),
        (lambda: xray.parameters("gaussian", sigma=(0.2, 0.1)), r"write sigma=\(0.1, 0.2\)"),
        (lambda: PARAMETERS("gaussian", sigma=0.1), r"two positive numbers, \(mild, worst\)"),
        (lambda: xray.parameters("gaussian", sigma=(0, 0.1)), "two positive numbers"),
        (lambda: PARAMETERS("gaussian", sigma=("a", "b")), "two positive numbers"),
        (lambda: xray.parameters("lowdose", dose=(2, 0.1)), "can only be brought to a lower dose"),
        (lambda: xray.doses(0), "least=0: expected a fraction"),
        (lambda: xray.doses(True), "least=True"),
        (lambda: xray.xray_images((3,)), r"shape=\(3,\): expected \(H, W\)"),
        (lambda: xray.xray_images((0, 3)), "each from 1"),
    ],
)
def test_clear_errors(call: Any, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        call()


def test_a_film_has_what_its_numbers_say() -> None:
    plain = film(8, 8)
    assert bool((plain == 0.5).all())
    assert float(film(9, 9, border=0.3)[0, 0]) == 0
    assert float(film(9, 9, body=0.4)[4, 4]) == pytest.approx(0.9)
    assert float(film(9, 9, ribs=3, rib_contrast=0.3).max()) > 0.6


def test_without_hypothesis_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "import pytest_xraynoise\n"
        "try:\n    import pytest_xraynoise.strategies\n"
        "except ModuleNotFoundError as error:\n    print(error)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "needs Hypothesis, which is not installed" in found.stdout
    assert "pip install 'pytest-xraynoise[hypothesis]'" in found.stdout


def test_the_package_itself_does_not_load_hypothesis() -> None:
    code = (
        "import pytest_xraynoise, pytest_xraynoise.plugin, sys; print('hypothesis' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
