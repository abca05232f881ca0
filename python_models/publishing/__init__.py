"""Puts whole, tested builds where clients read them: files (no database, no dbt) and the dbt-duckdb plugin on top."""
