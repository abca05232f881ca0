"""DECISIONS names every locked package whose licence is not permissive."""

import importlib.metadata
import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]
PERMISSIVE = re.compile(r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|0BSD|Zlib|Unlicense")
OTHER = re.compile(r"\bMPL|Mozilla|GPL|\bArtistic|\bEPL|CDDL|EUPL|Proprietary")


def licence_of(package: str) -> str:
    stated = importlib.metadata.metadata(package)
    classifiers = [one for one in stated.get_all("Classifier") or [] if one.startswith("License")]
    # some packages have the whole text of a permissive licence here, and one has it in a file alone
    title = (stated.get("License") or "").split("\n")[0][:60]
    said = [stated.get("License-Expression") or "", title, *classifiers]
    if not any(said):
        files = importlib.metadata.files(package) or []
        said = [file.read_text()[:60] for file in files if "LICENSE" in file.name.upper()]
    return " | ".join(said)


def test_every_licence_that_is_not_permissive_is_named():
    files = [ROOT / name for name in ("requirements.txt", "requirements-spark.txt")]
    text = "\n".join(file.read_text("utf-8") for file in files)
    locked = re.findall(r"^([\w.-]+)(?:\[.*\])?==", text, re.MULTILINE)
    installed = {
        one.metadata["Name"].lower().replace("_", "-") for one in importlib.metadata.distributions()
    }
    packages = [package for package in locked if package.lower() in installed]
    assert len(packages) > 50
    licences = {package: licence_of(package) for package in packages}
    other = {
        package
        for package, licence in licences.items()
        if OTHER.search(licence) or not PERMISSIVE.search(licence)
    }
    (sentence,) = re.findall(
        r"^Licences that are not permissive: (.+?)\. ",
        (ROOT / "DECISIONS.md").read_text("utf-8"),
        re.MULTILINE,
    )
    assert set(re.findall(r"`([\w-]+)`", sentence)) - {"axe"} == other
