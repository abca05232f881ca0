"""The list of a campaign for the tool that sends it: the keys of its treated customers, one a line, as CSV.

The lists are in a folder of their own beside the published files, which erasing a customer removes.
"""

import argparse
import os
import pathlib

import duckdb

from publishing.export import MARKER
from publishing.files import Publication, keep_access, published_path

FOLDER = "audience"


def write(publication: Publication, campaign: str) -> tuple[pathlib.Path, int]:
    """The file that was written and its number of customers; SystemExit with one sentence where there are none."""
    if not publication.customers.is_file():
        raise SystemExit(
            f"{publication.customers} does not exist: publish a build with its customers first (make build)."
        )
    with duckdb.connect(str(publication.customers), read_only=True) as connection:
        mart = "marts.campaign_audience"
        campaigns = [
            name
            for (name,) in connection.execute(
                f"select distinct campaign_code from {mart} order by 1"
            ).fetchall()
        ]
        if campaign not in campaigns:
            known = ", ".join(campaigns) or "none"
            raise SystemExit(
                f"No campaign '{campaign}' has an audience: those that are not over are {known} (seed campaigns)."
            )
        keys = connection.execute(
            f"select customer_id from {mart} where campaign_code = ? and arm = 'treated' order by 1",
            [campaign],
        ).fetchall()
    folder = publication.folder / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / MARKER).touch()
    keep_access(publication.customers.resolve().parent, folder)
    # a campaign's code is text of a seed, and a file's name is not
    name = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in campaign)
    file, part = folder / f"{name}.csv", folder / f"{name}.csv.part"
    part.write_text("customer_id\n" + "".join(f"{quoted(key)}\n" for (key,) in keys), "utf-8")
    os.replace(part, file)
    return file, len(keys)


def quoted(key: str) -> str:
    return '"' + key.replace('"', '""') + '"' if any(sign in key for sign in ',"\r\n') else key


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Write the list of a campaign's treated customers."
    )
    parser.add_argument(
        "--campaign", default=os.environ.get("CAMPAIGN", ""), help="default: CAMPAIGN"
    )
    arguments = parser.parse_args()
    if not arguments.campaign:
        raise SystemExit("Which campaign? make audience CAMPAIGN=<campaign_code>")
    file, count = write(Publication(published_path()), arguments.campaign)
    print(
        f"Wrote {count:,} customers to {file}. Those of arms holdout and blocked are not among them."
    )


if __name__ == "__main__":
    main()
