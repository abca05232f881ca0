"""Results of the project computed by other means, for bench/scale.py: one function each, run in a process of its own.

A reference reads what the project's models of the same result read: the Parquet inputs, or the tables that they are
built on. It writes a table, and says how many rows the result has and a sum over it, which must be the project's.
"""

import json
import pathlib
import resource
import sys
import time

import duckdb

EVENTS = ("interactions", "transactions")
# the project's models of each result, in the order in which they are built
CHECKED = {name: [f"stg_demo_bank__{name}", f"int_{name}_judged"] for name in EVENTS}
RFM = [
    "int_customers_contacted", "int_purchases_dated", "int_customers_purchased", "int_customers_rfm",
    "int_rfm_thresholds_computed", "int_customers_scored",
]  # fmt: skip
EVENT_COUNTS = ["int_churn_events_counted"]
HISTORIES = ["int_clv_purchases_summarised"]
RFM_RESULT = (
    "select count(*), cast(sum(recency_score + 10 * frequency_score + 100 * coalesce(monetary_score, 0)) as bigint) "
    "from {}"
)
CHECKED_RESULT = (
    "select count(*), cast(sum(epoch_ms(occurred_at) // 1000) as bigint) from {} "
    "where line_number not in (select line_number from {})"
)
EVENT_COUNTS_RESULT = (
    "select count(*), cast(sum(product_count + 10 * recent_contact_count + 100 * recent_purchase_count "
    "+ coalesce(contact_recency_days, 0) + 10 * coalesce(purchase_recency_days, 0) + recent_purchase_amount "
    "+ contact_count + 10 * purchase_count + purchase_amount "
    "+ coalesce(last_contact_on - date '1970-01-01', 0) + coalesce(last_purchase_on - date '1970-01-01', 0)) "
    "as bigint) from {}"
)
HISTORIES_RESULT = (
    "select count(*), cast(sum(repeat_count + 10 * recency_days + past_amount + coalesce(future_amount, 0) "
    "+ coalesce(10 * future_count + 100 * last_period_count, 0)) + round(sum(7 * observed_weeks)) as bigint) from {}"
)
SCORED_MEASURES = {
    "bank_contacts": ("contact_days", "contact_count", "balance"),
    "purchases": ("purchase_days", "purchase_count", "purchase_amount"),
}
AS_OF = "2025-12-31"  # of the simulation
SHARES = [0.2, 0.4, 0.6, 0.8]


def built(folder: pathlib.Path) -> pathlib.Path:
    """Where the build of a raw folder is: beside it, because a build whose raw folder changes is not published."""
    return folder.with_name(folder.name + "_build")


def work(folder: pathlib.Path, memory: str) -> duckdb.DuckDBPyConnection:
    """The built database, read-only, and an empty one to write into."""
    scratch = built(folder) / "work.duckdb"
    scratch.unlink(missing_ok=True)
    config = {"threads": 2, "memory_limit": memory, "preserve_insertion_order": False}
    connection = duckdb.connect(str(scratch), config=config)
    connection.execute(f"attach '{built(folder)}/bench.duckdb' as bench (read_only)")
    connection.execute("use bench")
    return connection


def ours(models: list[str], result: str):
    """The compiled SQL of models, each reading what the build made, into tables."""

    def run(folder, memory, clock):
        compiled = [
            next((built(folder) / "target" / "compiled").glob(f"**/{model}.sql")).read_text()
            for model in models
        ]
        connection = work(folder, memory)
        clock.start()
        for model, query in zip(models, compiled, strict=True):
            connection.execute(f"create table work.{model} as {query}")
        clock.stop()
        return connection.execute(result).fetchall()[0]

    return run


def floor(folder, memory, clock):
    """Every column of every input, read and counted."""
    connection = duckdb.connect(config={"threads": 2, "memory_limit": memory})
    rows = values = 0
    clock.start()
    for file in sorted(folder.glob("*.parquet")):
        counts = connection.execute(
            f"select count(*), count(columns(*)) from read_parquet('{file}')"
        ).fetchall()[0]
        rows, values = rows + counts[0], values + sum(counts[1:])
    clock.stop()
    return rows, values


def checked_by_duckdb(name: str):
    """Rows with a key, a known customer and what is required, once each; the rest by rule. Text is not trimmed."""
    key = f"{name[:-1]}_id"
    others = {"interactions": "channel, direction", "transactions": "amount, product_code"}[name]
    texts = {"interactions": ["channel", "direction"], "transactions": ["product_code"]}[name]
    formulas = " or ".join(f"{column}[1] in ('=', '+', '-', '@')" for column in texts)
    amount = "or amount is null " if name == "transactions" else ""

    def run(folder, memory, clock):
        connection = work(folder, memory)
        clock.start()
        connection.execute(
            f"""
            create table work.rows_read as
            select
                file_row_number + 1 as line_number, {key}, events.customer_id, occurred_at, {others},
                case
                    when {formulas} then 'formula_like_text'
                    when {key} is null then 'missing_key'
                    when events.customer_id is null or occurred_at is null {amount}then 'missing_value'
                    when occurred_at < timestamp '1900-01-01' or occurred_at >= timestamp '2100-01-01'
                        then 'out_of_range'
                    when known.customer_id is null then 'unknown_customer'
                end as broken_rule
            from read_parquet('{folder}/{name}.parquet', file_row_number = true) as events
            left join intermediate.int_customers_conformed as known on events.customer_id = known.customer_id
            """
        )
        connection.execute(
            f"""
            create table work.repeated as
            select * from (
                select
                    line_number,
                    row_number() over (partition by {key} order by line_number) as place,
                    count(distinct (customer_id, occurred_at, {others})) over (partition by {key}) as contents,
                    count(*) over (partition by {key}) as occurrences
                from work.rows_read
                where
                    broken_rule is null
                    and hash({key}) in (
                        select hash({key}) from work.rows_read where broken_rule is null
                        group by hash({key}) having count(*) > 1
                    )
            )
            where occurrences > 1
            """
        )
        clock.stop()
        result = CHECKED_RESULT.format(
            "work.rows_read",
            "(select line_number from work.repeated where contents > 1 or place > 1 "
            "union all select line_number from work.rows_read where broken_rule is not null)",
        )
        return connection.execute(result).fetchall()[0]

    return run


def rfm_by_duckdb(folder, memory, clock):
    """Both schemes from the conformed rows: events aggregated once, thresholds by quantiles, scores by comparison."""
    connection = work(folder, memory)
    clock.start()
    connection.execute(
        f"""
        create table work.measured as
        with contacts as (
            select customer_id, max(occurred_at) as last_contact, count(*) as contact_count
            from intermediate.int_interactions_conformed
            where occurred_at < date '{AS_OF}' + 1 group by customer_id
        ), days as (
            select customer_id, cast(occurred_at as date) as day, sum(amount) as amount
            from intermediate.int_transactions_conformed
            where occurred_at < date '{AS_OF}' + 1 group by all
        ), purchases as (
            select customer_id, max(day) as last_purchase, count(*) as purchase_count, sum(amount) as purchase_amount
            from days group by customer_id
        )
        select
            customer_id, balance, closed_on,
            date '{AS_OF}' - cast(last_contact as date) as contact_days, coalesce(contact_count, 0) as contact_count,
            date '{AS_OF}' - last_purchase as purchase_days, coalesce(purchase_count, 0) as purchase_count,
            coalesce(purchase_amount, 0) as purchase_amount
        from intermediate.int_customers_conformed
        left join contacts using (customer_id)
        left join purchases using (customer_id)
        """
    )
    columns = [column for measures in SCORED_MEASURES.values() for column in measures]
    quantiles = connection.execute(
        "select "
        + ", ".join(f"quantile_cont(cast({column} as double), {SHARES})" for column in columns)
        + " from work.measured where closed_on is null"
    ).fetchall()[0]
    bounds = dict(zip(columns, quantiles, strict=True))

    def below(column):
        return " + ".join(f"cast({column} > {bound!r} as bigint)" for bound in bounds[column])

    parts = [
        f"select '{scheme}' as rfm_scheme, customer_id, {recency} as recency_days, {frequency} as frequency_count, "
        f"{monetary} as monetary_amount, "
        f"coalesce(5 - ({below(recency)}), 1) as recency_score, 1 + {below(frequency)} as frequency_score, "
        f"1 + {below(monetary)} as monetary_score from work.measured"
        for scheme, (recency, frequency, monetary) in SCORED_MEASURES.items()
    ]
    connection.execute("create table work.scored as " + " union all ".join(parts))
    clock.stop()
    return connection.execute(RFM_RESULT.format("work.scored")).fetchall()[0]


def event_counts_by_duckdb(folder, memory, clock):
    """Each table of events aggregated once for all days, whose dates are in the text; customers joined once."""
    connection = work(folder, memory)
    clock.start()
    days = connection.execute(
        "select observed_on, lookback_starts_on from intermediate.int_churn_days where churn_basis <> 'snapshot'"
    ).fetchall()
    numbered = list(enumerate((f"date '{day}'", f"date '{start}'") for day, start in days))

    def of_days(template):
        return ", ".join(template.format(n=n, day=day, start=start) for n, (day, start) in numbered)

    last = max(day for day, _ in days)
    connection.execute(
        f"""
        create table work.counted as
        with contacts as (
            select customer_id, {
            of_days(
                "max(cast(occurred_at as date)) filter (where occurred_at < {day} + 1) as contact_{n}, "
                "count(*) filter (where occurred_at < {day} + 1) as all_contacts_{n}, "
                "count(*) filter (where occurred_at >= {start} and occurred_at < {day} + 1) as contacts_{n}"
            )
        }
            from intermediate.int_interactions_conformed where occurred_at < date '{
            last
        }' + 1 group by customer_id
        ), purchases as (
            select customer_id, {
            of_days(
                "max(purchased_on) filter (where purchased_on <= {day}) as purchase_{n}, "
                "count(*) filter (where purchased_on between {start} and {day}) as purchases_{n}, "
                "sum(day_amount) filter (where purchased_on between {start} and {day}) as amount_{n}, "
                "count(*) filter (where purchased_on <= {day}) as all_purchases_{n}, "
                "sum(day_amount) filter (where purchased_on <= {day}) as all_amount_{n}"
            )
        }
            from intermediate.int_purchases_dated where purchased_on <= date '{
            last
        }' group by customer_id
        ), products as (
            select customer_id, {of_days("count(*) filter (where is_held_{n}) as products_{n}")}
            from (
                select customer_id, product_code, {
            of_days(
                "bool_or(coalesce(opened_on <= {day}, true) and coalesce(closed_on > {day}, true)) as is_held_{n}"
            )
        }
                from intermediate.int_product_holdings_conformed group by customer_id, product_code
            )
            group by customer_id
        ), joined as (
            select customer_id, unnest([{
            of_days(
                "{{'observed_on': {day}, 'started_on': {start}, 'contact': contact_{n}, 'contacts': contacts_{n}, "
                "'all_contacts': all_contacts_{n}, 'purchase': purchase_{n}, 'purchases': purchases_{n}, "
                "'amount': amount_{n}, 'all_purchases': all_purchases_{n}, 'all_amount': all_amount_{n}, "
                "'products': products_{n}}}"
            )
        }]) as day
            from intermediate.int_customers_conformed
            left join contacts using (customer_id)
            left join purchases using (customer_id)
            left join products using (customer_id)
        )
        select
            customer_id, day.observed_on,
            day.contact as last_contact_on, day.purchase as last_purchase_on,
            coalesce(day.all_contacts, 0) as contact_count, coalesce(day.all_purchases, 0) as purchase_count,
            coalesce(cast(day.all_amount as decimal(18, 2)), 0) as purchase_amount,
            coalesce(day.products, 0) as product_count,
            coalesce(day.contacts, 0) as recent_contact_count,
            case when day.contact >= day.started_on then day.observed_on - day.contact end as contact_recency_days,
            coalesce(day.purchases, 0) as recent_purchase_count,
            case when day.purchase >= day.started_on then day.observed_on - day.purchase end as purchase_recency_days,
            coalesce(cast(day.amount as decimal(18, 2)), 0) as recent_purchase_amount
        from joined
        """
    )
    clock.stop()
    return connection.execute(EVENT_COUNTS_RESULT.format("work.counted")).fetchall()[0]


def histories_by_duckdb(folder, memory, clock):
    """Everybody's history in one pass, kept as a table; back-tests read the purchases of their samples alone."""
    connection = work(folder, memory)
    clock.start()
    days = connection.execute(
        "select measured_on, holdout_days from intermediate.int_clv_days_listed order by holdout_days nulls first"
    ).fetchall()
    latest = days[0][0]
    connection.execute(
        f"""
        create temp table latest as
        select
            customer_id, min(purchased_on) as first_on, max(purchased_on) as last_on, count(*) - 1 as repeat_count,
            sum(day_amount) as past_amount, sum(day_amount) - arg_min(day_amount, purchased_on) as repeat_amount
        from intermediate.int_purchases_dated where purchased_on <= date '{latest}' group by customer_id
        """
    )
    told = (
        "repeat_count, (last_on - first_on) / 7 as recency_weeks, (measured_on - first_on) / 7 as observed_weeks, "
        "holdout_days / 7 as holdout_weeks, cast(repeat_amount as double) / nullif(repeat_count, 0) as average_repeat, "
        "measured_on - last_on as recency_days, cast(past_amount as decimal(18, 2)) as past_amount, "
        "cast('0x' || left(md5(customer_id), 8) as bigint) % 5 as fold_number, "
        "case when repeat_count = 0 then 'no repeat' when repeat_count = 1 then '1 repeat' "
        "when repeat_count <= 3 then '2-3 repeats' when repeat_count <= 7 then '4-7 repeats' "
        "else '8+ repeats' end as value_cell"
    )
    sample = "order by md5(customer_id), customer_id limit 20000"
    parts = [
        f"""
        select
            customer_id, 'latest' as prediction_basis, measured_on, {told}, null as last_period_count,
            null as last_period_amount, null as future_count, null as future_amount,
            sampled.customer_id is not null as is_sampled
        from (select *, date '{latest}' as measured_on, null::bigint as holdout_days from latest)
        left join (select customer_id from latest {sample}) as sampled using (customer_id)
        """
    ]
    for day, holdout in days[1:]:
        known, period = f"purchased_on <= date '{day}'", f"purchased_on > date '{day}' - {holdout}"
        parts.append(
            f"""
            select
                customer_id, 'back_test', measured_on, {told}, last_period_count,
                coalesce(last_period_amount, 0), future_count, coalesce(future_amount, 0), true
            from (
                select
                    customer_id, first_on, max(purchased_on) filter (where {known}) as last_on,
                    count(*) filter (where {known}) - 1 as repeat_count,
                    sum(day_amount) filter (where {known}) as past_amount,
                    sum(day_amount) filter (where {known} and purchased_on > first_on) as repeat_amount,
                    count(*) filter (where {known} and {period}) as last_period_count,
                    sum(day_amount) filter (where {known} and {period}) as last_period_amount,
                    count(*) filter (where not {known}) as future_count,
                    sum(day_amount) filter (where not {known}) as future_amount,
                    date '{day}' as measured_on, {holdout} as holdout_days
                from intermediate.int_purchases_dated
                inner join (
                    select customer_id, first_on from latest where first_on <= date '{day}' {sample}
                ) using (customer_id)
                where purchased_on <= date '{latest}'
                group by customer_id, first_on
            )
            """
        )
    connection.execute("create table work.histories as " + " union all ".join(parts))
    clock.stop()
    return connection.execute(HISTORIES_RESULT.format("work.histories")).fetchall()[0]


def rfm_by_polars(folder, memory, clock):
    """Both schemes from the Parquet inputs, lazily and streaming; money as floats."""
    import polars as pl

    as_of = pl.lit(AS_OF).str.to_date()
    clock.start()
    frames = {name: pl.scan_parquet(folder / f"{name}.parquet") for name in ("customers", *EVENTS)}
    customers = (
        frames["customers"].filter(pl.col("customer_id").is_not_null()).unique("customer_id", keep="any")
        .select("customer_id", "closed_on", pl.col("balance").cast(pl.Float64))
    )  # fmt: skip
    contacts = (
        frames["interactions"].filter(pl.col("occurred_at").dt.date() <= as_of).group_by("customer_id")
        .agg(pl.col("occurred_at").max().dt.date().alias("last_contact"), pl.len().alias("contact_count"))
    )  # fmt: skip
    days = (
        frames["transactions"].with_columns(day=pl.col("occurred_at").dt.date()).filter(pl.col("day") <= as_of)
        .group_by("customer_id", "day").agg(pl.col("amount").cast(pl.Float64).sum())
    )  # fmt: skip
    purchases = days.group_by("customer_id").agg(
        pl.col("day").max().alias("last_purchase"),
        pl.len().alias("purchase_count"),
        pl.col("amount").sum().alias("purchase_amount"),
    )
    measured = (
        customers.join(contacts, on="customer_id", how="left").join(purchases, on="customer_id", how="left")
        .with_columns(
            contact_days=(as_of - pl.col("last_contact")).dt.total_days(),
            purchase_days=(as_of - pl.col("last_purchase")).dt.total_days(),
            contact_count=pl.col("contact_count").fill_null(0),
            purchase_count=pl.col("purchase_count").fill_null(0),
            purchase_amount=pl.col("purchase_amount").fill_null(0.0),
        )
        .collect(engine="streaming")
    )  # fmt: skip

    def below(column):
        still_open = measured.filter(pl.col("closed_on").is_null())
        bounds = [still_open[column].quantile(share, "linear") for share in SHARES]
        return sum((pl.col(column) > bound).cast(pl.Int64) for bound in bounds)

    scored = pl.concat(
        measured.select(
            "customer_id",
            (5 - below(recency)).fill_null(1).alias("recency_score"),
            (1 + below(frequency)).alias("frequency_score"),
            (1 + below(monetary)).fill_null(0).alias("monetary_score"),
        )
        for recency, frequency, monetary in SCORED_MEASURES.values()
    )
    scored.write_parquet(built(folder) / "scored.parquet")
    clock.stop()
    total = scored.select(
        (
            pl.col("recency_score")
            + 10 * pl.col("frequency_score")
            + 100 * pl.col("monetary_score")
        ).sum()
    ).item()
    return len(scored), total


def rfm_by_pandas(folder, memory, clock):
    """Both schemes from the Parquet inputs, only the columns needed, keys as Arrow text, money as floats."""
    import pandas as pd

    def read(name, columns):
        frame = pd.read_parquet(
            folder / f"{name}.parquet", columns=columns, dtype_backend="pyarrow"
        )
        for column in set(columns) & {"amount", "balance"}:
            frame[column] = frame[column].astype("float64")
        return frame

    as_of = pd.Timestamp(AS_OF)
    clock.start()
    customers = (
        read("customers", ["customer_id", "balance", "closed_on"])
        .dropna(subset="customer_id")
        .drop_duplicates("customer_id")
    )
    interactions = read("interactions", ["customer_id", "occurred_at"])
    interactions["occurred_at"] = interactions["occurred_at"].astype("datetime64[us]")
    interactions = interactions[interactions["occurred_at"] < as_of + pd.Timedelta(days=1)]
    contacts = interactions.groupby("customer_id", sort=False)["occurred_at"].agg(["max", "size"])
    del interactions
    transactions = read("transactions", ["customer_id", "occurred_at", "amount"])
    transactions["day"] = transactions.pop("occurred_at").astype("datetime64[us]").dt.normalize()
    transactions = transactions[transactions["day"] <= as_of]
    days = transactions.groupby(["customer_id", "day"], sort=False)["amount"].sum().reset_index()
    del transactions
    purchases = days.groupby("customer_id", sort=False).agg(
        last=("day", "max"), count=("day", "size"), amount=("amount", "sum")
    )
    measured = customers.join(contacts, on="customer_id").join(purchases, on="customer_id")
    measured = pd.DataFrame(
        {
            "customer_id": measured["customer_id"],
            "balance": measured["balance"],
            "is_open": measured["closed_on"].isna(),
            "contact_days": (as_of - measured["max"].dt.normalize()).dt.days,
            "contact_count": measured["size"].fillna(0),
            "purchase_days": (as_of - measured["last"]).dt.days,
            "purchase_count": measured["count"].fillna(0),
            "purchase_amount": measured["amount"].fillna(0.0),
        }
    )

    def below(column):
        values = measured[column].astype("float64")
        bounds = values[measured["is_open"]].quantile(SHARES)
        return sum((values > bound).astype("int64") for bound in bounds).where(values.notna())

    scored = pd.concat(
        pd.DataFrame(
            {
                "customer_id": measured["customer_id"],
                "recency_score": (5 - below(recency)).fillna(1),
                "frequency_score": 1 + below(frequency),
                "monetary_score": (1 + below(monetary)).fillna(0),
            }
        )
        for recency, frequency, monetary in SCORED_MEASURES.values()
    )
    scored.to_parquet(built(folder) / "scored.parquet")
    clock.stop()
    total = (
        scored["recency_score"] + 10 * scored["frequency_score"] + 100 * scored["monetary_score"]
    ).sum()
    return len(scored), int(total)


def notebook(folder, memory, clock):
    """The whole pipeline; how many clusters it takes, and the money that it expects."""
    from notebook import run

    clock.start()
    found = run(folder, as_of=AS_OF)
    clock.stop()
    return found["clusters"], int(found["total_value"])


# name -> result, way and function; the names of pandas' begin with it
REFERENCES = {
    "floor": ("every input scanned once", "DuckDB", floor),
    **{
        f"{way}_{name}": (f"{name} checked", label, function)
        for name in EVENTS
        for way, label, function in (
            ("ours", "clientele", ours(
                CHECKED[name],
                CHECKED_RESULT.format(f"work.stg_demo_bank__{name}", f"work.int_{name}_judged"),
            )),
            ("duckdb", "raw DuckDB SQL", checked_by_duckdb(name)),
        )
    },
    "ours_rfm": ("RFM scores", "clientele", ours(RFM, RFM_RESULT.format("work.int_customers_scored"))),
    "duckdb_rfm": ("RFM scores", "raw DuckDB SQL", rfm_by_duckdb),
    "polars_rfm": ("RFM scores", "polars, from Parquet, inputs unchecked", rfm_by_polars),
    "pandas_rfm": ("RFM scores", "pandas, from Parquet, inputs unchecked", rfm_by_pandas),
    "pandas_notebook": (
        "the whole pipeline", "a notebook: pandas, SciPy and scikit-learn, inputs unchecked, no tests", notebook,
    ),
    "ours_event_counts": (
        "events before each score", "clientele",
        ours(EVENT_COUNTS, EVENT_COUNTS_RESULT.format("work.int_churn_events_counted")),
    ),
    "duckdb_event_counts": ("events before each score", "raw DuckDB SQL", event_counts_by_duckdb),
    "ours_histories": (
        "histories of purchases", "clientele",
        ours(HISTORIES, HISTORIES_RESULT.format("work.int_clv_purchases_summarised")),
    ),
    "duckdb_histories": ("histories of purchases", "raw DuckDB SQL", histories_by_duckdb),
}  # fmt: skip


class Clock:
    """Wall and processor seconds between start and stop."""

    def start(self) -> None:
        self.times = self.now()

    def stop(self) -> None:
        self.times = [after - before for before, after in zip(self.times, self.now(), strict=True)]

    @staticmethod
    def now() -> list[float]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return [time.perf_counter(), usage.ru_utime + usage.ru_stime]


def main() -> None:
    name, folder, memory = sys.argv[1:]
    task, way, function = REFERENCES[name]
    clock = Clock()
    rows, total = function(pathlib.Path(folder), memory, clock)
    wall, cpu = clock.times
    result = {"name": name, "task": task, "way": way, "wall": wall, "cpu": cpu}
    print(json.dumps(result | {"result": f"{rows:,}, {total:,}"}))


if __name__ == "__main__":
    main()
