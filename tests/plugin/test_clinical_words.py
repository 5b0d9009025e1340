"""The clinical noises in the marker and in the fixture ``xraynoise``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_xraynoise import noise, robust
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.plugin.marker import RobustCase, parse_marker
from pytest_xraynoise.plugin.settings import resolve
from tests.plugin.conftest import read_tests, stdout


def cases(**words: Any) -> tuple[RobustCase, ...]:
    mark = robust(max_auroc_drop=0.02, **words).mark
    return parse_marker(mark, lambda name, said: resolve(name, marker=said))


def test_every_word_reaches_the_request() -> None:
    words = {
        "detector": "csi-0.139",
        "pixel_pitch": 0.68,
        "response": "log",
        "latitude": 2.0,
        "kerma": 2.5,
        "source_noise": "none",
        "correlate": False,
    }
    (case,) = cases(noise="lowdose", dose=[1, 0.5, 0.25], **words)
    assert case.request.settings == words
    assert case.request.kind == noise.get("lowdose").configured(**words)
    assert [rung.parameter for rung in case.request.rungs] == [None, 1, 0.5, 0.25]


@pytest.mark.parametrize("kind", ["quantum", "lowdose"])
@pytest.mark.parametrize(
    ("words", "unit"),
    [
        ({"deviation_index": [0, -1, -3, -6, -10]}, "deviation index"),
        ({"exposure_index": [250, 125, 62.5]}, "exposure index"),
        ({"air_kerma": [2.5, 1.25]}, "uGy at the detector"),
    ],
)
def test_rungs_in_every_unit_of_dose(kind: str, words: dict[str, Any], unit: str) -> None:
    (case,) = cases(noise=kind, **words)
    assert [rung.parameter for rung in case.request.rungs[1:]] == next(iter(words.values()))
    assert {rung.unit for rung in case.request.rungs} == {unit}


def test_a_setting_goes_to_the_noises_that_have_it() -> None:
    lowdose, poisson = cases(noise=["lowdose", "poisson"], detector="gos-0.150", pixel_pitch=0.3)
    assert lowdose.request.settings == {"detector": "gos-0.150", "pixel_pitch": 0.3}
    assert poisson.request.settings == {"pixel_pitch": 0.3}
    assert "at a pixel pitch of 0.3 mm" in poisson.request.rungs[1].reading


def test_a_word_is_a_rung_of_one_noise_and_a_setting_of_another() -> None:
    lowdose, electronic = cases(noise=["lowdose", "electronic"], dose=0.5)
    assert [rung.parameter for rung in lowdose.request.rungs] == [None, 0.5]
    assert electronic.request.settings == {"dose": 0.5}
    assert len(electronic.request.rungs) == 6


def test_own_rungs_of_several_noises() -> None:
    poisson, gaussian = cases(noise=["poisson", "gaussian"], photons=[50, 5], sigma=[0.1])
    assert [rung.parameter for rung in poisson.request.rungs] == [None, 50, 5]
    assert [rung.parameter for rung in gaussian.request.rungs] == [None, 0.1]


def test_objects_are_settings_too() -> None:
    panel = noise.Detector("mine", 0.2, 0.5, 800, 4000, 0.1)
    (case,) = cases(noise="quantum", detector=panel, response=noise.LogResponse(1.5))
    assert case.request.kind == noise.get("quantum").configured(
        detector=panel, response=noise.LogResponse(1.5)
    )


BAD: list[tuple[dict[str, Any], str]] = [
    ({"noise": "poisson", "detector": "csi-0.139"}, "it belongs to 'quantum', 'electronic', 'low"),
    ({"noise": ["poisson", "gaussian"], "kerma": 2}, "'poisson', 'gaussian': it belongs to 'quan"),
    ({"noise": ["poisson", "gaussian"], "photons": [5]}, "'gaussian', which would run its whole"),
    ({"noise": ["lowdose", "electronic"], "dose": [1, 0.5]}, r"'electronic': dose=\[1, 0.5\]: exp"),
    ({"noise": "lowdose", "dose": [1], "exposure_index": [5]}, "dose= and exposure_index= say the"),
    ({"noise": "lowdose", "detector": "csi"}, "unknown detector 'csi'; did you mean 'csi-0"),
    ({"noise": "lowdose", "source_noise": "nome"}, "did you mean 'none'"),
    ({"noise": "lowdose", "sorce_noise": "none"}, "'sorce_noise'; did you mean 'source_noise'"),
    ({"noise": "lowdose", "deviation_idex": [-3]}, "did you mean 'deviation_index'"),
    ({"noise": "lowdose", "dose": [0.5, "x"]}, "expected finite numbers, got 'x'"),
    ({"noise": "lowdose", "dose": [2]}, "can only be brought to a lower dose"),
    ({"noise": "lowdose", "response": "linear", "latitude": 2.0}, "belongs to response='log'"),
]


@pytest.mark.parametrize(("words", "match"), BAD)
def test_bad_words(words: dict[str, Any], match: str) -> None:
    mark = pytest.mark.robust(max_auroc_drop=0.02, **words).mark
    with pytest.raises(SpecError, match=match):
        parse_marker(mark, lambda name, said: resolve(name, marker=said))


def test_a_bad_value_is_an_error_at_collection(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="lowdose", latitude=0, detector="csi-0.139", max_auroc_drop=0.05)
        def test_it(): ...
        """
    )
    result = repo.runpytest_inprocess("--collect-only")
    text = stdout(result)
    assert "test_it: @robust: setting of noise 'lowdose': latitude=0: expected" in text
    assert "INTERNALERROR" not in text
    assert "Traceback" not in text
    assert result.ret not in (pytest.ExitCode.OK, pytest.ExitCode.INTERNAL_ERROR)


REPO = """
from pytest_xraynoise import noise, robust

PANEL = noise.Detector("ours", 0.2, 0.5, 800, 4000, 0.1)


@robust(noise="lowdose", deviation_index=[0, -20], detector=PANEL, pixel_pitch=0.05,
        response=noise.LogResponse(1.5), source_noise="none", correlate=False, model="texture",
        max_accuracy_drop={2: 0.1})
def test_dose(): ...


@robust(noise="poisson", pixel_pitch=0.68, severities=[1], max_auroc_drop=0.9)
def test_stress(): ...


def test_by_hand(xraynoise, bright, xray_dataset):
    result = xraynoise.evaluate(bright, xray_dataset, noise="quantum", air_kerma=[2.5, 1.25],
                                detector="gos-0.150", response="linear", strips=0)
    assert result.rungs[2].rung.label == "1.25 uGy at the detector"
    assert result.settings["noise_settings"]["response"] == "linear"
    xraynoise.check(result, max_auroc_drop=0.5)


def test_typo_by_hand(xraynoise, bright, xray_dataset):
    xraynoise.evaluate(bright, xray_dataset, noise="quantum", detectr="gos-0.150")
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Filled by the first test that runs the repository; one run serves all."""
    return {}


@pytest.fixture
def outcome(repo: pytest.Pytester, ran: dict[str, Any]) -> dict[str, Any]:
    if not ran:
        repo.makepyfile(test_clinical=REPO)
        result = repo.runpytest_subprocess(
            "-n", "2", "--xraynoise-json=out.json", "--xraynoise-report=out.html"
        )
        ran["text"] = stdout(result)
        ran["outcomes"] = result.parseoutcomes()
        ran["html"] = (repo.path / "out.html").read_text(encoding="utf-8")
        ran["tests"] = read_tests(repo.path / "out.json")
    return ran


def test_the_outcomes(outcome: dict[str, Any]) -> None:
    assert outcome["outcomes"]["failed"] == 2, outcome["text"]
    assert outcome["outcomes"]["passed"] == 2
    assert "unknown word 'detectr'; did you mean 'detector'" in outcome["text"]


def test_objects_survive_the_workers_and_json(outcome: dict[str, Any]) -> None:
    test = outcome["tests"]["test_dose[lowdose]"]
    settings = test["settings"]["noise_settings"]
    assert settings["detector"]["name"] == "ours"
    assert settings["detector"]["readout"] == 4000
    assert settings["response"] == {"type": "LogResponse", "latitude": 1.5}
    assert settings["source_noise"] == "none"
    assert settings["correlate"] is False
    assert settings["pixel_pitch"] == 0.05
    assert [(rung["parameter"], rung["unit"]) for rung in test["rungs"]] == [
        (None, "deviation index"),
        (0, "deviation index"),
        (-20, "deviation index"),
    ]
    assert test["rungs"][2]["parameters"] == {"dose": 0.01}
    json.dumps(settings)


def test_the_stress_rungs_read_at_the_pitch(outcome: dict[str, Any]) -> None:
    rung = outcome["tests"]["test_stress[poisson]"]["rungs"][1]
    assert "at a pixel pitch of 0.68 mm" in rung["reading"]


def test_the_terminal_tells_dose_and_assumption(outcome: dict[str, Any]) -> None:
    text = " ".join(outcome["text"].split())
    assert "-20 deviation index" in text
    assert "0.01 of the reference dose (DI -20, EI 2.5, 0.025 uGy) on ours" in text
    assert "taken as logarithmic over 1.5 decades of exposure, an assumption for 8-bit" in text


def test_the_page_tells_the_settings_to_repeat_it(outcome: dict[str, Any]) -> None:
    page = outcome["html"]
    assert "an assumption for 8-bit images" in page
    told = next(part for part in page.split("<dt>noise settings</dt>") if "LogResponse" in part)
    told = told[: told.index("</dd>")]
    for part in ("ours", "readout", "4000", "latitude 1.5", "source_noise none"):
        assert part in told
