"""Simulate the customers of a fictional bank-insurer of the Yaroslavl region, with known truth.

Six entity files (customers, product_holdings, interactions, transactions, policies,
campaign_contacts) cover the 24 months up to the as-of date; `truth.json` holds every planted
parameter, so that what a pipeline finds can be compared with what was put in.

The demo extracts of this repository are made, from its root, by

    python -m customer_science.simulate --customers 10000 --seed 2 --mean-contacts 2.1 \
        --out data/demo

The same arguments give the same bytes: no clock is read, nothing depends on threads, and every
block of `BLOCK_SIZE` customers has random streams of its own, one per topic. Blocks are written
as they are made, so memory does not grow with the number of customers.

Methods: purchases follow the BG/NBD model (Fader, Hardie and Lee 2005, "Counting your customers
the easy way"), their amounts the Gamma-Gamma model (Fader and Hardie 2013), policy renewals the
shifted beta geometric (Fader and Hardie 2007, "How to project customer retention"); churn is a
logistic model, solved so that its marginal rates are those of a published churn study.
"""

import argparse
import json
import math
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

# The command in the module docstring, as arguments; a test compares data/demo with a fresh run.
DEMO_ARGUMENTS = ("--customers", "10000", "--seed", "2", "--mean-contacts", "2.1")

BLOCK_SIZE = 250_000  # customers; part of the definition of the data, not a tuning knob
ROW_GROUP_SIZE = 1_000_000


def _day(text):
    """Days since 1970-01-01 of an ISO date."""
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


WINDOW_START = _day("2024-01-01")
AS_OF = _day("2025-12-31")
AS_OF_YEAR = 2025
DAY_SECONDS = 86_400
OPENING_SECOND = 8 * 3_600  # events happen between 08:00 and 22:00
OPEN_SECONDS = 14 * 3_600

# --- Customers. Shares are those of the published study of 10,000 bank customers.
PRODUCT_COUNT_SHARES = (0.5084, 0.4590, 0.0266, 0.0060)  # 1, 2, 3, 4 products
CITIES = ("Yaroslavl", "Rostov Veliky", "Rybinsk")
CITY_SHARES = (0.5014, 0.2509, 0.2477)
GENDERS = ("female", "male")
GENDER_SHARES = (0.4543, 0.5457)
ACTIVE_SHARE = 0.5151
CREDIT_CARD_SHARE = 0.7055
# Age bands of the study: first and last age, share, and how much each further year thins out
# (the study's ages fall by about a tenth a year after 42 and by about 7 % after 52).
AGE_BANDS = (
    (18, 26, 0.0811, 1.0),
    (27, 32, 0.1979, 1.0),
    (33, 36, 0.1819, 1.0),
    (37, 41, 0.2176, 1.0),
    (42, 52, 0.2175, 0.9),
    (53, 92, 0.1040, 0.93),
)
TENURE_DAYS = 3_653  # joined up to ten years before the first purchase, evenly
SALARY_CENTS = 20_000_000  # salaries are even between 0 and 200,000, as in the study
CREDIT_SCORE = (650, 97, 350, 850)  # mean, standard deviation, lowest, highest
# Shares of 0 to 9 properties, from the counts of a second published study.
PROPERTY_SHARES = (0.2592, 0.0774, 0.1052, 0.1543, 0.1850, 0.1918, 0.0161, 0.0080, 0.0017, 0.0013)
# Invented, plain mixes without any effect.
EDUCATIONS = ("school", "college", "bachelor", "master", "doctor")
EDUCATION_SHARES = (0.30, 0.30, 0.27, 0.10, 0.03)
JOBS = ("worker", "clerk", "manager", "engineer", "teacher", "nurse", "owner", "retired", "student")
JOB_SHARES = (0.20, 0.18, 0.14, 0.13, 0.10, 0.07, 0.06, 0.07, 0.05)
MARITAL_STATUSES = ("married", "single", "divorced")
MARITAL_SHARES = (0.58, 0.27, 0.15)
CONSENT_SHARE = 0.70

# --- Churn: logistic coefficients, solved by least squares so that the marginal rates over
# independent features equal the study's (products 27.7 / 7.6 / 82.7 / 98.5 %, ages 7.6 / 14.3 /
# 44.5 / 15.2 %, cities 16.2 / 32.4 / 16.7 %, women 25.1 %, active 14.3 %), then rounded.
CHURN_INTERCEPT = -1.95
CHURN_BY_PRODUCT_COUNT = (0.0, -2.14, 3.60, 6.52)
CHURN_AGE_BREAKS = (33, 43, 65)  # first ages of the second, third and fourth step
CHURN_BY_AGE = (0.0, 1.01, 3.30, 1.11)
CHURN_BY_CITY = (0.0, 1.50, 0.06)
CHURN_BY_GENDER = (0.0, -0.88)
CHURN_BY_ACTIVE = (0.0, -1.29)
CHURN_NULL_FEATURES = (
    "has_credit_card",
    "estimated_salary",
    "credit_score",
    "property_count",
    "tenure_years",
)
NULL_CHURN_PROBABILITY = 0.2037  # everyone's with --null-effects: the study's overall rate

# --- Balance: missing not at random; the study's share of missing by product count.
BALANCE_MISSING_SHARES = (0.178, 0.566, 0.368, 0.233)

# --- Engagement clusters, invented to be well apart on the log scale.
CLUSTERS = ("occasional", "regular", "devoted")
CLUSTER_SHARES = (0.80, 0.16, 0.04)
CLUSTER_RECENCY_DAYS = (180.0, 40.0, 7.0)  # medians of days since the last contact
CLUSTER_RECENCY_SIGMA = 0.40  # of the logarithm
CLUSTER_MEAN_CONTACTS = (2.0, 16.0, 60.0)
CLUSTER_BALANCE = (60_000.0, 350_000.0, 2_000_000.0)  # medians
CLUSTER_BALANCE_SIGMA = 0.40  # of the logarithm
DEFAULT_MEAN_CONTACTS = 6.7  # with about 3.4 purchases that makes ten events per customer
NO_CONTACT_SHARE = 0.01
CHANNELS = ("branch", "phone", "app", "email")
CHANNEL_SHARES = (0.22, 0.28, 0.35, 0.15)
DIRECTIONS = ("inbound", "outbound")
DIRECTION_SHARES = (0.65, 0.35)

# --- Purchases. Parameters near those of the published CDNOW fit (r .24, alpha 4.4, a .79,
# b 2.43), with more repeaters; alpha in weeks.
BG_NBD = {"r": 0.6, "alpha": 12.0, "a": 0.8, "b": 2.5}
FIRST_PURCHASE_DAYS = 182  # the first purchase falls inside the first 26 weeks
# CDNOW's shape (p 6.2, q 3.7) at a mean of p * v / (q - 1) = 3,000 a purchase.
GAMMA_GAMMA = {"p": 6.0, "q": 4.0, "v": 1_500.0}
PRODUCTS = (
    "current_account",
    "savings_account",
    "term_deposit",
    "consumer_loan",
    "mortgage",
    "brokerage_account",
    "insurance",
)
PRODUCT_WEIGHTS = (6.0, 4.0, 3.0, 3.0, 1.0, 1.0, 2.0)

# --- Motor policies, sold beside the bank's products. Shares, premiums and the three factors
# resemble a published table of 9,134 motor customers and keep its scale, so that fixed value
# tiers made for that table also cut this one.
POLICY_SHARE = 0.35
VEHICLE_CLASSES = (
    "Four-Door Car",
    "Two-Door Car",
    "SUV",
    "Sports Car",
    "Luxury SUV",
    "Luxury Car",
)
VEHICLE_SHARES = (0.506, 0.206, 0.197, 0.053, 0.020, 0.018)
VEHICLE_PREMIUM_FACTORS = (1.0, 1.0, 1.7, 1.8, 3.2, 3.3)
COVERAGES = ("Basic", "Extended", "Premium")
COVERAGE_SHARES = (0.61, 0.30, 0.09)
COVERAGE_PREMIUM_FACTORS = (1.0, 1.25, 1.6)
BASE_PREMIUM = 64.0
PREMIUM_NOISE = (0.95, 1.15)
OFFERS = ("Offer1", "Offer2", "Offer3", "Offer4")
OFFER_SHARES = (0.41, 0.32, 0.16, 0.11)
EMPLOYMENTS = ("Employed", "Unemployed", "Retired", "Medical Leave", "Disabled")
EMPLOYMENT_SHARES = (0.62, 0.25, 0.03, 0.05, 0.05)
INCOME_RANGES = ((15_000, 100_000), (0, 0), (10_000, 30_000), (10_000, 30_000), (10_000, 30_000))
POLICY_COUNT_SHARES = (0.36, 0.25, 0.13, 0.05, 0.05, 0.04, 0.05, 0.04, 0.03)  # 1 to 9
CLV_FACTORS = (38.0, 170.0, 77.0)  # for 1, 2, and 3 or more policies
CLV_SIGMA = 0.25  # lognormal noise with mean 1
CLAIM_SHAPE = 2.0
CLAIM_PREMIUMS = 4.7  # mean claim amount in monthly premiums
RENEWAL = {"alpha": 0.668, "beta": 3.806}  # published fit of a "high end" contract business
POLICY_FIRST_START = _day("2018-01-01")
POLICY_LONGEST_YEARS = 60

# --- Campaigns: audience and arm at random, the outcome depends on the arm only.
CAMPAIGNS = ("spring_2025", "autumn_2025")
CAMPAIGN_STARTS = (_day("2025-03-10"), _day("2025-09-08"))
CAMPAIGN_DAYS = 14
CONTACTED_SHARE = 0.20
ARMS = ("holdout", "treated")
SAVE_RATES = (0.62, 0.70)

# --- Soft variation of clean rows, in the first block only: every SOFT_STEP-th customer gets, in
# turn, a city in Russian, a blank city, a blank age.
SOFT_STEP = 20
SOFT_LAST_ROW = 1_000
RUSSIAN_CITIES = ("Ярославль", "Ростов", "Рыбинск", "Ростов Великий")

KEY, FLAG, WHOLE = pa.string(), pa.bool_(), pa.int32()
MONEY, DAY, MOMENT = pa.decimal128(18, 2), pa.date32(), pa.timestamp("us")
SCHEMAS = {
    "customers": pa.schema(
        [
            ("customer_id", KEY),
            ("age", WHOLE),
            ("birth_date", DAY),
            ("gender", KEY),
            ("city", KEY),
            ("joined_on", DAY),
            ("closed_on", DAY),
            ("is_churned", FLAG),
            ("credit_score", WHOLE),
            ("estimated_salary", MONEY),
            ("balance", MONEY),
            ("product_count", WHOLE),
            ("has_credit_card", FLAG),
            ("is_active", FLAG),
            ("property_count", WHOLE),
            ("tenure_years", WHOLE),
            ("education", KEY),
            ("job", KEY),
            ("marital_status", KEY),
            ("marketing_consent", FLAG),
        ]
    ),
    "product_holdings": pa.schema(
        [
            ("holding_id", KEY),
            ("customer_id", KEY),
            ("product_code", KEY),
            ("opened_on", DAY),
            ("closed_on", DAY),
        ]
    ),
    "interactions": pa.schema(
        [
            ("interaction_id", KEY),
            ("customer_id", KEY),
            ("occurred_at", MOMENT),
            ("channel", KEY),
            ("direction", KEY),
        ]
    ),
    "transactions": pa.schema(
        [
            ("transaction_id", KEY),
            ("customer_id", KEY),
            ("occurred_at", MOMENT),
            ("amount", MONEY),
            ("product_code", KEY),
        ]
    ),
    "policies": pa.schema(
        [
            ("policy_id", KEY),
            ("customer_id", KEY),
            ("vehicle_class", KEY),
            ("coverage", KEY),
            ("renew_offer_type", KEY),
            ("employment_status", KEY),
            ("marital_status", KEY),
            ("education", KEY),
            ("income", MONEY),
            ("policy_count", WHOLE),
            ("monthly_premium", MONEY),
            ("total_claim_amount", MONEY),
            ("observed_clv", MONEY),
            ("starts_on", DAY),
            ("ends_on", DAY),
            ("is_renewed", FLAG),
        ]
    ),
    "campaign_contacts": pa.schema(
        [
            ("contact_id", KEY),
            ("campaign_code", KEY),
            ("customer_id", KEY),
            ("arm", KEY),
            ("contacted_on", DAY),
            ("is_retained", FLAG),
        ]
    ),
}
LABEL_SCHEMA = pa.schema([("customer_id", KEY), ("cluster", KEY)])
KEY_PREFIXES = {
    "customers": "C",
    "product_holdings": "H",
    "interactions": "I",
    "transactions": "T",
    "policies": "P",
    "campaign_contacts": "K",
}
# Ids have room for twice the expected rows, and some to spare for runs of a few customers.
TRANSACTIONS_PER_CUSTOMER = 8
SPARE_IDS = 200

# --- Planted dirty rows. Each is a healthy row of its entity with exactly one fault. Rows of
# other entities point at a clean customer; they carry ids of their own (X...), so that nothing
# clean changes when they are quarantined.
FIRST_CUSTOMER = "{first customer}"
HEALTHY_ROWS = {
    "customers": {
        "age": "41",
        "birth_date": "1984-05-17",
        "gender": "female",
        "city": "Yaroslavl",
        "joined_on": "2019-03-04",
        "closed_on": "",
        "is_churned": "",
        "credit_score": "655",
        "estimated_salary": "98765.43",
        "balance": "54321.00",
        "product_count": "1",
        "has_credit_card": "1",
        "is_active": "1",
        "property_count": "2",
        "tenure_years": "6",
        "education": "bachelor",
        "job": "engineer",
        "marital_status": "married",
        "marketing_consent": "1",
    },
    "product_holdings": {
        "customer_id": FIRST_CUSTOMER,
        "product_code": "term_deposit",
        "opened_on": "2024-07-15",
        "closed_on": "",
    },
    "interactions": {
        "customer_id": FIRST_CUSTOMER,
        "occurred_at": "2024-09-10 11:12:13",
        "channel": "phone",
        "direction": "inbound",
    },
    "transactions": {
        "customer_id": FIRST_CUSTOMER,
        "occurred_at": "2024-10-11 12:13:14",
        "amount": "1234.56",
        "product_code": "savings_account",
    },
    "policies": {
        "customer_id": FIRST_CUSTOMER,
        "vehicle_class": "SUV",
        "coverage": "Basic",
        "renew_offer_type": "Offer2",
        "employment_status": "Employed",
        "marital_status": "married",
        "education": "bachelor",
        "income": "45000.00",
        "policy_count": "1",
        "monthly_premium": "110.00",
        "total_claim_amount": "300.00",
        "observed_clv": "4180.00",
        "starts_on": "2022-02-01",
        "ends_on": "2024-02-01",
        "is_renewed": "0",
    },
    "campaign_contacts": {
        "campaign_code": "spring_2025",
        "customer_id": FIRST_CUSTOMER,
        "arm": "treated",
        "contacted_on": "2025-03-12",
        "is_retained": "1",
    },
}
EARLY, END = "early", "end"
EARLY_ROW = 100  # early faults stand after this many clean rows, the others at the end
# Rules about the line itself; `column` then says where the line is broken, truth.json says null.
LINE_RULES = ("unbalanced_quote", "wrong_field_count")


@dataclass(frozen=True)
class Fault:
    """One planted dirty row: `values` replaces values of the entity's healthy row."""

    entity: str
    rule: str
    column: str
    values: dict
    place: str = END


def _fault(entity, rule, column, value, place=END, **other_values):
    """A fault in the value of one column; other values change only so that it stays the one."""
    return Fault(entity, rule, column, {column: value, **other_values}, place)


def _duplicate_key(entity, key, column, values):
    """Two rows of one primary key that disagree about `column`."""
    key_column = SCHEMAS[entity].names[0]
    return tuple(
        Fault(entity, "duplicate_key", key_column, {key_column: key, column: value})
        for value in values
    )


FAULTS = (
    # A quote that opens and never closes: one with thousands of rows below it, one at the end.
    _fault("interactions", "unbalanced_quote", "channel", "phone", EARLY),
    _fault("customers", "unbalanced_quote", "city", "Yaroslavl"),
    _fault("customers", "wrong_field_count", "marketing_consent", "1,1", EARLY),
    _fault("campaign_contacts", "wrong_field_count", "is_retained", "1,0"),
    Fault("transactions", "wrong_field_count", "product_code", {"product_code": None}),
    _fault("customers", "missing_key", "customer_id", ""),
    _fault("interactions", "missing_key", "interaction_id", ""),
    _fault("policies", "missing_key", "policy_id", ""),
    _fault("campaign_contacts", "missing_key", "contact_id", ""),
    _fault("interactions", "missing_value", "customer_id", "", EARLY),
    _fault("interactions", "missing_value", "occurred_at", ""),
    _fault("transactions", "missing_value", "amount", ""),
    _fault("product_holdings", "missing_value", "product_code", "", EARLY),
    _fault("customers", "unparseable_value", "credit_score", "six hundred"),
    _fault("customers", "unparseable_value", "gender", "Q", EARLY),
    _fault("transactions", "unparseable_value", "amount", "NaN", EARLY),
    _fault("product_holdings", "unparseable_value", "opened_on", "31.02.2024"),
    _fault("campaign_contacts", "unparseable_value", "is_retained", "maybe", EARLY),
    _fault("customers", "out_of_range", "age", "200", birth_date=""),
    _fault("customers", "out_of_range", "product_count", "-1"),
    _fault("interactions", "out_of_range", "occurred_at", "1066-10-14 09:00:00"),
    _fault("transactions", "out_of_range", "occurred_at", "2999-12-31 23:59:59"),
    _fault("customers", "formula_like_text", "city", "=cmd|' /C calc'!A0"),
    _fault("interactions", "formula_like_text", "channel", "@SUM(1+1)"),
    _fault("customers", "inconsistent_dates", "closed_on", "2018-01-31"),
    _fault("product_holdings", "inconsistent_dates", "closed_on", "2024-06-30"),
    _fault("policies", "inconsistent_dates", "ends_on", "2021-02-01", EARLY),
    *_duplicate_key("customers", "X9000001", "credit_score", ("655", "656")),
    *_duplicate_key("transactions", "X9000002", "amount", ("100.00", "200.00")),
    _fault("interactions", "unknown_customer", "customer_id", "X9999998"),
    _fault("transactions", "unknown_customer", "customer_id", "X9999999", EARLY),
)
# So many first rows of each file stand once more, unchanged, at its end.
EXACT_DUPLICATES = {
    "customers": 2,
    "product_holdings": 2,
    "interactions": 3,
    "transactions": 3,
    "policies": 2,
    "campaign_contacts": 2,
}

# Topics with a random stream of their own: a change in one leaves the draws of the others alone.
STREAMS = (
    "customers",
    "clusters",
    "holdings",
    "contacts",
    "purchases",
    "amounts",
    "policies",
    "campaigns",
    "churn",
)


@dataclass(frozen=True)
class Settings:
    """What the command line asks for."""

    customers: int
    seed: int
    out: Path
    file_format: str
    mean_contacts: float
    null_effects: bool
    dirty_rows: bool
    truth_labels: bool


# --------------------------------------------------------------------------- drawing


def random_stream(seed, block, stream):
    """The generator of one topic of one block of customers."""
    return np.random.default_rng(
        np.random.SeedSequence(seed, spawn_key=(block, STREAMS.index(stream)))
    )


def draw_codes(rng, shares, size):
    """Codes 0, 1, ... drawn with the given shares (int64 array of `size`)."""
    bounds = np.cumsum(shares)
    return np.searchsorted(bounds[:-1] / bounds[-1], rng.random(size), side="right")


def draw_flags(rng, share, size):
    """True with probability `share` (bool array; `share` may be an array of `size`)."""
    return rng.random(size) < share


def draw_between(rng, lowest, highest):
    """Whole numbers drawn evenly from lowest to highest, both included, element by element."""
    lowest, highest = np.broadcast_arrays(lowest, highest)
    return lowest + np.floor(rng.random(lowest.size) * (highest - lowest + 1)).astype(np.int64)


def age_shares():
    """Share of each age from the first to the last of AGE_BANDS."""
    parts = []
    for first, last, share, thinning in AGE_BANDS:
        weights = thinning ** np.arange(last - first + 1)
        parts.append(share * weights / weights.sum())
    return np.concatenate(parts)


def draw_seconds(rng, days):
    """A second of the opening hours of each day (seconds since 1970-01-01)."""
    seconds = OPENING_SECOND + np.floor(rng.random(days.size) * OPEN_SECONDS).astype(np.int64)
    return days * DAY_SECONDS + seconds


def add_years(days, years):
    """The same calendar day `years` later (29 February becomes 1 March where there is none)."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    later = (months + 12 * years).astype("datetime64[D]") + (dates - months.astype("datetime64[D]"))
    return later.astype(np.int64)


def draw_purchases(rng, first_day, last_day):
    """Purchase days by the BG/NBD model, at most one purchase per customer and day.

    A customer buys at a Poisson rate drawn from Gamma(r, alpha) per week, and after each repeat
    purchase leaves for good with a probability drawn from Beta(a, b) (Fader, Hardie and Lee
    2005). Given their number, the times of a Poisson process are even over the window; so the
    purchases are drawn as if nobody left, and cut after the geometric last one.

    first_day: day of the first purchase of each customer; last_day: one day, the end of the
    window, not before any first day. Returns (customer index, day) of all purchases in order.
    """
    size = first_day.size
    window = last_day - first_day
    weekly_rate = rng.gamma(BG_NBD["r"], 1 / BG_NBD["alpha"], size)
    repeats = rng.poisson(weekly_rate * window / 7)
    # A probability of zero has no geometric distribution; this one never ends in two years.
    leaving = np.maximum(rng.beta(BG_NBD["a"], BG_NBD["b"], size), 1e-9)
    last_repeat = rng.geometric(leaving)

    rows = np.repeat(np.arange(size), repeats)
    days_after = draw_between(rng, np.ones_like(rows), window[rows])
    # One sort of (customer, days after the first purchase), the first purchases at day 0.
    shift = 11  # bits; the window has fewer than 2,048 days
    keys = np.sort(np.concatenate([np.arange(size) << shift, (rows << shift) + days_after]))
    rows = keys >> shift
    starts = np.cumsum(repeats + 1) - (repeats + 1)
    rank = np.arange(keys.size) - starts[rows]
    keep = rank <= last_repeat[rows]
    keep[1:] &= keys[1:] != keys[:-1]
    rows = rows[keep]
    return rows, first_day[rows] + (keys[keep] & ((1 << shift) - 1))


def draw_amounts(rng, rows, size):
    """Purchase amounts in cents by the Gamma-Gamma model, for purchases of customers `rows`.

    A customer's amounts are Gamma(p, rate nu), nu itself Gamma(q, rate v) over the `size`
    customers, so that the expected amount of a customer is p / nu and of all p * v / (q - 1).
    """
    rate = rng.gamma(GAMMA_GAMMA["q"], 1 / GAMMA_GAMMA["v"], size)
    amounts = rng.standard_gamma(GAMMA_GAMMA["p"], rows.size) / rate[rows]
    return np.maximum(np.rint(amounts * 100).astype(np.int64), 1)


def cluster_mean_contacts(mean_contacts):
    """Mean contacts of each cluster, scaled so that all customers together have `mean_contacts`.

    Everyone who is contacted at all is contacted once; what exceeds one is scaled.
    """
    base = np.array(CLUSTER_MEAN_CONTACTS)
    overall = float(np.dot(base, CLUSTER_SHARES))
    per_contacted = mean_contacts / (1 - NO_CONTACT_SHARE)
    return 1 + (base - 1) * (per_contacted - 1) / (overall - 1)


def draw_contacts(rng, cluster, joined_on, mean_contacts):
    """Contacts of each customer: how many and how recent by cluster, the rest evenly before.

    Returns (customer index, second) of all contacts in order, and the day of each customer's
    last contact (WINDOW_START for the few without any).
    """
    size = cluster.size
    extra = rng.poisson((cluster_mean_contacts(mean_contacts) - 1)[cluster])
    contacts = np.where(draw_flags(rng, NO_CONTACT_SHARE, size), 0, 1 + extra)
    noise = rng.lognormal(0.0, CLUSTER_RECENCY_SIGMA, size)
    recency = np.rint(np.array(CLUSTER_RECENCY_DAYS)[cluster] * noise).astype(np.int64)
    # No last contact before the last day on which someone may join.
    recency = np.minimum(recency, AS_OF - WINDOW_START - FIRST_PURCHASE_DAYS)
    last_day = np.where(contacts > 0, AS_OF - recency, WINDOW_START)

    rows = np.repeat(np.arange(size), contacts)
    days = draw_between(rng, np.maximum(WINDOW_START, joined_on)[rows], last_day[rows])
    final = (np.cumsum(contacts) - 1)[contacts > 0]
    days[final] = last_day[contacts > 0]
    seconds = draw_seconds(rng, days) - WINDOW_START * DAY_SECONDS
    shift = 26  # bits; two years have fewer than 2 ** 26 seconds
    keys = np.sort((rows << shift) + seconds)
    return rows, WINDOW_START * DAY_SECONDS + (keys & ((1 << shift) - 1)), last_day


# --------------------------------------------------------------------------- churn


def churn_probabilities(null_effects):
    """Planted probability by product count, age step, city, gender and activity (5-d array).

    The logistic function is applied once per cell with `math.exp`; a few hundred cells cover
    everyone, so no result depends on how a machine vectorises.
    """
    effects = np.array(CHURN_INTERCEPT)
    for levels in (
        CHURN_BY_PRODUCT_COUNT,
        CHURN_BY_AGE,
        CHURN_BY_CITY,
        CHURN_BY_GENDER,
        CHURN_BY_ACTIVE,
    ):
        effects = effects[..., None] + np.array(levels)
    if null_effects:
        return np.full(effects.shape, NULL_CHURN_PROBABILITY)
    return np.array([1 / (1 + math.exp(-x)) for x in effects.ravel()]).reshape(effects.shape)


def cut_labels():
    """Values of each cut of the churn truth; unknown ages and cities have their own."""
    bands = [f"{first}-{last}" for first, last, _, _ in AGE_BANDS]
    return {
        "product_count": [str(i + 1) for i in range(len(PRODUCT_COUNT_SHARES))],
        "age_band": [*bands, "unknown"],
        "city": [*CITIES, "unknown"],
        "gender": list(GENDERS),
        "is_active": ["false", "true"],
        "has_credit_card": ["false", "true"],
    }


class ChurnTruth:
    """Customers, churned and planted probability, summed over blocks for every cut value."""

    def __init__(self):
        self.labels = cut_labels()
        self.sums = {cut: np.zeros((3, len(values))) for cut, values in self.labels.items()}

    def add(self, customers):
        """Count one block of customers (the arrays of `draw_customers` with their churn)."""
        band_starts = [first for first, _, _, _ in AGE_BANDS[1:]]
        age_band = np.searchsorted(band_starts, customers["age"], side="right")
        codes = {
            "product_count": customers["product_count"] - 1,
            "age_band": np.where(customers["is_age_known"], age_band, len(AGE_BANDS)),
            "city": np.where(customers["is_city_known"], customers["city"], len(CITIES)),
            "gender": customers["gender"],
            "is_active": customers["is_active"].astype(np.int64),
            "has_credit_card": customers["has_credit_card"].astype(np.int64),
        }
        for cut, code in codes.items():
            length = len(self.labels[cut])
            self.sums[cut] += [
                np.bincount(code, minlength=length),
                np.bincount(code, weights=customers["has_left"], minlength=length),
                np.bincount(code, weights=customers["churn_probability"], minlength=length),
            ]

    def rates(self):
        """{cut: {value: customers, churned, mean planted probability}}, empty values left out."""
        return {
            cut: {
                value: {
                    "customers": int(customers),
                    "churned": int(churned),
                    "mean_probability": round(float(probability / customers), 8),
                }
                for value, customers, churned, probability in zip(
                    self.labels[cut], *sums, strict=True
                )
                if customers
            }
            for cut, sums in self.sums.items()
        }


# --------------------------------------------------------------------------- Arrow columns


def keys_column(prefix, numbers, width):
    """Text keys: a one-letter prefix and a number of `width` digits."""
    if numbers.size and numbers.max() >= 10**width:
        raise ValueError(f"more than {10**width - 1} ids of kind {prefix}; widen the ids")
    characters = np.empty((numbers.size, width + 1), dtype=np.uint8)
    characters[:, 0] = ord(prefix)
    rest = numbers.astype(np.int64)
    for position in range(width, 0, -1):
        rest, digit = np.divmod(rest, 10)
        characters[:, position] = ord("0") + digit
    offsets = np.arange(numbers.size + 1, dtype=np.int32) * (width + 1)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(characters)]
    return pa.Array.from_buffers(pa.string(), numbers.size, buffers)


def labels_column(labels, codes):
    """Text by code; a negative code is null."""
    return pa.array(labels, pa.string()).take(pa.array(codes, mask=codes < 0))


def money_column(cents, is_null=None):
    """Decimal amounts from whole cents."""
    # A decimal is a little-endian 128-bit integer: the cents, and their sign in the upper half.
    halves = np.empty((cents.size, 2), dtype="<i8")
    halves[:, 0] = cents
    halves[:, 1] = cents >> 63
    validity = None if is_null is None else pa.array(~is_null).buffers()[1]
    return pa.Array.from_buffers(MONEY, cents.size, [validity, pa.py_buffer(halves)])


def days_column(days, is_null=None):
    """Dates from days since 1970-01-01."""
    return pa.array(days.astype(np.int32), mask=is_null).view(DAY)


def moments_column(seconds):
    """Timestamps from seconds since 1970-01-01."""
    return pa.array(seconds * 1_000_000).view(MOMENT)


def whole_column(values, is_null=None):
    """32-bit whole numbers."""
    return pa.array(values.astype(np.int32), mask=is_null)


# --------------------------------------------------------------------------- one block


def draw_customers(settings, block, size):
    """Everything about the customers of one block but their events, as arrays of `size`."""
    rng = random_stream(settings.seed, block, "customers")
    age = AGE_BANDS[0][0] + draw_codes(rng, age_shares(), size)
    first_purchase = WINDOW_START + draw_between(
        rng, np.zeros(size, dtype=np.int64), FIRST_PURCHASE_DAYS - 1
    )
    joined_on = first_purchase - draw_between(rng, np.zeros(size, dtype=np.int64), TENURE_DAYS - 1)
    mean, deviation, lowest, highest = CREDIT_SCORE
    score = np.rint(rng.normal(mean, deviation, size)).astype(np.int64)
    new_year = (AS_OF_YEAR - 1970 - age).astype("datetime64[Y]").astype("datetime64[D]")
    customers = {
        "number": block * BLOCK_SIZE + 1 + np.arange(size),
        "age": age,
        # Any day of the year of birth has the same age on 31 December.
        "birth_date": new_year.astype(np.int64)
        + draw_between(rng, np.zeros(size, dtype=np.int64), 364),
        "gender": draw_codes(rng, GENDER_SHARES, size),
        "city": draw_codes(rng, CITY_SHARES, size),
        "first_purchase": first_purchase,
        "joined_on": joined_on,
        "credit_score": np.clip(score, lowest, highest),
        "salary_cents": draw_between(rng, np.zeros(size, dtype=np.int64), SALARY_CENTS - 1),
        "product_count": 1 + draw_codes(rng, PRODUCT_COUNT_SHARES, size),
        "has_credit_card": draw_flags(rng, CREDIT_CARD_SHARE, size),
        "is_active": draw_flags(rng, ACTIVE_SHARE, size),
        "property_count": draw_codes(rng, PROPERTY_SHARES, size),
        "education": draw_codes(rng, EDUCATION_SHARES, size),
        "job": draw_codes(rng, JOB_SHARES, size),
        "marital_status": draw_codes(rng, MARITAL_SHARES, size),
        "marketing_consent": draw_flags(rng, CONSENT_SHARE, size),
    }
    rng = random_stream(settings.seed, block, "clusters")
    cluster = draw_codes(rng, CLUSTER_SHARES, size)
    noise = rng.lognormal(0.0, CLUSTER_BALANCE_SIGMA, size)
    customers["cluster"] = cluster
    customers["balance_cents"] = np.rint(np.array(CLUSTER_BALANCE)[cluster] * noise * 100).astype(
        np.int64
    )
    missing = np.array(BALANCE_MISSING_SHARES)[customers["product_count"] - 1]
    customers["is_balance_missing"] = draw_flags(rng, missing, size)
    add_soft_variation(customers, block)
    return customers


def add_soft_variation(customers, block):
    """Blank a few ages and cities and mark a few cities for Russian spelling, in the first block.

    Adds `is_age_known`, `is_city_known` and `city_text`, a code into the cities in English
    followed by RUSSIAN_CITIES, or -1 for blank.
    """
    size = customers["age"].size
    customers["is_age_known"] = np.ones(size, dtype=bool)
    customers["is_city_known"] = np.ones(size, dtype=bool)
    customers["city_text"] = customers["city"].copy()
    if block > 0:
        return
    chosen = np.arange(SOFT_STEP - 1, min(size, SOFT_LAST_ROW), SOFT_STEP)
    in_russian, no_city, no_age = chosen[0::3], chosen[1::3], chosen[2::3]
    spelling = len(CITIES) + customers["city"][in_russian]
    rostov = np.flatnonzero(customers["city"][in_russian] == CITIES.index("Rostov Veliky"))
    spelling[rostov[1::2]] = len(CITIES) + RUSSIAN_CITIES.index("Ростов Великий")
    customers["city_text"][in_russian] = spelling
    customers["city_text"][no_city] = -1
    customers["is_city_known"][no_city] = False
    customers["is_age_known"][no_age] = False


def decide_churn(settings, block, customers, last_event):
    """Add the planted probability, who left and when to `customers`.

    The closing day is even between the last event and the as-of date: so it cuts no purchase or
    contact process short, and the recency of events says nothing about churn.
    """
    size = last_event.size
    rng = random_stream(settings.seed, block, "churn")
    probability = churn_probabilities(settings.null_effects)[
        customers["product_count"] - 1,
        np.searchsorted(CHURN_AGE_BREAKS, customers["age"], side="right"),
        customers["city"],
        customers["gender"],
        customers["is_active"].astype(np.int64),
    ]
    earliest = np.maximum(np.maximum(last_event, customers["joined_on"]), WINDOW_START)
    customers["churn_probability"] = probability
    customers["has_left"] = draw_flags(rng, probability, size)
    customers["closed_on"] = draw_between(rng, earliest, AS_OF)


def hold_products(settings, block, customers):
    """Products of each customer: (customer index, position, product code) and the code matrix.

    Distinct codes are drawn one after the other by weight: the smallest of exponential times
    divided by the weights come first.
    """
    rng = random_stream(settings.seed, block, "holdings")
    counts = customers["product_count"]
    times = rng.standard_exponential((counts.size, len(PRODUCTS))) / np.array(PRODUCT_WEIGHTS)
    order = np.argsort(times, axis=1)[:, : len(PRODUCT_COUNT_SHARES)]
    rows = np.repeat(np.arange(counts.size), counts)
    position = np.arange(rows.size) - np.repeat(np.cumsum(counts) - counts, counts)
    # The first product opens the relation; all are open before the first purchase on any.
    opened = draw_between(rng, customers["joined_on"][rows], customers["first_purchase"][rows])
    opened = np.where(position == 0, customers["joined_on"][rows], opened)
    return rows, order[rows, position], opened, order


def draw_policies(settings, block, customers):
    """Motor policies of a random share of customers, as arrays with the customer index `rows`.

    A contract runs for a year and is renewed with a probability of its own, one minus a
    Beta(alpha, beta) draw: the shifted beta geometric of Fader and Hardie (2007).
    """
    rng = random_stream(settings.seed, block, "policies")
    rows = np.flatnonzero(draw_flags(rng, POLICY_SHARE, customers["age"].size))
    size = rows.size
    vehicle = draw_codes(rng, VEHICLE_SHARES, size)
    coverage = draw_codes(rng, COVERAGE_SHARES, size)
    employment = draw_codes(rng, EMPLOYMENT_SHARES, size)
    policy_count = 1 + draw_codes(rng, POLICY_COUNT_SHARES, size)
    premium = np.rint(
        BASE_PREMIUM
        * np.array(VEHICLE_PREMIUM_FACTORS)[vehicle]
        * np.array(COVERAGE_PREMIUM_FACTORS)[coverage]
        * rng.uniform(*PREMIUM_NOISE, size)
    ).astype(np.int64)
    lowest, highest = np.array(INCOME_RANGES).T
    factor = np.array(CLV_FACTORS)[np.minimum(policy_count, len(CLV_FACTORS)) - 1]
    clv = premium * factor * rng.lognormal(-(CLV_SIGMA**2) / 2, CLV_SIGMA, size)
    claims = rng.standard_gamma(CLAIM_SHAPE, size) * premium * CLAIM_PREMIUMS / CLAIM_SHAPE
    starts_on = draw_between(rng, np.full(size, POLICY_FIRST_START), AS_OF)
    leaving = np.maximum(rng.beta(RENEWAL["alpha"], RENEWAL["beta"], size), 1e-9)
    years = np.minimum(rng.geometric(leaving), POLICY_LONGEST_YEARS)
    ends_on = add_years(starts_on, years)
    return {
        "rows": rows,
        "vehicle_class": vehicle,
        "coverage": coverage,
        "renew_offer_type": draw_codes(rng, OFFER_SHARES, size),
        "employment_status": employment,
        "income_cents": 100 * draw_between(rng, lowest[employment], highest[employment]),
        "policy_count": policy_count,
        "premium_cents": 100 * premium,
        "claim_cents": np.rint(claims * 100).astype(np.int64),
        "clv_cents": np.rint(clv * 100).astype(np.int64),
        "starts_on": starts_on,
        "ends_on": ends_on,
        "has_ended": ends_on <= AS_OF,
        # Before the first anniversary nothing has been decided.
        "is_first_year": add_years(starts_on, np.ones(size, dtype=np.int64)) > AS_OF,
    }


def draw_campaigns(settings, block, customers):
    """Campaign contacts of a random share of customers, one each, as arrays."""
    rng = random_stream(settings.seed, block, "campaigns")
    rows = np.flatnonzero(draw_flags(rng, CONTACTED_SHARE, customers["age"].size))
    campaign = draw_codes(rng, (0.5, 0.5), rows.size)
    arm = draw_codes(rng, (0.5, 0.5), rows.size)
    start = np.array(CAMPAIGN_STARTS)[campaign]
    return {
        "rows": rows,
        "campaign": campaign,
        "arm": arm,
        "contacted_on": draw_between(rng, start, start + CAMPAIGN_DAYS - 1),
        "is_retained": draw_flags(rng, save_rates(settings.null_effects)[arm], rows.size),
    }


def save_rates(null_effects):
    """Planted share retained by arm; without effects both arms have the holdout's."""
    return np.array([SAVE_RATES[0], SAVE_RATES[0]] if null_effects else SAVE_RATES)


def key_widths(settings):
    """Digits of the ids of each entity, the same in the whole file."""
    rows = {
        "customers": settings.customers,
        "product_holdings": len(PRODUCT_COUNT_SHARES) * settings.customers,
        "interactions": int(2 * settings.mean_contacts * settings.customers) + SPARE_IDS,
        "transactions": TRANSACTIONS_PER_CUSTOMER * settings.customers + SPARE_IDS,
        "policies": settings.customers,
        "campaign_contacts": settings.customers,
    }
    return {entity: len(str(count)) for entity, count in rows.items()}


def simulate_block(settings, block, rows_before, churn_truth):
    """The six tables of one block of customers, and its cluster labels.

    rows_before: {entity: rows of the blocks before}, from which the ids go on. Adds the block to
    `churn_truth`.
    """
    size = min(BLOCK_SIZE, settings.customers - block * BLOCK_SIZE)
    customers = draw_customers(settings, block, size)
    holding_rows, holding_product, opened_on, product_order = hold_products(
        settings, block, customers
    )

    rng = random_stream(settings.seed, block, "contacts")
    contact_rows, contact_seconds, last_contact = draw_contacts(
        rng, customers["cluster"], customers["joined_on"], settings.mean_contacts
    )
    channel = draw_codes(rng, CHANNEL_SHARES, contact_rows.size)
    direction = draw_codes(rng, DIRECTION_SHARES, contact_rows.size)

    rng = random_stream(settings.seed, block, "purchases")
    purchase_rows, purchase_days = draw_purchases(rng, customers["first_purchase"], AS_OF)
    purchase_seconds = draw_seconds(rng, purchase_days)
    bought = draw_between(
        rng, np.zeros_like(purchase_rows), customers["product_count"][purchase_rows] - 1
    )
    rng = random_stream(settings.seed, block, "amounts")
    amounts = draw_amounts(rng, purchase_rows, size)

    policies = draw_policies(settings, block, customers)
    campaigns = draw_campaigns(settings, block, customers)

    last_event = last_contact
    last_purchase = purchase_days[np.searchsorted(purchase_rows, np.arange(size), "right") - 1]
    last_event = np.maximum(last_event, last_purchase)
    last_event[campaigns["rows"]] = np.maximum(
        last_event[campaigns["rows"]], campaigns["contacted_on"]
    )
    decide_churn(settings, block, customers, last_event)
    churn_truth.add(customers)

    widths = key_widths(settings)
    stays = ~customers["has_left"]
    customer_id = keys_column("C", customers["number"], widths["customers"])

    def new_keys(entity, count):
        numbers = rows_before[entity] + 1 + np.arange(count)
        return keys_column(KEY_PREFIXES[entity], numbers, widths[entity])

    def customer_keys(rows):
        return keys_column("C", customers["number"][rows], widths["customers"])

    columns = {
        "customers": [
            customer_id,
            whole_column(customers["age"], ~customers["is_age_known"]),
            days_column(customers["birth_date"], ~customers["is_age_known"]),
            labels_column(GENDERS, customers["gender"]),
            labels_column((*CITIES, *RUSSIAN_CITIES), customers["city_text"]),
            days_column(customers["joined_on"]),
            days_column(customers["closed_on"], stays),
            pa.nulls(size, FLAG),
            whole_column(customers["credit_score"]),
            money_column(customers["salary_cents"]),
            money_column(customers["balance_cents"], customers["is_balance_missing"]),
            whole_column(customers["product_count"]),
            pa.array(customers["has_credit_card"]),
            pa.array(customers["is_active"]),
            whole_column(customers["property_count"]),
            whole_column((AS_OF - customers["joined_on"]) * 100 // 36_525),
            labels_column(EDUCATIONS, customers["education"]),
            labels_column(JOBS, customers["job"]),
            labels_column(MARITAL_STATUSES, customers["marital_status"]),
            pa.array(customers["marketing_consent"]),
        ],
        "product_holdings": [
            new_keys("product_holdings", holding_rows.size),
            customer_keys(holding_rows),
            labels_column(PRODUCTS, holding_product),
            days_column(opened_on),
            days_column(customers["closed_on"][holding_rows], stays[holding_rows]),
        ],
        "interactions": [
            new_keys("interactions", contact_rows.size),
            customer_keys(contact_rows),
            moments_column(contact_seconds),
            labels_column(CHANNELS, channel),
            labels_column(DIRECTIONS, direction),
        ],
        "transactions": [
            new_keys("transactions", purchase_rows.size),
            customer_keys(purchase_rows),
            moments_column(purchase_seconds),
            money_column(amounts),
            labels_column(PRODUCTS, product_order[purchase_rows, bought]),
        ],
        "policies": [
            new_keys("policies", policies["rows"].size),
            customer_keys(policies["rows"]),
            labels_column(VEHICLE_CLASSES, policies["vehicle_class"]),
            labels_column(COVERAGES, policies["coverage"]),
            labels_column(OFFERS, policies["renew_offer_type"]),
            labels_column(EMPLOYMENTS, policies["employment_status"]),
            labels_column(MARITAL_STATUSES, customers["marital_status"][policies["rows"]]),
            labels_column(EDUCATIONS, customers["education"][policies["rows"]]),
            money_column(policies["income_cents"]),
            whole_column(policies["policy_count"]),
            money_column(policies["premium_cents"]),
            money_column(policies["claim_cents"]),
            money_column(policies["clv_cents"]),
            days_column(policies["starts_on"]),
            days_column(policies["ends_on"], ~policies["has_ended"]),
            pa.array(~policies["has_ended"], mask=policies["is_first_year"]),
        ],
        "campaign_contacts": [
            new_keys("campaign_contacts", campaigns["rows"].size),
            labels_column(CAMPAIGNS, campaigns["campaign"]),
            customer_keys(campaigns["rows"]),
            labels_column(ARMS, campaigns["arm"]),
            days_column(campaigns["contacted_on"]),
            pa.array(campaigns["is_retained"]),
        ],
    }
    tables = {
        entity: pa.Table.from_arrays(columns[entity], schema=schema)
        for entity, schema in SCHEMAS.items()
    }
    labels = pa.Table.from_arrays(
        [customer_id, labels_column(CLUSTERS, customers["cluster"])], schema=LABEL_SCHEMA
    )
    return tables, labels


# --------------------------------------------------------------------------- files


class CsvFile:
    """A CSV file written table by table: header, `\\n`, no quotes, blank for null, 1/0 flags."""

    # Clean values hold no comma, quote or line end; the writer raises if one ever does.
    OPTIONS = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")

    def __init__(self, path, schema):
        self.name = path.name
        self.schema = schema
        self.sink = pa.OSFile(str(path), "wb")
        self.position = 0  # physical lines written so far
        self._write_line(",".join(schema.names))

    def _write_line(self, line):
        self.sink.write(line.encode() + b"\n")
        self.position += 1

    def write(self, table):
        """Append a table of the file's schema."""
        for index, field in enumerate(table.schema):
            column = table.column(index)
            if field.type == FLAG:
                table = table.set_column(index, field.name, column.cast(pa.int8()))
            elif field.type == MOMENT:
                table = table.set_column(index, field.name, column.cast(pa.timestamp("s")))
        if table.num_rows:
            pyarrow.csv.write_csv(table, self.sink, self.OPTIONS)
        self.position += table.num_rows

    def write_fault(self, rule, column, values):
        """Append a dirty line; true, since text can hold any fault.

        A field of None is left out; a broken quote opens before the named column.
        """
        fields = dict(values)
        if rule == "unbalanced_quote":
            fields[column] = '"' + fields[column]
        self._write_line(",".join(field for field in fields.values() if field is not None))
        return True

    def close(self):
        """Finish the file."""
        self.sink.close()


class ParquetFile:
    """A Parquet file written table by table, with the types of its schema."""

    def __init__(self, path, schema):
        self.name = path.name
        self.schema = schema
        # Dictionaries pay for the columns of few values; keys and amounts only outgrow them.
        few = [f.name for f in schema if f.type == KEY and not f.name.endswith("_id")]
        self.writer = pa.parquet.ParquetWriter(path, schema, use_dictionary=few)
        self.position = 0  # rows written so far

    def write(self, table):
        """Append a table of the file's schema."""
        self.writer.write_table(table, row_group_size=ROW_GROUP_SIZE)
        self.position += table.num_rows

    def write_fault(self, rule, column, values):
        """Append a dirty row and return true; return false where typed columns cannot hold it."""
        if rule in LINE_RULES:
            return False
        texts = [pa.array([values[name] or None], pa.string()) for name in self.schema.names]
        try:
            cells = [text.cast(field.type) for text, field in zip(texts, self.schema, strict=True)]
        except pa.ArrowInvalid:
            return False
        self.write(pa.Table.from_arrays(cells, schema=self.schema))
        return True

    def close(self):
        """Finish the file."""
        self.writer.close()


FILE_TYPES = {"csv": CsvFile, "parquet": ParquetFile}


def write_faults(settings, entity, place, file):
    """Write the dirty rows of one entity and place; return their entries for truth.json.

    `line_number` is the physical line of a CSV file (its header is line 1) or the row of a
    Parquet file (its first row is 1).
    """
    first_customer = "C" + "1".zfill(key_widths(settings)["customers"])
    entries = []
    for number, fault in enumerate(FAULTS, start=1):
        if (fault.entity, fault.place) != (entity, place):
            continue
        key_column = SCHEMAS[entity].names[0]
        values = {key_column: f"X{number:07d}", **HEALTHY_ROWS[entity], **fault.values}
        values = {k: first_customer if v == FIRST_CUSTOMER else v for k, v in values.items()}
        if file.write_fault(fault.rule, fault.column, values):
            entries.append(
                {
                    "entity": entity,
                    "file_name": file.name,
                    "line_number": file.position,
                    "rule_code": fault.rule,
                    "column_name": None if fault.rule in LINE_RULES else fault.column,
                }
            )
    return entries


def planted_parameters(settings):
    """The parameters of every planted model, for truth.json."""
    intercept = CHURN_INTERCEPT
    if settings.null_effects:
        intercept = math.log(NULL_CHURN_PROBABILITY / (1 - NULL_CHURN_PROBABILITY))
    first_age, last_age = AGE_BANDS[0][0], AGE_BANDS[-1][1]
    steps = zip(
        (first_age, *CHURN_AGE_BREAKS),
        (*(b - 1 for b in CHURN_AGE_BREAKS), last_age),
        CHURN_BY_AGE,
        strict=True,
    )

    def planted(coefficient):
        return 0.0 if settings.null_effects else coefficient

    def by_value(values, coefficients):
        return {v: planted(c) for v, c in zip(values, coefficients, strict=True)}

    labels = cut_labels()
    contacts = cluster_mean_contacts(settings.mean_contacts)
    return {
        "churn": {
            "model": "logistic",
            "intercept": round(intercept, 8),
            "product_count": by_value(labels["product_count"], CHURN_BY_PRODUCT_COUNT),
            "age": [
                {"first_age": first, "last_age": last, "coefficient": planted(coefficient)}
                for first, last, coefficient in steps
            ],
            "city": by_value(CITIES, CHURN_BY_CITY),
            "gender": by_value(GENDERS, CHURN_BY_GENDER),
            "is_active": by_value(labels["is_active"], CHURN_BY_ACTIVE),
            "features_without_effect": list(CHURN_NULL_FEATURES),
        },
        "balance": {"missing_share_by_product_count": list(BALANCE_MISSING_SHARES)},
        "clusters": [
            {
                "cluster": name,
                "share": CLUSTER_SHARES[i],
                "recency_days_median": CLUSTER_RECENCY_DAYS[i],
                "recency_log_sigma": CLUSTER_RECENCY_SIGMA,
                "contacts_mean": round(float(contacts[i]), 8),
                "balance_median": CLUSTER_BALANCE[i],
                "balance_log_sigma": CLUSTER_BALANCE_SIGMA,
            }
            for i, name in enumerate(CLUSTERS)
        ],
        "no_contact_share": NO_CONTACT_SHARE,
        "bg_nbd": {**BG_NBD, "time_unit": "week"},
        "gamma_gamma": GAMMA_GAMMA,
        "policies": {
            "customer_share": POLICY_SHARE,
            "clv_factors": dict(zip(("1", "2", "3+"), CLV_FACTORS, strict=True)),
            "clv_log_sigma": CLV_SIGMA,
            "base_premium": BASE_PREMIUM,
            "premium_noise": list(PREMIUM_NOISE),
            "coverage_premium_factors": dict(zip(COVERAGES, COVERAGE_PREMIUM_FACTORS, strict=True)),
            "vehicle_premium_factors": dict(
                zip(VEHICLE_CLASSES, VEHICLE_PREMIUM_FACTORS, strict=True)
            ),
            "shifted_beta_geometric": RENEWAL,
        },
        "campaigns": {
            "campaign_codes": list(CAMPAIGNS),
            "contacted_share": CONTACTED_SHARE,
            "treated_share": 0.5,
            "save_rates": dict(zip(ARMS, save_rates(settings.null_effects).tolist(), strict=True)),
        },
    }


def simulate(settings):
    """Write the entity files and truth.json into `settings.out`; return the truth.

    Raises OSError where the folder cannot be written. truth.json is written last, so a folder
    without it holds an unfinished run.
    """
    settings.out.mkdir(parents=True, exist_ok=True)
    truth_path = settings.out / "truth.json"
    labels_path = settings.out / f"truth_clusters.{settings.file_format}"
    truth_path.unlink(missing_ok=True)
    labels_path.unlink(missing_ok=True)

    open_file = FILE_TYPES[settings.file_format]
    files = {
        entity: open_file(settings.out / f"{entity}.{settings.file_format}", schema)
        for entity, schema in SCHEMAS.items()
    }
    labels_file = open_file(labels_path, LABEL_SCHEMA) if settings.truth_labels else None
    row_counts = dict.fromkeys(SCHEMAS, 0)
    first_rows = {}
    dirty_rows = []
    churn_truth = ChurnTruth()
    for block in range(math.ceil(settings.customers / BLOCK_SIZE)):
        tables, labels = simulate_block(settings, block, row_counts, churn_truth)
        for entity, table in tables.items():
            row_counts[entity] += table.num_rows
            if block == 0 and settings.dirty_rows:
                first_rows[entity] = table.slice(0, EXACT_DUPLICATES[entity])
                files[entity].write(table.slice(0, EARLY_ROW))
                dirty_rows += write_faults(settings, entity, EARLY, files[entity])
                table = table.slice(EARLY_ROW)
            files[entity].write(table)
        if labels_file:
            labels_file.write(labels)
    for entity, rows in first_rows.items():
        dirty_rows += write_faults(settings, entity, END, files[entity])
        files[entity].write(rows)
    for file in [*files.values(), *([labels_file] if labels_file else [])]:
        file.close()

    rates = churn_truth.rates()
    gender_rates = rates["gender"].values()
    truth = {
        "arguments": {
            "customers": settings.customers,
            "seed": settings.seed,
            "format": settings.file_format,
            "mean_contacts": settings.mean_contacts,
            "null_effects": settings.null_effects,
            "dirty_rows": settings.dirty_rows,
        },
        "window_start": "2024-01-01",
        "as_of_date": "2025-12-31",
        "clean_rows": row_counts,
        "churned_customers": sum(rate["churned"] for rate in gender_rates),
        **planted_parameters(settings),
        "churn_rate_by_cut": rates,
        "dirty_rows": dirty_rows,
        "duplicates": {entity: rows.num_rows for entity, rows in first_rows.items()},
    }
    truth_path.write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return truth


# --------------------------------------------------------------------------- command line


def parse_arguments(argv):
    """Parser and settings; a wrong argument ends the program with one sentence and exit code 2."""
    parser = argparse.ArgumentParser(
        prog="python -m customer_science.simulate",
        description="Write simulated extracts of a fictional bank-insurer, and their truth.",
    )
    parser.add_argument("--customers", type=int, required=True, help="number of clean customers")
    parser.add_argument("--seed", type=int, required=True, help="seed of all random streams")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--format", choices=sorted(FILE_TYPES), default="csv", dest="file_format")
    parser.add_argument(
        "--mean-contacts",
        type=float,
        default=DEFAULT_MEAN_CONTACTS,
        help="mean interactions per customer (default %(default)s)",
    )
    parser.add_argument(
        "--null-effects", action="store_true", help="plant no churn and no campaign effect"
    )
    parser.add_argument(
        "--no-dirty-rows",
        action="store_false",
        dest="dirty_rows",
        help="plant no dirty and no duplicate rows",
    )
    parser.add_argument(
        "--truth-labels", action="store_true", help="also write truth_clusters, for tests"
    )
    settings = Settings(**vars(parser.parse_args(argv)))
    if settings.customers < 1:
        parser.error(f"--customers must be at least 1, not {settings.customers}.")
    if settings.seed < 0:
        parser.error(f"--seed must not be negative, but is {settings.seed}.")
    if not 1 <= settings.mean_contacts <= 100:
        parser.error(f"--mean-contacts must be between 1 and 100, not {settings.mean_contacts:g}.")
    if settings.out.exists() and not settings.out.is_dir():
        parser.error(f"--out must be a folder, but {settings.out} is a file.")
    return parser, settings


def main(argv=None):
    """Run the command line; see the module docstring."""
    parser, settings = parse_arguments(argv)
    try:
        truth = simulate(settings)
    except OSError as error:
        parser.error(f"cannot write to {settings.out}: {error.strerror or error}.")
    counts = ", ".join(f"{count:,} {entity}" for entity, count in truth["clean_rows"].items())
    print(f"Wrote {counts} to {settings.out}.")


if __name__ == "__main__":
    main()
