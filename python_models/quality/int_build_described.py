"""Where a build comes from: nothing in, one row per fact out."""


def model(dbt, session):
    from publishing.provenance import describe_build

    return describe_build()
