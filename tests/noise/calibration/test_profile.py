"""What a calibration is turned into: a profile, its file, a table and a plot."""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pytest_xraynoise import noise
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.noise.calibration import (
    Calibration,
    calibrate,
    fitted_detector,
    plot_png,
    profile_toml,
    table_lines,
)
from tests.noise.calibration.simulated import OFFSET, Panel


@pytest.fixture(scope="module")
def fit() -> Calibration:
    quanta = (50.0, 500.0, 2000.0)
    flats = Panel().flats(np.random.default_rng(30), quanta)
    kerma = [q / (31077 * 0.139**2 * 0.65) for q in quanta]
    return calibrate(flats, offset=OFFSET, region=1.0, pixel_pitch=0.139, kerma=kerma)


@pytest.fixture(scope="module")
def bare() -> Calibration:
    flats = Panel(readout=0.0, structural=0.0).flats(np.random.default_rng(31), (50.0, 500.0))
    return calibrate(flats, offset=OFFSET, region=1.0)


@pytest.mark.parametrize("name", ["panel", 'a "quoted" \\ name', "Röntgen 1.5", "a.b"])
def test_a_profile_file_brings_the_profile_back(
    fit: Calibration, tmp_path: Path, name: str
) -> None:
    panel = fitted_detector(fit, name)
    (tmp_path / "panel.toml").write_text(profile_toml(panel, fit), encoding="utf-8")
    back = noise.load_detector(tmp_path / "panel.toml")
    assert back.name == name
    for field in dataclasses.fields(panel):
        value = getattr(panel, field.name)
        expected = pytest.approx(value, rel=1e-5) if isinstance(value, float) else value
        assert getattr(back, field.name) == expected
    table = tomllib.loads(profile_toml(panel, fit))[name]["fit"]
    assert table["gain"]["low"] < table["gain"]["value"] < table["gain"]["high"]
    assert table["gain"]["unit"] == "DN per detected quantum"
    assert len(table["levels_dn"]) == 3
    assert table["warnings"] == list(fit.warnings)


def test_the_profile_is_in_the_units_of_the_others(fit: Calibration) -> None:
    panel = fitted_detector(fit, "panel")
    assert panel.efficiency == pytest.approx(0.65, rel=0.08)
    assert panel.readout == pytest.approx(1500, rel=0.08)
    assert panel.mtf == pytest.approx(0.2026, rel=0.15)
    assert panel.structural == pytest.approx(0.01, rel=0.06)
    assert (panel.gain, panel.quality, panel.pixel_pitch) == (1000.0, "RQA9", 0.139)
    double = fitted_detector(fit, "panel", electrons_per_quantum=2000.0)
    assert double.readout_quanta(0.139) == pytest.approx(panel.readout_quanta(0.139))


def test_what_a_profile_cannot_be_made_of(fit: Calibration, bare: Calibration) -> None:
    with pytest.raises(SpecError, match="needs the pixel pitch"):
        fitted_detector(bare, "panel", efficiency=0.5)
    pitched = dataclasses.replace(bare, pixel_pitch=0.1)
    with pytest.raises(SpecError, match=r"needs the efficiency: .*--kerma"):
        fitted_detector(pitched, "panel")
    assert fitted_detector(pitched, "panel", efficiency=0.5).efficiency == 0.5
    with pytest.raises(SpecError, match="give one of the two"):
        fitted_detector(fit, "panel", efficiency=0.5)
    with pytest.raises(SpecError, match=r"efficiency of 1\.5;"):
        fitted_detector(pitched, "panel", efficiency=1.5)
    assert fit.efficiency is not None
    wrong = dataclasses.replace(fit, efficiency=dataclasses.replace(fit.efficiency, value=2.6))
    with pytest.raises(SpecError, match=r"efficiency of 2\.6 from the kerma, pixel pitch and"):
        fitted_detector(wrong, "panel")
    for name in ("", "two\nlines"):
        with pytest.raises(SpecError, match="name="):
            fitted_detector(fit, name)
    with pytest.raises(SpecError, match="electrons per quantum 0"):
        fitted_detector(fit, "panel", electrons_per_quantum=0.0)


def test_the_table_has_values_intervals_and_units(fit: Calibration, bare: Calibration) -> None:
    lines = table_lines(fit)
    assert "95% interval" in lines[0]
    assert lines[1].split()[0] == "gain"
    assert lines[1].endswith("DN per detected quantum")
    value, low, high = (float(lines[1].split()[i]) for i in (1, 2, 4))
    assert low < value < high
    assert value == pytest.approx(fit.gain.value, abs=0.01)
    assert any(line.startswith("efficiency") for line in lines)
    assert lines[-1].startswith("3 pairs of flat fields from 250 to 10,0")
    assert not any(line.startswith("efficiency") for line in table_lines(bare))
    assert any("pixel2" in line for line in table_lines(bare))


def test_everything_goes_into_json(fit: Calibration) -> None:
    back = json.loads(json.dumps(fit.to_dict()))
    assert back["gain"]["value"] == fit.gain.value
    assert [level["kerma"] for level in back["levels"]] == [level.kerma for level in fit.levels]


def test_the_plot_is_a_picture_and_leaves_no_global_state(
    fit: Calibration, bare: Calibration
) -> None:
    pictures = [plot_png(one) for one in (fit, fit, bare)]
    assert pictures[0] == pictures[1]
    for data in pictures:
        grey = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
        assert grey.shape[1] > 2 * grey.shape[0]
        assert grey.std() > 20
    code = (
        "import sys; from pytest_xraynoise.noise.calibration import plot; "
        "print(sorted({'matplotlib', 'matplotlib.pyplot', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
    pyplot = sys.modules.get("matplotlib.pyplot")  # somebody else may have loaded it
    assert pyplot is None or not pyplot.get_fignums()


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys; import pytest_xraynoise.noise.calibration as c; dir(c); "
        "print(sorted({'numpy', 'scipy', 'torch', 'PIL', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
