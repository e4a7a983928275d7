"""C5: tables as spreadsheets of many countries save them."""

import codecs
from collections.abc import Callable
from pathlib import Path

import pytest

from warmstart.data.csv_table import Dialect, read_csv
from warmstart.data.encodings import decode_text
from warmstart.data.fixes import read_fixes
from warmstart.errors import DataError, SettingError

TEXTS = [
    ("cp1252", "name,label\né.jpg,Gänseblümchen\nb.jpg,Löwenzahn\n"),
    ("cp1252", "name,label\na.jpg,crème brûlée\nb.jpg,piña – 3 €\n"),
    ("mac-roman", "name,label\na.jpg,Gänseblümchen\nb.jpg,Löwenzahn\n"),
    ("cp1250", "name,label\na.jpg,żółw\nb.jpg,pies\nc.jpg,święto\n"),
    ("cp1251", "имя,метка\na.jpg,кошка\nb.jpg,собака\n"),
    ("cp1253", "name,label\na.jpg,γάτα\nb.jpg,σκύλος\n"),
    ("cp1254", "name,label\na.jpg,çiçek\nb.jpg,ağaç\nc.jpg,kuş\n"),
    ("gb18030", "名称,标签\na.jpg,猫\nb.jpg,狗\n"),
    ("gb18030", "name,label\na.jpg,郁金香\nb.jpg,玫瑰\n"),
    ("big5", "name,label\na.jpg,向日葵\nb.jpg,玫瑰\nc.jpg,貓\n"),
    ("cp932", "name,label\na.jpg,ひまわり\nb.jpg,桜\n"),
    ("cp932", "name,label\na.jpg,ネコ\nb.jpg,イヌ\n"),
    ("cp949", "name,label\na.jpg,장미\nb.jpg,해바라기\n"),
    ("utf-16-le", "name,label\na.jpg,cat\nb.jpg,dög\n"),
    ("utf-16-be", "name,label\na.jpg,cat\nb.jpg,猫\n"),
]
PATH = Path("labels.csv")


@pytest.mark.parametrize(("encoding", "text"), TEXTS)
def test_the_fix_names_the_encoding_and_works(encoding: str, text: str) -> None:
    content = text.encode(encoding)
    with pytest.raises(DataError) as caught:
        decode_text(content, PATH)
    assert f'encoding="{encoding}"' in caught.value.fix
    assert caught.value.flags == ("--encoding", encoding)
    assert decode_text(content, PATH, encoding) == text


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
    ],
)
def test_a_byte_order_mark_says_it(mark: bytes, encoding: str) -> None:
    text = "name,label\na.jpg,猫 cat\n"
    assert decode_text(mark + text.encode(encoding), PATH) == text
    assert decode_text(mark + text.encode(encoding), PATH, encoding) == text


@pytest.mark.parametrize("name", ["utf8x", "cp125", "latin", "hex", "rot13", ""])
def test_an_unknown_encoding_is_refused(name: str) -> None:
    if name == "latin":  # Python knows it as latin-1
        assert decode_text(b"\xe9", PATH, name) == "é"
        return
    with pytest.raises(SettingError, match="no encoding"):
        decode_text(b"a", PATH, name)


def test_a_table_of_excel_is_read(make: Callable[..., Path]) -> None:
    root = make(*(f"ä{i}.jpg" for i in range(4)))
    path = root.parent / "labels.csv"
    text = "name;label\r\n" + "".join(f"ä{i}.jpg;{'x' if i % 2 else 'ü'}\r\n" for i in range(4))
    path.write_bytes(text.encode("cp1252"))
    table = read_csv(path, root, dialect=Dialect(delimiter=";", encoding="cp1252"), val_idxs=[2, 3])
    assert table.classes == ("x", "ü")


def test_fixes_that_a_spreadsheet_saved_are_read(tmp_path: Path) -> None:
    path = tmp_path / "fixes.csv"
    path.write_bytes("name;action;label\r\nGänse.jpg;drop;\r\n".encode("cp1252"))
    assert [(fix.name, fix.action) for _, fix in read_fixes(path)] == [("Gänse.jpg", "drop")]
