"""The physical settings of a noise reach the noise, its readings and the record of the run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from pytest_xraynoise import XrayDataset, evaluate, noise
from pytest_xraynoise.engine.request import LadderRequest, own_rungs
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.noise.describe import described, plain_value
from pytest_xraynoise.results import LadderResult

IMAGES = torch.rand(12, 1, 16, 16, generator=torch.Generator().manual_seed(3)) * 0.5 + 0.25
TARGETS = (torch.arange(12) % 2).float()
IDS = [f"film-{i}" for i in range(12)]
DATA = XrayDataset((IMAGES, TARGETS), ids=IDS)
PANEL = noise.Detector("mine", 0.2, 0.5, 800, 4000, 0.1, source="flat fields of March")
TABLE = noise.TableResponse([0.0, 0.5, 1.0], [1.0, 0.2, 0.01])


def roughness(images: torch.Tensor) -> torch.Tensor:
    """Probabilities that any change of the noise changes."""
    return ((images[..., 1:] - images[..., :-1]) ** 2).mean((1, 2, 3)).clamp(0, 1)


def run(data: Any = DATA, **words: Any) -> LadderResult:
    return evaluate(
        roughness, data, outputs="probabilities", strips=0, metrics=("auroc",), seed=4, **words
    )


SETTINGS: dict[str, dict[str, Any]] = {
    "every word": {
        "detector": "csi-0.200",
        "pixel_pitch": 0.68,
        "response": "log",
        "latitude": 1.5,
        "kerma": 0.01,
        "source_noise": "none",
        "correlate": False,
    },
    "objects": {"detector": PANEL, "response": TABLE, "pixel_pitch": 0.1},
    "linear": {"response": "linear", "pixel_pitch": 0.139},
    "none": {},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
def test_the_model_sees_the_noise_of_noise_add(settings: dict[str, Any]) -> None:
    result = run(noise="lowdose", dose=[0.5, 0.1], **settings)
    for severity, dose in ((1, 0.5), (2, 0.1)):
        made = noise.add(IMAGES, "lowdose", dose=dose, ids=IDS, seed=4, **settings)
        expected = roughness(made.images).double().numpy()
        assert np.allclose(result.scores(severity=severity), expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("word", [w for w in SETTINGS["every word"] if w != "kerma"])
def test_each_setting_changes_the_noise(word: str) -> None:
    full = SETTINGS["every word"]
    others = {"detector": "csi-0.139", "pixel_pitch": 0.3, "response": "linear", "latitude": 3.0}
    changed = {**full, **others, "source_noise": "detector", "correlate": True}
    one = {**full, word: changed[word]}
    if word == "response":
        del one["latitude"]
    before, after = (run(noise="lowdose", dose=[0.1], **s) for s in (full, one))
    assert not np.allclose(before.scores(severity=1), after.scores(severity=1), rtol=1e-3)


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        ({"deviation_index": [0, -6]}, ["0 deviation index", "-6 deviation index"]),
        ({"exposure_index": (250, 62.5)}, ["250 exposure index", "62.5 exposure index"]),
        ({"air_kerma": np.array([2.5, 0.625])}, ["2.5 uGy at the detector", "0.625 uGy at the de"]),
        ({"dose": 0.25}, ["0.25 of the reference dose"]),
    ],
)
@pytest.mark.parametrize("kind", ["quantum", "lowdose"])
def test_rungs_in_every_unit_of_dose(kind: str, words: dict[str, Any], labels: list[str]) -> None:
    result = run(noise=kind, **words)
    for rung, label in zip(result.rungs[1:], labels, strict=True):
        assert rung.rung.label.startswith(label)
    last = noise.add(IMAGES, kind, dose=result.rungs[-1].rung.parameters["dose"], ids=IDS, seed=4)
    assert np.allclose(result.scores(severity=len(labels)), roughness(last.images).double())


def test_electronic_has_its_dose_as_a_setting() -> None:
    result = run(noise="electronic", electrons=[6000], dose=0.1)
    assert result.rungs[1].rung.parameters == {"electrons": 6000}
    assert "6,000 electrons rms at 0.1 of the reference dose" in result.rungs[1].rung.reading
    assert result.settings["noise_settings"]["dose"] == 0.1
    made = noise.add(IMAGES, "electronic", electrons=6000, dose=0.1, ids=IDS, seed=4)
    assert np.allclose(result.scores(severity=1), roughness(made.images).double())


def test_settings_are_recorded_as_json() -> None:
    result = run(noise="lowdose", dose=[0.5], **SETTINGS["objects"])
    stored = json.loads(json.dumps(result.to_dict()))["settings"]["noise_settings"]
    panel = stored.pop("detector")
    assert panel["type"] == "Detector"
    assert {name: panel[name] for name in ("name", "pixel_pitch", "gain", "readout", "source")} == {
        "name": "mine",
        "pixel_pitch": 0.2,
        "gain": 800,
        "readout": 4000,
        "source": "flat fields of March",
    }
    assert stored == {
        "response": {
            "type": "TableResponse",
            "points": [0.0, 0.5, 1.0],
            "exposures": [1.0, 0.2, 0.01],
        },
        "pixel_pitch": 0.1,
        "kerma": 2.5,
        "correlate": True,
        "source_noise": "detector",
    }
    back = LadderResult.from_dict(json.loads(json.dumps(result.to_dict())))
    assert back.rungs[1].rung == result.rungs[1].rung


def test_the_record_has_the_defaults_in_numbers() -> None:
    assert run(noise="quantum", severities=[1]).settings["noise_settings"] == {
        "detector": "csi-0.139",
        "response": "log",
        "latitude": 2.0,
        "kerma": 2.5,
        "correlate": True,
    }
    assert run(noise="gaussian", severities=[1]).settings["noise_settings"] == {}


def test_a_profile_file_is_recorded_with_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "panel.toml"
    file.write_text(
        '["ours"]\npixel_pitch = 0.2\nefficiency = 0.5\ngain = 800\nreadout = 4000\nmtf = 0.1\n'
    )
    stored = run(noise="lowdose", dose=[0.5], detector=file).settings["noise_settings"]
    assert stored["detector"]["name"] == "ours"
    assert stored["detector"]["efficiency"] == 0.5


def test_readings_tell_the_assumptions() -> None:
    reading = run(noise="lowdose", dose=[0.25], pixel_pitch=0.68, kerma=5).rungs[1].rung.reading
    assert "0.25 of the reference dose (DI -6.02, EI 125, 1.25 uGy)" in reading
    assert "on csi-0.139 at a reference of 5 uGy" in reading
    assert "quanta detected per pixel of 0.68 mm" in reading
    assert (
        "display values taken as logarithmic over 2 decades of exposure, an assumption for 8-bit "
        "images" in reading
    )


@pytest.mark.parametrize("kind", ["poisson", "gaussian", "poisson+gaussian"])
def test_the_pitch_sets_the_reading_of_stress_rungs(kind: str) -> None:
    plain, pitched = run(noise=kind), run(noise=kind, pixel_pitch=0.68)
    assert all("at 224 px over 35 cm" in rung.rung.reading for rung in plain.rungs[1:])
    assert all("at a pixel pitch of 0.68 mm" in rung.rung.reading for rung in pitched.rungs[1:])
    assert pitched.settings["pixel_pitch"] == 0.68
    for severity in plain.severities:
        assert np.array_equal(plain.scores(severity=severity), pitched.scores(severity=severity))


def test_the_pitch_of_the_request_goes_before_that_of_the_data() -> None:
    data = XrayDataset((IMAGES, TARGETS), ids=IDS, pixel_pitch=0.139)
    of_data = run(data, noise="lowdose", dose=[0.1])
    assert "per pixel of 0.139 mm" in of_data.rungs[1].rung.reading
    said = run(data, noise="lowdose", dose=[0.1], pixel_pitch=0.68)
    assert "per pixel of 0.68 mm" in said.rungs[1].rung.reading
    alone = run(noise="lowdose", dose=[0.1], pixel_pitch=0.68)
    assert np.array_equal(said.scores(severity=1), alone.scores(severity=1))
    assert not np.array_equal(said.scores(severity=1), of_data.scores(severity=1))


def test_the_pitch_of_the_data_serves_a_kerma() -> None:
    data = XrayDataset((IMAGES, TARGETS), ids=IDS, pixel_pitch=0.139)
    assert (
        "reference of 5 uGy"
        in run(data, noise="quantum", dose=[0.1], kerma=5).rungs[1].rung.reading
    )
    with pytest.raises(SpecError, match="kerma=5 uGy needs pixel_pitch="):
        run(noise="quantum", dose=[0.1], kerma=5)


BAD: list[tuple[dict[str, Any], str]] = [
    (
        {"noise": "lowdose", "detectr": "csi-0.139"},
        "unknown word 'detectr'; did you mean 'detector",
    ),
    ({"noise": "lowdose", "detector": "csi-0.13"}, "unknown detector .*did you mean 'csi-0.139'"),
    ({"noise": "lowdose", "source_noise": "non"}, "unknown source_noise .*did you mean 'none'"),
    ({"noise": "lowdose", "response": "lin"}, "unknown response .*did you mean 'linear'"),
    ({"noise": "lowdose", "latitude": 0}, "setting of noise 'lowdose': latitude=0: expected"),
    ({"noise": "lowdose", "kerma": -1}, "setting of noise 'lowdose': kerma=-1: expected"),
    ({"noise": "lowdose", "pixel_pitch": [0.1]}, r"pixel_pitch=\[0.1\]: expected a number"),
    ({"noise": "poisson", "pixel_pitch": 0}, "setting of noise 'poisson': pixel_pitch=0"),
    ({"noise": "poisson", "detector": "csi-0.139"}, "it belongs to 'quantum', 'electronic', 'low"),
    ({"noise": "quantum", "source_noise": "none"}, "it belongs to 'lowdose'; 'quantum' takes dose"),
    ({"noise": "electronic", "dose": [1, 0.5]}, r"dose=\[1, 0.5\]: expected a number"),
    ({"noise": "lowdose", "dose": [1], "air_kerma": [1]}, "dose= and air_kerma= say the same"),
    ({"noise": "lowdose", "deviation_index": [1]}, "deviation_index=1 is dose=1.2"),
    ({"noise": "lowdose", "dose": [0.5], "ladder": "deviation-index"}, "not both"),
    ({"noise": "lowdose", "max_auroc_drop": {1: 0.1}}, "is a limit"),
    ({"noise": "lowdoes"}, "did you mean 'lowdose'"),
]


@pytest.mark.parametrize(("words", "match"), BAD)
def test_bad_words_are_refused_before_any_image(words: dict[str, Any], match: str) -> None:
    with pytest.raises(SpecError, match=match):
        run(None, **words)


def test_a_request_is_checked_when_it_is_made() -> None:
    request = LadderRequest("lowdose", settings={"pixel_pitch": 0.1}, parameters={"dose": (0.5,)})
    assert request.kind == noise.get("lowdose").configured(pixel_pitch=0.1)
    assert request.pixel_pitch == 0.1
    with pytest.raises(SpecError, match="did you mean 'correlate'"):
        LadderRequest("lowdose", settings={"corelate": False})
    with pytest.raises(SpecError, match="'latitude' for a rung: it is a setting"):
        LadderRequest("lowdose", parameters=own_rungs({"latitude": 2}))


@dataclass(frozen=True, kw_only=True)
class Veil(noise.NoiseKind):
    """A kind of a user's own, with a setting of each sort."""

    colour: Any = "grey"
    table: Any = None

    name = "veil"
    parameters = (noise.Parameter("density", "of full scale", high=1.0),)
    ladders = {"imagenet-c": {"density": (0.1,)}}  # noqa: RUF012

    def apply(
        self,
        image: npt.NDArray[np.float32],
        field: noise.Field,
        parameters: Mapping[str, float],
    ) -> npt.NDArray[np.float32]:
        return image


def test_settings_of_any_sort_are_told_in_words() -> None:
    assert described(Veil()) == {"colour": "grey"}
    told = described(Veil(colour=len, table=np.linspace(0, 1, 500)))["table"]
    assert told.startswith("500 numbers from 0 to 1, sha256 ")
    assert described(Veil(table=np.linspace(0, 2, 500)))["table"] != told
    assert plain_value(np.float32(0.5)) == 0.5
    assert plain_value({1: {2, 1}, "a": float("inf")}) == {"1": [1, 2], "a": "inf"}
    assert plain_value(object()) == "builtins.object"
    assert plain_value(roughness).endswith("test_settings_of_kinds.roughness")
    assert plain_value(Path("panel.toml")) == "panel.toml"
