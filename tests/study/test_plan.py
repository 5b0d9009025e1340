"""What a study is made of, and the folder that holds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.models import zoo
from pytest_xraynoise.study.folder import StudyFolder
from pytest_xraynoise.study.plan import CLASSIFIERS, SEGMENTERS, Plan


def test_the_default_study_has_every_architecture_of_the_zoo_that_it_names() -> None:
    assert set(CLASSIFIERS) <= set(zoo.names("classification"))
    assert set(SEGMENTERS) <= set(zoo.names("segmentation"))
    cells = Plan().cells()
    assert {cell.model for cell in cells} == {*CLASSIFIERS, *SEGMENTERS}
    plain = [cell for cell in cells if cell.denoiser is None]
    assert len(plain) == 11 * 4 * 2
    assert {cell.noise for cell in plain} == {"poisson", "gaussian", "poisson+gaussian", "lowdose"}
    assert len({cell.key for cell in cells}) == len({cell.nodeid for cell in cells}) == len(cells)


def test_denoisers_stand_in_front_of_clean_models_only() -> None:
    cells = [cell for cell in Plan(denoisers=("median",)).cells() if cell.denoiser]
    assert {cell.training for cell in cells} == {"clean"}
    assert {cell.noise for cell in cells} == {"poisson", "gaussian"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"models": ("resnett",)}, "did you mean 'resnet'"),
        ({"noises": ("poison",)}, "did you mean 'poisson'"),
        ({"tasks": ("segment",)}, "did you mean 'segmentation'"),
        ({"trainings": ("robbust",)}, "did you mean 'robust'"),
        ({"noises": ("poisson", "gaussian", "poisson")}, "one is there twice"),
        ({"models": ("resnet", "resnet")}, "one is there twice"),
        ({"denoisers": ("medain",)}, "did you mean 'median'"),
        ({"denoisers": ("median:4",)}, "expected an odd side"),
        ({"searched_noises": ("poison",)}, "did you mean 'poisson'"),
        ({"denoised_noises": ("poison",)}, "did you mean 'poisson'"),
        ({"size": "smal"}, "did you mean 'small'"),
        ({"epochs": 0}, "epochs=0: expected a whole number, 1 or more"),
        ({"samples": -1}, "samples=-1: expected"),
        ({"limit": 0.0}, "expected a drop between 0 and 1"),
        ({"models": ()}, "at least one model"),
        ({"models": ("unet",), "tasks": ("classification",)}, "none of the models unet is for"),
    ],
)
def test_a_word_that_makes_no_sense_is_refused(words: dict[str, object], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        Plan(**words)  # type: ignore[arg-type]


def test_a_folder_keeps_to_its_plan_but_takes_more_models(tmp_path: Path) -> None:
    StudyFolder(tmp_path / "s", Plan(models=("resnet",)))
    StudyFolder(tmp_path / "s", Plan(models=("resnet", "unet"), noises=("poisson",)))
    (tmp_path / "s" / "models").mkdir()
    with pytest.raises(SpecError, match=r"holds another study \(image_size: 112 there, 64 now\)"):
        StudyFolder(tmp_path / "s", Plan(image_size=64))


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(SpecError, match="holds no study"):
        StudyFolder(tmp_path, Plan())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_damaged_plan_is_told(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{")
    with pytest.raises(SpecError, match="cannot be read"):
        StudyFolder(tmp_path, Plan())


def test_a_study_that_never_began_gives_way(tmp_path: Path) -> None:
    StudyFolder(tmp_path / "s", Plan(data="folder:wrong"))
    again = StudyFolder(tmp_path / "s", Plan(data="folder:right"))
    assert '"folder:right"' in (again.path / "plan.json").read_text()
