"""Text files as their owners mean them: the encoding, delimiter and header of a file, and its text in UTF-8.

A file is given as a binary file that can be read again from its start, or as its bytes, packed by gzip or not.
Both engines call `description` and `in_utf8` from SQL (macro of_file).
"""

import codecs
import gzip
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

DELIMITERS = (",", ";", "\t", "|")
# of a line that is no UTF-8, what stands for its letters beyond ASCII; no value that is read may hold it
REPLACEMENT = "\ufffd".encode()
BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
BESIDE_LATIN = re.compile(rb"[A-Za-z][\xc0-\xff]|[\xc0-\xff][A-Za-z]")
BESIDE_EACH_OTHER = re.compile(rb"[\xc0-\xff]{2}")
LINES_JUDGED = (
    100_000  # lines beyond ASCII by which the encoding of a file that is no UTF-8 is told
)
CHUNK = 1 << 20

Binary = BinaryIO | gzip.GzipFile


def opened(file: Binary | bytes) -> Binary:
    """The file from its start, unpacked where it is packed by gzip."""
    file = io.BytesIO(file) if isinstance(file, (bytes, bytearray)) else file
    file.seek(0)
    is_packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if is_packed else file


def encoding_of(file: Binary) -> str:
    """How a file is encoded: utf-8, utf-16, utf-16-le, utf-16-be, broken utf-8, cp1252 or cp1251.

    utf-8 where all bytes are valid UTF-8; UTF-16 by its byte-order mark or its zero bytes; broken utf-8 where most
    lines beyond ASCII are valid, so that a letter cut in half costs its line and not the file; else cp1252 where
    letters beyond ASCII stand beside Latin ones more often than beside each other, as in Köln, and cp1251 where not.
    """
    file.seek(0)
    head = file.read(4)
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    if len(head) == 4 and not head[1] | head[3] and head[0] and head[2]:
        return "utf-16-le"
    if len(head) == 4 and not head[0] | head[2] and head[1] and head[3]:
        return "utf-16-be"
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in _chunks(file):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
        return "utf-8"
    except UnicodeDecodeError:
        pass
    file.seek(0)
    counts: Counter[str] = Counter()
    for line in file:
        if line.isascii():
            continue
        counts["valid" if _is_utf8(line) else "broken"] += 1
        counts["latin"] += len(BESIDE_LATIN.findall(line))
        counts["other"] += len(BESIDE_EACH_OTHER.findall(line))
        if counts["valid"] + counts["broken"] == LINES_JUDGED:
            break
    if head[:3] == codecs.BOM_UTF8 or counts["valid"] > counts["broken"]:
        return "broken utf-8"
    return "cp1252" if counts["latin"] > counts["other"] else "cp1251"


def in_utf8(file: Binary | bytes, encoding: str) -> bytes:
    """The whole text in UTF-8, without a byte-order mark, its lines separated by line feeds alone.

    `encoding` is one of `encoding_of`. What it has no letter for becomes a replacement character; of a line that is no
    UTF-8, all letters beyond ASCII do.
    """
    file = opened(file)
    if encoding == "utf-8":
        text = file.read()
    elif encoding == "broken utf-8":
        text = b"".join(
            line if _is_utf8(line) else BEYOND_ASCII.sub(REPLACEMENT, line) for line in file
        )
    else:
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        text = b"".join(decoder.decode(chunk).encode() for chunk in _chunks(file))
        text += decoder.decode(b"", final=True).encode()
    while text.startswith(codecs.BOM_UTF8):
        text = text[len(codecs.BOM_UTF8) :]
    # a search for the rare carriage return is quicker than a copy
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text


def description(file: BinaryIO | bytes, options: str) -> str:
    """`described` for SQL: options and answer are JSON, and what is wrong with the file is its member `fault`."""
    try:
        return json.dumps(described(opened(file), **json.loads(options)))
    except ValueError as fault:
        return json.dumps({"fault": str(fault)})
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return json.dumps({"fault": "is packed by gzip and broken: expected a whole file."})


def described(file: Binary, delimiter: str | None, headerless: list[list[str]] | None) -> dict:
    """How a text file is read: its `encoding`, `delimiter`, `header` (names) and `header_line` (0 without a header).

    `delimiter` is what the layout says, if anything: one character, of which a blank stands for any number of blanks
    and tabs. `headerless` has the names of a file without a header, a list for each number of columns that it may have;
    such a file has a header if no digit is in its first line. Raises ValueError, with the end of a sentence that begins
    with `File NAME`, for a file without a line that could be read.
    """
    encoding = encoding_of(file)
    lines = _filled_lines(file, encoding)
    number, first = next(lines, (0, ""))
    told = re.fullmatch(r'"?sep=(.)"?', first.strip())  # how spreadsheets tell each other
    if told:
        number, first = next(lines, (0, ""))
        delimiter = delimiter or (told.group(1) if told.group(1) in DELIMITERS else None)
    if not number:
        raise ValueError(f"is empty: expected {'rows' if headerless else 'a header line'}.")
    delimiter = delimiter or delimiter_of(first)
    if headerless and re.search("[0-9]", first):
        header, number = _usual_names(_filled_lines(file, encoding), delimiter, headerless), 0
    else:
        header = fields_of(first, delimiter)
    return {
        "encoding": encoding, "delimiter": delimiter, "header": header, "header_line": number
    }  # fmt: skip


def delimiter_of(header_line: str) -> str:
    """The delimiter that a header line shows most often outside of quotes; a comma where it shows none."""
    unquoted = re.sub('"[^"]*"', "", header_line)
    return max(DELIMITERS, key=unquoted.count)


def fields_of(line: str, delimiter: str) -> list[str]:
    """The fields of a line, without blanks and quotes around them."""
    if delimiter == " ":
        return [field.strip('"') for field in re.findall(r"[^ \t]+", line)]
    mark = re.escape(delimiter)
    fields = re.findall(f'("(?:[^"]|"")*"|[^{mark}]*){mark}', line + delimiter)
    return [field.strip().strip('"').strip() for field in fields]


def _usual_names(lines, delimiter, headerless):
    """The names for the number of columns that most lines have."""
    names_by_count = {len(names): names for names in headerless}
    counts = Counter(len(fields_of(line, delimiter)) for _, line in lines)
    known = [count for count in sorted(names_by_count) if counts[count]]
    if not known:
        raise ValueError(
            f"has no line of {' or '.join(map(str, names_by_count))} values: expected "
            f"{' or '.join(map(', '.join, headerless))}."
        )
    return names_by_count[max(known, key=lambda count: counts[count])]


def _filled_lines(file: Binary, encoding: str) -> Iterator[tuple[int, str]]:
    """Number (from 1) and text of each line that is not blank."""
    file.seek(0)
    codec = "utf-8" if encoding == "broken utf-8" else encoding
    text = io.TextIOWrapper(file, codec, "replace")  # takes line ends of every kind
    try:
        for number, line in enumerate(text, 1):
            line = line.rstrip("\n").lstrip("\ufeff" if number == 1 else "")
            if line.strip(" "):
                yield number, line
    finally:
        text.detach()  # else the file would be closed with it


def _chunks(file: Binary) -> Iterator[bytes]:
    return iter(lambda: file.read(CHUNK), b"")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
