"""Compressed files, and formats that are read beside the usual ones."""

import base64
import bz2
import gzip
import io
import lzma
import zipfile
import zlib

import pandas as pd
import pyarrow as pa
import pytest

from pluralign_stats import InputError
from pluralign_stats.drafting.study import Stated, draft_study
from pluralign_stats.study.data_file import read_table
from pluralign_stats.study.files import File

TEXT = "rater,item,toxicity\np1,r1,3\np2,r1,4.5\n"
FRAME = pd.read_csv(io.StringIO(TEXT))


def zipped(*names, text=TEXT):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, text)
    return out.getvalue()


def packed(kind):
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, kind) as stream:
        stream.write(TEXT.encode())
    return out.getvalue().to_pybytes()


#: A workbook of Excel 97 with the sheet "Ratings", written by xlwt.
XLS = (
    "eNrtWE1oE0EU/maSND+2aVJToRVKKFi19lK9eGlXBe3JUntRRNC0DRLaJmHdg/Wg1ZqjIHhSvBR68VL14g960JsH"
    "oaKHgiAkevQkKHhos755ma1JzSEBLSrzhXnz5s18Oy87b97u7JuVeHHxYXcJmzAMH8puGC1VNkEl7DVioH7XVapX"
    "h6i4Bv8UwiFayJYAnrW9Dqo1VOtdgsQD/0uSwEcqZ5DHaC6bTm4hjrAPKaF8GCIpcJcsUXSxVx0sJ1luZ3mfRz5n"
    "eYgtN1gO0diiOI0Va7T/oI7iU7KX+6JQ133MnPdsGUQnXqkovnJTVMYGcNjOpGb+zo4efyuWQOs2ks6m7dRMEQla"
    "wCV8c5PAV2+nvkga+9baBcj+vdYerGO/Jf3APNxzHOAFtGPVp3qCGE85mez5C2sUkUG9KwOAnXLSNlEyTnqWkq2T"
    "u5iZzDhzFLn5QRK2Evn9EZWmeVvHarZ1G4d7K8kpmknpcQ76GCXutXtf3h6fGLPOsmWeU3kl4e9SPsLFVcUgcpR7"
    "fBuynxn7WF7jq+5kvZtlgtymum+sUyvHFnjMde7to3kOMN5Zu6v0PaQXPp940lP4ZO0lfXmkdCmxvGotopceQFPE"
    "V78FDIgBcee2wlPLq4VODh9Ydv2SKEIypn139VOtHeuIsBpnWWmpuyM2WlLfK8UWddiC2T49XjBb3bfLUrUUO6rZ"
    "sg5bMjug2bKGLZm9jVZxWHbgkRpKCe4nIjAwMDAwMDAwMDBoGIJfbiuv8v7KKYMPC0H9XWedStl8JvlvMY4c/Rw6"
    "mB5Flmobc03Fzw4EhHct0SDH+16ocJJmtzGNCfZjuun4pcOeqP4/DRNjv28LNTt/uRk///D8PwCfXcwZ"
)  # fmt: skip
ODS = """<?xml version="1.0"?><office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet>
 <table:table table:name="Ratings">{}</table:table></office:spreadsheet></office:body>
 </office:document-content>"""


def ods():
    def cell(value):
        number = value.replace(".", "").isdigit()
        kind = f'float" office:value="{value}' if number else "string"
        text = f"<text:p>{value}</text:p>"
        return f'<table:table-cell office:value-type="{kind}">{text}</table:table-cell>'

    rows = ["".join(map(cell, line.split(","))) for line in TEXT.split()]
    body = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS.format(body))
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return out.getvalue()


def feather():
    out = io.BytesIO()
    FRAME.to_feather(out)
    return out.getvalue()


def xport(tmp_path):
    pyreadstat = pytest.importorskip("pyreadstat")
    pyreadstat.write_xport(FRAME, tmp_path / "made.xpt")
    return (tmp_path / "made.xpt").read_bytes()


FILES = {
    "t.csv.gz": gzip.compress(TEXT.encode()),
    "t.csv.bz2": bz2.compress(TEXT.encode()),
    "t.csv.xz": lzma.compress(TEXT.encode()),
    "t.csv.zst": packed("zstd"),
    "T.CSV.GZ": gzip.compress(TEXT.encode()),
    "t.tsv.gz": gzip.compress(TEXT.replace(",", "\t").encode()),
    "t.csv.zip": zipped("t.csv"),
    "whatever.zip": zipped("folder/", "folder/data.csv", "__MACOSX/folder/._data.csv"),
    "t.jsonl.gz": gzip.compress(FRAME.to_json(orient="records", lines=True).encode()),
    "t.feather": feather(),
    "t.xls": zlib.decompress(base64.b64decode(XLS)),
    "t.ods": ods(),
}


def read(tmp_path, name, content, **spec):
    (tmp_path / name).write_bytes(content)
    return read_table(File.model_validate({"path": name, **spec}), tmp_path, ())


@pytest.mark.parametrize("name", FILES)
def test_what_is_in_a_file_is_read(tmp_path, name):
    table = read(tmp_path, name, FILES[name])
    assert table.frame[["rater", "item"]].to_numpy().tolist() == [["p1", "r1"], ["p2", "r1"]]
    assert table.frame["toxicity"].astype(float).tolist() == [3, 4.5]
    assert (table.name, list(table.hashes)) == (name, [name])
    assert any("before 2007" in note for note in table.notes) == (name == "t.xls")


def test_a_transport_file_of_sas(tmp_path):
    table = read(tmp_path, "t.xpt", xport(tmp_path))
    assert table.frame["toxicity"].tolist() == ["3", "4.5"]
    with pytest.raises(InputError, match=r"t\.sas7bdat: is not a readable SAS file"):
        read(tmp_path, "t.sas7bdat", b"not one")


def test_a_stated_format_is_that_of_what_is_inside(tmp_path):
    table = read(tmp_path, "t.dat.gz", gzip.compress(TEXT.encode()), format="csv")
    assert len(table.frame) == 2


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("t.csv.gz", b"\x1f\x8bbroken", r"t\.csv\.gz: is not a readable \.gz file"),
        ("t.csv.gz", FILES["t.csv.gz"][:-12], "is not a readable .gz file"),
        ("t.csv.zst", b"broken", "is not a readable .zst file"),
        ("t.csv.xz", b"broken", "is not a readable .xz file"),
        ("t.zip", b"broken", "is not a readable .zip file"),
        (
            "t.zip",
            zipped("a.csv", "b.csv"),
            "t.zip: holds 'a.csv', 'b.csv'; allowed: an archive",
        ),
        ("t.zip", zipped(), "t.zip: holds no file"),
        ("t.rds", b"x", r"'\.rds' does not tell the format; read are '\.csv', .*'\.sas7bdat'"),
        ("t.tgz", b"x", r"'\.tgz' does not tell the format; .* compressed \('\.gz', .*'\.zip'\)"),
        ("t.gz", gzip.compress(b"x"), "t.gz: has no ending that tells the format"),
        ("t.feather", b"broken", "is not a readable Feather file"),
        ("t.xls", b"broken", "is not a readable Excel file"),
    ],
    # Packed bytes hold the time at which they were packed, which differs between processes.
    ids=lambda part: part if isinstance(part, str) else "content",
)
def test_what_is_not_read_is_told_in_one_line(tmp_path, name, content, told):
    with pytest.raises(InputError, match=told) as error:
        read(tmp_path, name, content)
    assert "\n" not in str(error.value)


def test_init_sees_the_separator_of_a_compressed_file(tmp_path):
    rows = [f"p{k % 9};r{k % 5};{1 + k % 4}" for k in range(45)]
    text = "\n".join(["rater;item;toxicity", *rows])
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text.encode()))
    drafted = draft_study([tmp_path / "t.csv.gz"], tmp_path, Stated(), None)
    assert drafted.content["files"] == {"ratings": {"path": "t.csv.gz", "separator": ";"}}
