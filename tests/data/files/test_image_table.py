from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pytest_xraynoise.data import ImageTable, LeftOutWarning, open_source
from pytest_xraynoise.errors import DataError, SpecError

from . import layouts

FILES = ("a.png", "sub/b.png", "c.png")
ONE = "file,label,patient,split\na.png,sick,1,test\nsub/b.png,well,1,train\nc.png,sick,2,test\n"
WORDS = "Image Index;Finding Labels\na.png;Mass|Nodule\nsub/b.png;No Finding\nc.png;Nodule\n"
NUMBERS = "filename,Mass,Nodule,age\na.png,1,0,50\nsub/b.png,0,1,60\nc.png,-1,,70\n"


def test_one_column_of_classes(tmp_path: Path) -> None:
    data = ImageTable(layouts.table(tmp_path, ONE, FILES))
    assert data.labels == ("sick", "well")
    assert [item["target"] for item in data] == [0, 1, 0]
    assert data.ids == FILES
    assert data.groups == ("1", "1", "2")
    assert np.array_equal(data[1]["image"][0] * 255, layouts.grey(1))
    turned = ImageTable(tmp_path, classes=("well", "sick"), channels=3, resize=(8, 9))
    assert [item["target"] for item in turned] == [1, 0, 1]
    (batch,) = open_source(turned)
    assert tuple(batch.parts[0].unit.shape) == (3, 3, 32, 32)


def test_rows_of_a_split(tmp_path: Path) -> None:
    root = layouts.table(tmp_path, ONE, FILES)
    assert ImageTable(root, split="test").ids == ("a.png", "c.png")
    assert ImageTable(root, split="1", split_column="Patient").ids == FILES[:2]
    with pytest.raises(SpecError, match=r"split 'tset'; did you mean 'test'"):
        ImageTable(root, split="tset")
    layouts.table(root, WORDS)
    with pytest.raises(DataError, match=r"has no column named split, only Image Index, Finding"):
        ImageTable(root, split="test")


def test_findings_between_bars(tmp_path: Path) -> None:
    data = ImageTable(layouts.table(tmp_path, WORDS, FILES))
    assert data.labels == ("Mass", "Nodule")
    assert [tuple(item["target"]) for item in data] == [(1, 1), (0, 0), (0, 1)]
    assert data.groups == FILES


def test_columns_of_numbers(tmp_path: Path) -> None:
    data = ImageTable(layouts.table(tmp_path, NUMBERS, FILES))
    assert data.labels == ("Mass", "Nodule")
    assert np.array_equal(
        np.stack([item["target"] for item in data]),
        np.array([(1, 0), (0, 1), (np.nan, np.nan)], np.float32),
        equal_nan=True,
    )
    assert "not labelled (empty, -1 or NaN): Mass 1, Nodule 1" in str(data.intake)
    assert ImageTable(tmp_path, label=["Nodule", "Mass"]).labels == ("Nodule", "Mass")
    assert ImageTable(tmp_path, label=["mass", "nodule"], classes=["Nodule"]).labels == ("Nodule",)


@pytest.mark.parametrize("text", [WORDS, NUMBERS], ids=["words", "numbers"])
def test_a_pair_of_findings(tmp_path: Path, text: str) -> None:
    data = ImageTable(layouts.table(tmp_path, text, FILES), contrast=("Nodule", "Mass"))
    expected = {"words": [("c.png", 1)], "numbers": [("a.png", 0), ("sub/b.png", 1)]}
    found = [(item["id"], item["target"]) for item in data]
    assert found == expected["words" if text is WORDS else "numbers"]
    assert data.labels == ("Nodule vs Mass",)


def test_a_pair_of_classes(tmp_path: Path) -> None:
    text = "file,label\na.png,bacterial\nsub/b.png,viral\nc.png,normal\n"
    data = ImageTable(layouts.table(tmp_path, text, FILES), contrast=("viral", "bacterial"))
    assert [(item["id"], item["target"]) for item in data] == [("a.png", 0), ("sub/b.png", 1)]


def test_columns_are_said_or_made_out(tmp_path: Path) -> None:
    text = "where,what,who\na.png,sick,x\nc.png,well,y\n"
    root = layouts.table(tmp_path, text, FILES)
    data = ImageTable(root, label="what", group="who")
    assert data.ids == ("a.png", "c.png")
    assert data.groups == ("x", "y")
    assert ImageTable(root, file="WHERE", label="What").ids == data.ids
    with pytest.raises(DataError, match=r"unknown label column 'waht'; did you mean 'what'"):
        ImageTable(root, label="waht")
    with pytest.raises(DataError, match=r"unknown file column 'wher'; did you mean 'where'"):
        ImageTable(root, file="wher", label="what")
    with pytest.raises(
        DataError, match=r"no column of labels among where, what, who; .*label='...'"
    ):
        ImageTable(root)
    layouts.table(root, "where,label\nz.png,1\n")
    with pytest.raises(DataError, match=r"no column of file names among where, label"):
        ImageTable(root)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_kept(tmp_path: Path, suffix: str) -> None:
    wide = (layouts.grey(0).astype(np.uint16) << 8) + layouts.grey(1)
    root = layouts.table(tmp_path, f"file,label\na.{suffix},x\n")
    Image.fromarray(wide).save(root / f"a.{suffix}")
    image = ImageTable(root)[0]["image"]
    assert np.allclose(image[0], wide / 65535, atol=1e-7)
    assert len(np.unique(image)) == len(np.unique(wide))


def test_rows_without_a_file_are_counted_and_listed(tmp_path: Path) -> None:
    root = layouts.table(tmp_path, ONE, FILES[:1])
    with pytest.raises(DataError, match=r"file not found: 2 \(sub/b.png, c.png\), of 3 samples"):
        ImageTable(root)
    with pytest.warns(LeftOutWarning, match=r"1 of 3 samples; left out, file not found: 2 \(sub/b"):
        assert len(ImageTable(root, on_missing="skip")) == 1


def test_labels_that_are_none_are_told(tmp_path: Path) -> None:
    root = layouts.table(tmp_path, ONE.replace("well", ""), FILES)
    with pytest.raises(DataError, match=r"no label: 1 \(sub/b.png\)"):
        ImageTable(root)
    layouts.table(root, ONE)
    with pytest.raises(DataError, match=r"unknown label 'well' \(did you mean 'wel'\?\): 1"):
        ImageTable(root, classes=("sick", "wel"))
    with pytest.warns(LeftOutWarning, match=r"2 of 3"):
        assert len(ImageTable(root, classes=("sick", "wel"), on_odd="skip")) == 2
    layouts.table(root, NUMBERS.replace("0,1,60", "0,0.5,60"))
    with pytest.raises(DataError, match=r"Nodule is '0.5'; expected 0, 1, or -1"):
        ImageTable(root, label=["Mass", "Nodule"])
    with pytest.raises(SpecError, match=r"classes='sick': expected one or more different names"):
        ImageTable(layouts.table(root, ONE), classes="sick")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("file,label\n", "holds a header and no line below it"),
        ("file,file\na,b\n", "names the column 'file' twice"),
        ("file,,label\na,b,c\n", "has a column without a name"),
        ("file,label\na.png\n", "line 2 of .* has 1 cells; expected 2: file, label"),
        ("file,label\na.png,x,y\n", "line 2 of .* has 3 cells; expected 2"),
        ("file,label\na.png,x\na.png,y\n", "names 'a.png' twice, in lines 2 and 3"),
        ("file,label\n,x\n", "line 2 of the table names no file in 'file'"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        ImageTable(layouts.table(tmp_path, text, FILES))


def test_a_folder_without_a_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected \*.csv in .*, which holds no csv file"):
        ImageTable(tmp_path)
    with pytest.raises(DataError, match=r"cannot read the table .*: No such file"):
        ImageTable(tmp_path, table="labels.csv")
    (tmp_path / "labels.csv").write_bytes(b"file,label\n\xff\xfe,x\n")
    with pytest.raises(DataError, match=r"it is no UTF-8 text"):
        ImageTable(tmp_path)


def test_words_in_other_capitals_are_one_label(tmp_path: Path) -> None:
    text = "file,label\na.png,Mass\nsub/b.png,normal\nc.png,mass\n"
    data = ImageTable(layouts.table(tmp_path, text, FILES))
    assert (data.labels, [item["target"] for item in data]) == (("Mass", "normal"), [0, 1, 0])
    text = "file,label\na.png,Mass|Pleural Thickening\nsub/b.png,no finding\n"
    data = ImageTable(layouts.table(tmp_path, text + "c.png,pleural_thickening\n", FILES))
    assert data.labels == ("Mass", "Pleural Thickening")
    assert [item["target"].tolist() for item in data] == [[1, 1], [0, 0], [0, 1]]


def test_a_file_under_two_spellings_is_refused(tmp_path: Path) -> None:
    text = "file,label\na.png,sick\n./a.png,sick\nc.png,well\n"
    with pytest.raises(DataError, match=r"names 'a.png' twice, in lines 2 and 3"):
        ImageTable(layouts.table(tmp_path, text, FILES))


def test_a_line_break_in_a_cell_is_none_between_rows(tmp_path: Path) -> None:
    text = 'file,note,label\na.png,"two\nlines","pleural\neffusion"\nsub/b.png,\x0b,well\nc.png,x\n'
    root = layouts.table(tmp_path, text, FILES)
    with pytest.raises(DataError, match=r"line 6 of .* has 2 cells; expected 3"):
        ImageTable(root)
    layouts.table(root, text.replace("c.png,x", "c.png,x,well"))
    assert ImageTable(root).labels == ("pleural\neffusion", "well")
