"""DECISIONS names every locked package whose licence is not permissive."""

import importlib.metadata
import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]
OTHER = re.compile(r"\bMPL|Mozilla|GPL|\bArtistic|\bEPL|CDDL|EUPL|Proprietary")


def licence_of(package: str) -> str:
    stated = importlib.metadata.metadata(package)
    classifiers = [one for one in stated.get_all("Classifier") or [] if one.startswith("License")]
    # some packages have the whole text of a permissive licence here
    title = (stated.get("License") or "").split("\n")[0][:60]
    return " | ".join([stated.get("License-Expression") or "", title, *classifiers])


def test_every_licence_that_is_not_permissive_is_named():
    locked = re.findall(
        r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE
    )
    installed = {
        one.metadata["Name"].lower().replace("_", "-") for one in importlib.metadata.distributions()
    }
    packages = [package for package in locked if package.lower() in installed]
    assert len(packages) > 50
    other = {package for package in packages if OTHER.search(licence_of(package))}
    (sentence,) = re.findall(
        r"^Licences that are not permissive: (.+?)\. ",
        (ROOT / "DECISIONS.md").read_text("utf-8"),
        re.MULTILINE,
    )
    assert set(re.findall(r"`([\w-]+)`", sentence)) - {"axe"} == other
