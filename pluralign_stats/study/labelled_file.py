"""SPSS and Stata files as text: values become their labels, and missing is what the file says."""

import io
from collections.abc import Mapping
from typing import Any

import pandas as pd

from pluralign_stats.errors import InputError, listing, one_line, one_of
from pluralign_stats.study.contents import Contents
from pluralign_stats.study.files import File

#: How the files of SPSS that are no portable ones begin.
_SYSTEM = (b"$FL2", b"$FL3")
_NEW_STATA, _STATA_END = b"<stata_dta>", b"</stata_dta>"


def read_spss(content: bytes, spec: File, name: str) -> Contents:
    """Read an SPSS file: ``.sav``, ``.zsav`` or ``.por``; see `_labelled`."""
    import pyreadstat

    if content.startswith(_SYSTEM):
        return _labelled(pyreadstat.read_sav, content, spec, name, "SPSS")
    return _labelled(pyreadstat.read_por, content, spec, name, "SPSS")


def read_stata(content: bytes, spec: File, name: str) -> Contents:
    """Read a Stata file; see `_labelled`."""
    import pyreadstat

    return _labelled(pyreadstat.read_dta, content, spec, name, "Stata")


def read_sas(content: bytes, spec: File, name: str) -> Contents:
    """Read a SAS file: ``.sas7bdat`` or a transport file, which hold no labels of values."""
    import pyreadstat

    read = pyreadstat.read_xport if content.startswith(b"HEADER") else pyreadstat.read_sas7bdat
    return _labelled(read, content, spec, name, "SAS")


def _labelled(read: Any, content: bytes, spec: File, name: str, kind: str) -> Contents:
    """Read a file whose values have labels.

    A value is read as its label where every value of its column that occurs has one of its own, but
    for those that the file declares missing; otherwise as the number. `spec.labels` decides
    otherwise. Values that the file declares missing keep their label or number, and are told.

    Raises
    ------
    InputError
        If the file is damaged or in another encoding, or `spec.labels` names an unknown column.
    """
    frame, about = _read(read, content, spec, name, kind)
    if not isinstance(spec.labels, bool):
        for column in set(spec.labels) - set(frame):
            raise InputError(f"{name}: unknown column for 'labels': {one_of('it', column, frame)}")
    cells, declared, shown, mixed = {}, {}, [], []
    for column in frame:
        labels = {k: v.strip() for k, v in about.variable_value_labels.get(column, {}).items()}
        present = frame[column].dropna().unique()
        gone = [value for value in present if _is_missing(value, column, about)]
        values = [value for value in present if value not in gone]
        how = _labels_of(column, values, labels, spec)
        shown += [column] if how else []
        mixed += [column] if how is None else []
        told = {value: _text(value) for value in present}
        told |= {value: labels.get(value) or _text(value) for value in gone}
        told |= {value: label for value, label in (how or {}).items() if label}
        cells[column] = frame[column].map(told, na_action="ignore").astype("str")
        declared[column] = tuple(told[value] for value in gone)
    named = {
        column: {_text(value): label for value, label in labels.items()}
        for column, labels in about.variable_value_labels.items()
    }
    made = pd.DataFrame(cells).set_axis(pd.RangeIndex(1, 1 + len(frame)))
    return Contents(
        made,
        (*_notes(name, shown, mixed, spec), *_unlabelled(name, about)),
        {column: codes for column, codes in declared.items() if codes},
        {column: text for column, text in about.column_names_to_labels.items() if text},
        named,
    )


def _read(read: Any, content: bytes, spec: File, name: str, kind: str) -> tuple[pd.DataFrame, Any]:
    options: dict[str, Any] = {"user_missing": True}
    if read.__name__ in ("read_por", "read_xport"):
        options = {}
    elif "encoding" in spec.model_fields_set:
        options["encoding"] = spec.encoding
    if content.startswith(_NEW_STATA) and not content.rstrip(b"\0\r\n").endswith(_STATA_END):
        raise InputError(
            f"{name}: is not a readable {kind} file (its end is cut off); copy it again"
        )
    try:
        frame, about = read(io.BytesIO(content), **options)
    except OverflowError:
        raise InputError(
            f"{name}: holds a date after the year 9999; correct it in the file"
        ) from None
    except Exception as error:
        if isinstance(error, MemoryError):
            raise
        said = one_line(error).lower()
        advice = "write the file again"
        if "character set" in said or "convert" in said or isinstance(error, UnicodeDecodeError):
            advice = spec.advise("encoding: cp1252") + " if it is that"
        raise InputError(f"{name}: is not a readable {kind} file ({said}); {advice}") from None
    if not frame.shape[0]:
        raise InputError(f"{name}: is empty; it needs at least one row of data")
    return frame, about


def _is_missing(value: Any, column: str, about: Any) -> bool:
    """Whether a file declares a value missing, alone or in a range."""
    if value in about.missing_user_values.get(column, ()):
        return True
    ranges = about.missing_ranges.get(column, ())
    return any(_within(value, each["lo"], each["hi"]) for each in ranges)


def _within(value: Any, low: Any, high: Any) -> bool:
    if isinstance(value, str) or isinstance(low, str):
        return bool(value == low)
    return bool(low <= value <= high)


def _labels_of(
    column: str, values: list[Any], labels: Mapping[Any, str], spec: File
) -> Mapping[Any, str] | None:
    """Labels to be read in place of values; none where numbers are; None where that is a doubt."""
    used = {value: labels[value] for value in values if labels.get(value)}
    if spec.labels is False or not used:
        return {}
    if not isinstance(spec.labels, bool):
        return used if column in spec.labels else {}
    own = len(set(used.values())) == len(used)
    return used if own and len(used) == len(values) else None


def _text(value: Any) -> str:
    """A value as text; whole numbers lose their ``.0``, midnight goes from dates."""
    if isinstance(value, float):
        return repr(float(value)).removesuffix(".0") if abs(value) < 1e15 else f"{value:.0f}"
    return str(value).removesuffix(" 00:00:00")


def _notes(name: str, shown: list[str], mixed: list[str], spec: File) -> tuple[str, ...]:
    """Say which columns were read by their labels, and which were not."""
    notes = []
    if shown and spec.labels is True:
        notes.append(
            f"{name}: value labels are read in place of the numbers of {listing(shown)}; for the "
            f"numbers, {spec.advise('labels: false')}"
        )
    if mixed:
        notes.append(
            f"{name}: only some values of {listing(mixed)} have a label of their own: the numbers "
            f"are read; for the labels, {spec.advise(f'labels: [{mixed[0]}]')}"
        )
    return tuple(notes)


def _unlabelled(name: str, about: Any) -> tuple[str, ...]:
    """Say of which columns the file names labels that it does not hold."""
    gone = [c for c in about.variable_to_label if c not in about.variable_value_labels]
    told = f"the value labels of {listing(gone)} are not in the file: the numbers are read"
    return (f"{name}: {told}",) if gone else ()
