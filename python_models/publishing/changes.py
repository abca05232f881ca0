"""What the published build changed against the one before it: the ten largest changes, in sentences."""

import duckdb

from publishing.files import Publication, published_path

LARGEST = 10


def sentences(publication: Publication) -> list[str]:
    """SystemExit with one sentence where nothing is published."""
    if not publication.path.is_file():
        raise SystemExit(f"{publication.path} does not exist: publish a build first (make build).")
    with duckdb.connect(str(publication.path), read_only=True) as connection:
        rows = connection.execute(
            f"select sentence from marts.quality_changes where change_rank <= {LARGEST} order by change_rank"
        ).fetchall()
        ((count,),) = connection.execute("select count(*) from marts.quality_changes").fetchall()
    if not rows:
        return [
            "The published build differs in nothing that is compared from the one before it, or is the first."
        ]
    others = [f"{count - len(rows):,} other measures changed: mart quality_changes has all."]
    return [sentence for (sentence,) in rows] + (others if count > len(rows) else [])


def main() -> None:
    print("\n".join(sentences(Publication(published_path()))))


if __name__ == "__main__":
    main()
