"""Runs dbt on Spark and leaves every mart as Parquet: python spark_build.py TARGET FOLDER [dbt's arguments].

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
    for (mart,) in spark.sql("show tables in marts").select("tableName").collect():
        place = str(pathlib.Path(folder) / mart)
        spark.table(f"marts.{mart}").coalesce(1).write.mode("overwrite").parquet(place)


if __name__ == "__main__":
    main(*sys.argv[1:])
