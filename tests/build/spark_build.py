"""Runs dbt on Spark and leaves what it made as Parquet: python spark_build.py TARGET FOLDER [dbt's arguments].

Every mart is left in FOLDER/marts, and, where the build was published, what of it is in FOLDER/published.

A process of its own, because the settings of a session last as long as its process.
"""

import pathlib
import sys

from dbt.cli.main import dbtRunner


def main(target: str, folder: str, *arguments: str) -> None:
    result = dbtRunner().invoke([*arguments, "--target", target])
    if not result.success:
        sys.exit(str(result.exception or f"dbt {' '.join(arguments)} failed"))
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    schemas = {row[0] for row in spark.sql("show schemas").collect()}
    for schema in sorted({"marts", "published"} & schemas):
        # views of the session are listed in every schema
        listed = spark.sql(f"show tables in {schema}").where("not isTemporary")
        for (mart,) in listed.select("tableName").collect():
            place = str(pathlib.Path(folder) / schema / mart)
            spark.table(f"{schema}.{mart}").coalesce(1).write.mode("overwrite").parquet(place)


if __name__ == "__main__":
    main(*sys.argv[1:])
