"""Encoding, delimiter and header of a text file are found as its owner meant them, and its lines stay what they are."""

import gzip
import io
import json

import pytest
from reading import text
from reading.text import described, description, encoding_of, in_utf8

CYRILLIC = "имя;город\nЁлкина;Ярославль\nЩёголев «Младший» — №2;Рыбинск\n"
WESTERN = "name;city\nMüller;Köln\nMuñoz;Málaga\n"
CP1251 = bytes(code for code in range(128, 256) if code != 0x98)
CP1252 = bytes(code for code in range(128, 256) if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D))


def encoding(data):
    return encoding_of(io.BytesIO(data))


def read(data, delimiter=None, headerless=None):
    return described(io.BytesIO(data), delimiter, headerless)


@pytest.mark.parametrize(
    ("content", "codec", "expected"),
    [
        (CYRILLIC, "utf-8", "utf-8"),
        (CYRILLIC, "utf-8-sig", "utf-8"),
        (CYRILLIC, "cp1251", "cp1251"),
        (WESTERN, "cp1252", "cp1252"),
        (WESTERN, "utf-16", "utf-16"),
        (WESTERN, "utf-16-le", "utf-16-le"),
        (WESTERN, "utf-16-be", "utf-16-be"),
        (CYRILLIC, "utf-16-le", "utf-16-le"),
        (CYRILLIC, "utf-16-be", "utf-16-be"),
        (WESTERN, "utf-32", "utf-32"),
        (CYRILLIC, "utf-32-le", "utf-32-le"),
        (WESTERN, "utf-32-be", "utf-32-be"),
        ("a\n", "ascii", "utf-8"),
        ("id,city\n1,a\0b\n", "ascii", "utf-8"),
        ("id\n" + "\0" * 99, "ascii", "utf-8"),
        ("", "ascii", "utf-8"),
        ("\0\0\0\0", "ascii", "utf-8"),
    ],
)
def test_the_encoding_is_told_by_the_bytes(content, codec, expected):
    assert encoding(content.encode(codec)) == expected
    assert in_utf8(content.encode(codec), expected).decode() == content


def test_a_letter_cut_in_half_costs_its_line_alone():
    lines = CYRILLIC.encode().split(b"\n")
    lines[1] = lines[1][:-1]
    data = b"\n".join([*lines, "Кёльн".encode()])
    assert encoding(data) == "broken utf-8"
    first, second, *rest = in_utf8(data, "broken utf-8").decode().split("\n")
    assert (first, second) == ("имя;город", "\ufffd;\ufffd")
    assert rest == CYRILLIC.split("\n")[2:] + ["Кёльн"]
    # with its mark a file says that it is UTF-8, however much of it is not
    assert encoding(b"\xef\xbb\xbf" + CYRILLIC.encode("cp1251")) == "broken utf-8"


def test_encodings_that_are_mixed_are_told_from_one_code_page():
    western, cyrillic = (
        text.encode(codec) for text, codec in ((WESTERN, "cp1252"), (CYRILLIC, "cp1251"))
    )
    assert encoding(western * 3 + WESTERN.encode()) == "broken utf-8"
    assert encoding(cyrillic * 99 + "Кёльн\n".encode()) == "cp1251"


@pytest.mark.parametrize(
    ("content", "codec", "is_wrong"),
    [
        (WESTERN + "naïve L’Été Mª Ångström's Paral·lel Cœur ÉCOLE\n", "cp1252", False),
        (CYRILLIC + "ООО «Ромашка» №1 Ёжик-и-Ко ЩЁГОЛЕВ Київ\n", "cp1251", False),
        (WESTERN, "mac-roman", True),
        (WESTERN, "cp850", True),
        ("имя;город\nЁлкина;Ярославль\nЩёголев;Рыбинск\n", "koi8-r", True),
        (CYRILLIC.replace("«", "").replace("»", "").replace("—", ""), "cp866", True),
        ("id;city\n1;Wrocław\n2;Łódź\n", "iso8859-2", True),
        ("id;city\n1;Αθήνα\n", "cp1253", True),
    ],
)
def test_letters_of_another_code_page_look_wrong(content, codec, is_wrong):
    assert read(content.encode(codec))["has_wrong_letters"] is is_wrong


def test_where_an_invalid_byte_lies_does_not_matter(monkeypatch):
    monkeypatch.setattr(text, "CHUNK", 7)  # so that letters lie across chunks
    assert encoding(CYRILLIC.encode()) == "utf-8"
    assert encoding(CYRILLIC.encode() + b"\xd0") == "broken utf-8"
    assert in_utf8(CYRILLIC.encode("utf-16"), "utf-16").decode() == CYRILLIC


@pytest.mark.parametrize(("codec", "letters"), [("cp1251", CP1251), ("cp1252", CP1252)])
def test_every_letter_of_a_code_page_is_read(codec, letters):
    assert in_utf8(letters, codec).decode() == letters.decode(codec)


def test_a_byte_without_a_letter_is_marked():
    assert in_utf8(b"a\x98b", "cp1251").decode() == "a\ufffdb"


def test_line_ends_become_one():
    assert in_utf8(b"\xef\xbb\xbfa\r\nb\rc\nd\r\n\r\n", "utf-8") == b"a\nb\nc\nd\n\n"
    assert in_utf8("a\r\nb\rc".encode("utf-16"), "utf-16") == b"a\nb\nc"


def test_packed_files_are_unpacked():
    packed = gzip.compress(CYRILLIC.encode("cp1251"))
    assert in_utf8(packed, "cp1251").decode() == CYRILLIC
    answer = json.loads(description(packed, '{"delimiter": null, "headerless": null}'))
    assert answer["header"] == ["имя", "город"] and answer["encoding"] == "cp1251"


@pytest.mark.parametrize(
    ("content", "delimiter", "header", "line"),
    [
        ("a,b\n1,2\n", ",", ["a", "b"], 1),
        ("a;b,c;d\n", ";", ["a", "b,c", "d"], 1),
        ("a|b\n", "|", ["a", "b"], 1),
        ("a\tb\n", "\t", ["a", "b"], 1),
        ("a\n", ",", ["a"], 1),
        ("\ufeff \r\r\n'a';b \n", ";", ["'a'", "b"], 3),
        ('"a; b; c","d"\n', ",", ["a; b; c", "d"], 1),
        (' "a" , "b\n', ",", ["a", "b"], 1),
        ("sep=|\n\na,b|c\n1|2\n", "|", ["a,b", "c"], 3),
        ("\ufeffSEP=\t\na;b\tc\n", "\t", ["a;b", "c"], 2),
        ('"sep=;";;\na;b;c,d,e,f\n', ";", ["a", "b", "c,d,e,f"], 2),
        ('"sep=:"\na,b\n', ",", ["a", "b"], 2),
        ("sep=,\na;b\n", ";", ["a", "b"], 2),
        ("\u200ba\u00a0;\ufeff'b'\u00ad\n", ";", ["a", "'b'"], 1),
    ],
)
def test_delimiter_and_header_are_found(content, delimiter, header, line):
    assert read(content.encode()) == {
        "encoding": "utf-8", "delimiter": delimiter, "header": header, "header_line": line,
        "has_wrong_letters": False,
    }  # fmt: skip


def test_a_layout_names_the_columns_of_a_file_without_a_header():
    names = [["id", "sample", "day"], ["id", "day"]]
    told = read(b"1  19970101\n2\t19970102\n1 2 3\n", " ", names)
    assert (told["header"], told["header_line"], told["delimiter"]) == (["id", "day"], 0, " ")
    assert read(b"id day\n1 2\n", " ", names)["header_line"] == 1
    assert read(b"1,2\n1,2,3\n", None, names)["header"] == ["id", "day"]  # of equally many


@pytest.mark.parametrize(
    ("content", "headerless", "words"),
    [
        (b"", None, "is empty: expected a header line."),
        (b" \n\r\n", None, "is empty: expected a header line."),
        (b"sep=,\n", None, "is empty: expected a header line."),
        (b"", [["a"]], "is empty: expected rows."),
        (
            gzip.compress(b"a" * 99, mtime=0)[:-9],
            None,
            "is packed by gzip and broken: expected a whole file.",
        ),
        (
            b"PK\x03\x04..",
            None,
            "is a ZIP archive or a workbook, not text: expected the file in it, unpacked or saved as CSV.",
        ),
        (b"BZh9", None, "is packed by bzip2: expected text, or text packed by gzip."),
        (
            gzip.compress(b"PAR1", mtime=0),
            None,
            "is a Parquet file: expected text, or the ending .parquet.",
        ),
        (
            gzip.compress(gzip.compress(b"a", mtime=0), mtime=0),
            None,
            "is packed by gzip twice: expected it once.",
        ),
        (b"1,2,3\n", [["a", "b"], ["a"]], "has no line of 2 or 1 values: expected a, b or a."),
    ],
)
def test_what_cannot_be_read_has_one_sentence(content, headerless, words):
    options = json.dumps({"delimiter": None, "headerless": headerless})
    assert json.loads(description(content, options)) == {"fault": words}
