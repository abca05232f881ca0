"""Simulate the customers of a fictional bank-insurer of the Yaroslavl region, with known truth.

Seven entity files (customers, customer_snapshots, product_holdings, interactions, transactions,
policies, campaign_contacts) cover the 36 months up to the as-of date; `truth.json` holds every
planted parameter, so that what a pipeline finds can be compared with what was put in.

The demo extracts of this repository are made, from its root, by

    python -m customer_science.simulate --customers 10000 --seed 2 --mean-contacts 8 \
        --out data/demo

The same arguments give the same bytes: no clock is read, nothing depends on threads, and every
block of `BLOCK_SIZE` customers has random streams of its own, one per topic. Blocks are written
as they are made, so memory does not grow with the number of customers.

Who is in the files: everybody who was a customer when the window starts, and everybody who joined
later. Closings are recorded from the start of the window on. Customers close at a planted hazard;
customers join with the characteristics of those who close, so that the portfolio keeps its size
and its composition, and churn is level. High-risk customers are therefore replaced more often:
customers of short tenure churn more than others, although tenure has no effect of its own.

Before a customer closes, contacts and purchases thin out and the balance falls; closing empties
the balance and the activity of the customer record. `customer_snapshots` holds the state at month
ends, with a row only where something changed: the last row at or before a month end is the state
on that day. Motor policies are separate contracts and do not end at a closing.

Methods: closings are the first event of a piecewise constant hazard, which depends on the
customer's state at the start of each month. Purchases follow the BG/NBD model (Fader, Hardie and
Lee 2005, "Counting your customers the easy way") and end at a closing, their amounts the
Gamma-Gamma model (Fader and Hardie 2013), policy renewals the shifted beta geometric (Fader and
Hardie 2007, "How to project customer retention"). A BG/NBD fit recovers the planted parameters
only if customers are observed up to their closing: up to the as-of date, closings count as a
second way to stop, and r and alpha are a third too low.
"""

import argparse
import functools
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
DEMO_ARGUMENTS = ("--customers", "10000", "--seed", "2", "--mean-contacts", "8")

BLOCK_SIZE = 250_000  # customers; part of the definition of the data, not a tuning knob
ROW_GROUP_SIZE = 1_000_000


def _day(text):
    """Days since 1970-01-01 of an ISO date."""
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


WINDOW_START = _day("2023-01-01")
AS_OF = _day("2025-12-31")
WINDOW_YEARS = 3
MONTHS = 12 * WINDOW_YEARS
BEFORE_MONTH = 12 * (2023 - 1970) - 1  # the month before the window, counted from January 1970
_MONTHS = np.arange(BEFORE_MONTH + 1, BEFORE_MONTH + MONTHS + 2)
# The month ends on which states are known: the one before the window, and those of its months.
MONTH_ENDS = _MONTHS.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - 1
YEAR_DAYS = 365  # hazards are per 365 days, so that exp(-hazard) is the share kept over a window
DAY_SECONDS = 86_400
OPENING_SECOND = 8 * 3_600  # events happen between 08:00 and 22:00
OPEN_SECONDS = 14 * 3_600

# --- Customers. Shares are those of the published study of 10,000 bank customers; those of products
# and ages are set a little off, as they drift towards the study's until the last window.
PRODUCT_COUNT_SHARES = (0.5180, 0.4480, 0.0275, 0.0065)  # 1, 2, 3, 4 products
CITIES = ("Yaroslavl", "Rostov Veliky", "Rybinsk")
CITY_SHARES = (0.5014, 0.2509, 0.2477)
GENDERS = ("female", "male")
GENDER_SHARES = (0.4543, 0.5457)
ACTIVE_SHARE = 0.5151
CREDIT_CARD_SHARE = 0.7055
# Age bands of the study: first and last age, share, and how much each further year thins out
# (the study's ages fall by about a tenth a year after 42 and by about 7 % after 52).
AGE_BANDS = (
    (18, 26, 0.0830, 1.0),
    (27, 32, 0.2030, 1.0),
    (33, 36, 0.1850, 1.0),
    (37, 41, 0.2200, 1.0),
    (42, 52, 0.2090, 0.9),
    (53, 92, 0.1000, 0.93),
)
LAST_AGE = 89  # of those who are customers at the start; nobody is older than 92 at the end
LONGEST_TENURE_DAYS = 7_305  # at the start of the window
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

# --- Churn: coefficients of a score. Where nothing changes, the risk over 365 days is HIGHEST_RISK
# times the logistic function of the score, and the hazard follows from it. Solved so that the
# customers at risk on 2024-12-31 have these risks, the published study's: products 27.7 / 7.6 %,
# age bands 7.4 / 7.7 / 10.3 / 16.3 / 39.0 / 41.6 %, cities 16.2 / 32.4 / 16.7 %, women 25.1 % and
# men 16.5 %, active 14.3 % and not active 26.9 %. The study's risks of three and four products are
# too high for customers to stay in the portfolio: 68 and 72 % are planted. Effects of engagement
# and value are invented.
HIGHEST_RISK = 0.85
CHURN_INTERCEPT = -1.26
CHURN_BY_PRODUCT_COUNT = (0.0, -3.18, 3.83, 4.48)
CHURN_AGE_BREAKS = (33, 37, 43, 53, 65)  # first ages of the second and later steps
CHURN_BY_AGE = (0.0, 0.39, 1.57, 4.36, 6.1, 1.64)
CHURN_BY_CITY = (0.0, 2.1, 0.07)
CHURN_BY_GENDER = (0.0, -1.22)
CHURN_BY_ACTIVE = (0.0, -2.01)
CHURN_BY_CLUSTER = (0.0, -0.9, -1.8)
VALUES = ("none", "low", "high")  # no balance, and below or above the median of the cluster
CHURN_BY_VALUE = (0.0, 0.4, -0.4)
CHURN_NULL_FEATURES = ("has_credit_card", "estimated_salary", "credit_score", "property_count")
NULL_HAZARD = 0.08  # everybody's with --null-effects

# --- Change while a customer, per year.
OPENING_RATES = (0.03, 0.015, 0.08)  # a second, third and fourth product
NULL_OPENING_RATE = 0.25  # each further product with --null-effects
# Cells of low risk grow, as customers grow older in them; some more joiners of higher risk keep
# churn level.
REPLACEMENT = 1.08
ACTIVITY_CHANGE_RATE = 0.25  # customers draw their activity anew at this rate
BALANCE_CHANGE_RATE = 1.2  # customers draw their balance anew around its usual level
BALANCE_CHANGE_SIGMA = 0.15  # of the logarithm
# Days before closing in which events thin out and the balance falls, both in a straight line.
FADING_DAYS = (90, 180)
# What closing does to the customer record: balance zero, balance blank, not active.
CLOSED_ZERO_SHARE = 0.6
CLOSED_BLANK_SHARE = 0.3
CLOSED_INACTIVE_SHARE = 0.9

# --- Balance: missing not at random; the study's share of missing by product count.
BALANCE_MISSING_SHARES = (0.178, 0.566, 0.368, 0.233)

# --- Engagement clusters, invented to be well apart on the log scale.
CLUSTERS = ("occasional", "regular", "devoted")
CLUSTER_SHARES = (0.60, 0.28, 0.12)
# Contacts per year, before they are scaled to the requested mean. The days between contacts are
# nearly even: each customer's gap is within GAP_RANGE of the cluster's.
CLUSTER_YEARLY_CONTACTS = (2.5, 11.0, 45.0)
GAP_RANGE = (0.7, 1.3)
GAP_JITTER = 0.3  # a contact is early or late by at most this share of the gap
WELCOME_DAYS = 30  # first contact and first purchase after joining, at the latest
CLUSTER_BALANCE = (50_000.0, 350_000.0, 2_500_000.0)  # medians
CLUSTER_BALANCE_SIGMA = 0.40  # of the logarithm
DEFAULT_MEAN_CONTACTS = 6.7
NO_CONTACT_SHARE = 0.01
CHANNELS = ("branch", "phone", "app", "email")
CHANNEL_SHARES = (0.22, 0.28, 0.35, 0.15)
DIRECTIONS = ("inbound", "outbound")
DIRECTION_SHARES = (0.65, 0.35)

# --- Purchases. Parameters near those of the published CDNOW fit (r .24, alpha 4.4, a .79,
# b 2.43), with more repeaters; alpha in weeks.
BG_NBD = {"r": 0.6, "alpha": 12.0, "a": 0.8, "b": 2.5}
# Customers at the start of the window first buy within these days, evenly, so that purchases do
# not all begin at once.
FIRST_PURCHASE_DAYS = 546
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

# --- Campaigns: audience and arm at random. The contact of a treated customer lowers the hazard;
# retained means not closed within the days of the effect, which all lie before the as-of date.
CAMPAIGNS = ("autumn_2024", "spring_2025")
CAMPAIGN_STARTS = (_day("2024-09-09"), _day("2025-03-10"))
CAMPAIGN_DAYS = 14
CONTACTED_SHARE = 0.25
ARMS = ("holdout", "treated")
CAMPAIGN_EFFECT_DAYS = 180
SAVE_RATE = 0.50  # share of the treated customers' hazard that the contact takes away

# Windows whose planted risks stand in truth.json: the day before each, as an index of MONTH_ENDS.
WINDOW_OPENINGS = (12, 24)

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
    "customer_snapshots": pa.schema(
        [
            ("customer_id", KEY),
            ("observed_on", DAY),
            ("balance", MONEY),
            ("is_active", FLAG),
            ("has_credit_card", FLAG),
            ("product_count", WHOLE),
            ("property_count", WHOLE),
            ("credit_score", WHOLE),
            ("estimated_salary", MONEY),
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
    "customer_snapshots": {
        "customer_id": FIRST_CUSTOMER,
        "observed_on": "2020-02-29",
        "balance": "54321.00",
        "is_active": "1",
        "has_credit_card": "1",
        "product_count": "1",
        "property_count": "2",
        "credit_score": "655",
        "estimated_salary": "98765.43",
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
    _fault("customer_snapshots", "missing_key", "observed_on", "", EARLY),
    _fault("customer_snapshots", "out_of_range", "product_count", "-1"),
    _fault("customer_snapshots", "unknown_customer", "customer_id", "X9999997"),
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
    "customer_snapshots": 2,
    "product_holdings": 2,
    "interactions": 3,
    "transactions": 3,
    "policies": 2,
    "campaign_contacts": 2,
}

# Topics with a random stream of their own: a change in one leaves the draws of the others alone.
STREAMS = (
    "customers",
    "states",
    "holdings",
    "contacts",
    "purchases",
    "amounts",
    "policies",
    "campaigns",
    "closings",
    "snapshots",
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
    """Share of each age from the first one of AGE_BANDS to LAST_AGE."""
    parts = []
    for first, last, share, thinning in AGE_BANDS:
        weights = thinning ** np.arange(min(last, LAST_AGE) - first + 1)
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


def draw_purchases(rng, first_day):
    """Purchase days up to the as-of date by the BG/NBD model, at most one per customer and day.

    A customer buys at a Poisson rate drawn from Gamma(r, alpha) per week, and after each repeat
    purchase stops for good with a probability drawn from Beta(a, b) (Fader, Hardie and Lee
    2005). Given their number, the times of a Poisson process are even over the window; so the
    purchases are drawn as if nobody stopped, and cut after the geometric last one.

    first_day: day of the first purchase of each customer. Returns (customer index, day) of all
    purchases in order; a first purchase after the as-of date is among them.
    """
    size = first_day.size
    window = np.maximum(AS_OF - first_day, 0)
    weekly_rate = rng.gamma(BG_NBD["r"], 1 / BG_NBD["alpha"], size)
    repeats = rng.poisson(weekly_rate * window / 7)
    # A probability of zero has no geometric distribution; this one never ends in the window.
    stopping = np.maximum(rng.beta(BG_NBD["a"], BG_NBD["b"], size), 1e-9)
    last_repeat = rng.geometric(stopping)

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


def cluster_contact_rates(settings):
    """Contacts per year of each cluster that give a customer of the file the requested mean.

    A portfolio of one customer is a customer for `WINDOW_YEARS` years, which the file divides
    among those who close and those who join. Fading removes half of the contacts of its days;
    joining adds half a contact.
    """
    world = population(settings.null_effects)
    customers = 1 / (1 - world.joiner_share)  # in the file, per customer at a time
    fading_years = 0.0 if settings.null_effects else sum(FADING_DAYS) / 4 / YEAR_DAYS
    years = WINDOW_YEARS * (1 - world.yearly_closings * fading_years) / customers
    base = np.array(CLUSTER_YEARLY_CONTACTS)
    wanted = settings.mean_contacts / (1 - NO_CONTACT_SHARE) - world.joiner_share / 2
    shortest, longest = GAP_RANGE  # the mean of one over an even distance
    years *= math.log(longest / shortest) / (longest - shortest)
    return base * wanted / (years * float(np.dot(base, CLUSTER_SHARES)))


def draw_contacts(rng, customers, contact_rates):
    """Contacts of each customer while a customer, at nearly even distances, before any fading.

    Returns (customer index, second) of all contacts in order.
    """
    size = customers["cluster"].size
    distance = YEAR_DAYS / contact_rates[customers["cluster"]] * rng.uniform(*GAP_RANGE, size)
    since = np.maximum(customers["joined_on"], WINDOW_START)
    welcome = np.where(customers["is_joiner"], np.minimum(distance, WELCOME_DAYS), distance)
    first_day = since + rng.random(size) * welcome
    left = (customers["last_day"] - first_day) / distance
    contacts = np.where(left >= 0, 1 + np.floor(left), 0).astype(np.int64)
    contacts[draw_flags(rng, NO_CONTACT_SHARE, size)] = 0

    rows = np.repeat(np.arange(size), contacts)
    number = np.arange(rows.size) - np.repeat(np.cumsum(contacts) - contacts, contacts)
    jitter = np.where(number > 0, rng.uniform(-GAP_JITTER, GAP_JITTER, rows.size), 0.0)
    days = np.floor(first_day[rows] + distance[rows] * (number + jitter)).astype(np.int64)
    days = np.clip(days, since[rows], customers["last_day"][rows])
    seconds = draw_seconds(rng, days) - WINDOW_START * DAY_SECONDS
    shift = 27  # bits; three years have fewer than 2 ** 27 seconds
    keys = np.sort((rows << shift) + seconds)
    return rows, WINDOW_START * DAY_SECONDS + (keys & ((1 << shift) - 1))


def stays_visible(rng, customers, rows, days):
    """Which events of customers `rows` happen: none after closing, fewer and fewer before it."""
    left = customers["last_day"][rows] - days
    return (left >= 0) & (rng.random(rows.size) * customers["fading_days"][rows] <= left)


# --------------------------------------------------------------------------- the population

# Axes of the cells that the hazard depends on; the last is the step of the age.
CELLS = (
    CHURN_BY_PRODUCT_COUNT,
    CHURN_BY_CITY,
    CHURN_BY_GENDER,
    CHURN_BY_ACTIVE,
    CHURN_BY_CLUSTER,
    CHURN_BY_VALUE,
    CHURN_BY_AGE,
)


CELL_NAMES = ("city", "gender", "was_active", "cluster", "value")  # between products and age


@dataclass(frozen=True)
class Population:
    """Who is a customer at any time, who joins, and how likely each closes."""

    hazards: np.ndarray  # per 365 days, by the axes of CELLS
    customer_bounds: np.ndarray  # cumulated shares of the cells of customers, by single age
    joiner_bounds: np.ndarray  # the same of those who join
    shape: tuple  # of these cells: the axes of CELLS, with single ages for their steps
    yearly_closings: float  # per customer
    joiner_share: float  # of the customers of a file


def churn_hazards(null_effects):
    """Planted hazard per 365 days, by the axes of CELLS.

    The functions are applied once per cell with `math`; a few thousand cells cover everyone, so
    no result depends on how a machine vectorises.
    """
    effects = np.array(CHURN_INTERCEPT)
    for levels in CELLS:
        effects = effects[..., None] + np.array(levels)
    if null_effects:
        return np.full(effects.shape, NULL_HAZARD)
    risks = [HIGHEST_RISK / (1 + math.exp(-x)) for x in effects.ravel()]
    return np.array([-math.log1p(-risk) for risk in risks]).reshape(effects.shape)


def opening_rates(null_effects):
    """Openings of a further product per year by number of products; nobody opens a fifth."""
    rates = (NULL_OPENING_RATE,) * len(OPENING_RATES) if null_effects else OPENING_RATES
    return np.array((*rates, 0.0))


@functools.lru_cache(maxsize=2)
def population(null_effects):
    """The population that keeps its size and its risks while customers close and join.

    It starts with the shares of the published study, features independent. In each cell, joiners
    replace the customers who close, grow older or open a product. Nobody joins a cell that ageing
    and openings fill faster than it empties.
    """
    hazards = churn_hazards(null_effects)
    missing = np.array(BALANCE_MISSING_SHARES)
    value_shares = np.stack([missing, (1 - missing) / 2, (1 - missing) / 2], axis=1)
    shares = np.array(PRODUCT_COUNT_SHARES)[:, None, None, None, None, None]
    shares = shares / sum(PRODUCT_COUNT_SHARES) * value_shares[:, None, None, None, None, :]
    for axis, weights in (
        (1, CITY_SHARES),
        (2, GENDER_SHARES),
        (3, (1 - ACTIVE_SHARE, ACTIVE_SHARE)),
        (4, CLUSTER_SHARES),
    ):
        levels = np.array(weights) / sum(weights)
        shares = shares * levels.reshape([-1 if i == axis else 1 for i in range(6)])
    shares = shares[..., None] * age_shares()
    ages = AGE_BANDS[0][0] + np.arange(shares.shape[-1])
    steps = np.searchsorted(CHURN_AGE_BREAKS, ages, side="right")
    closings = shares * hazards[..., steps]
    if null_effects:
        # Nothing has an effect, so joiners need no composition of their own. All start with one
        # product.
        joiners = np.zeros_like(shares)
        joiners[0] = shares.sum(axis=0)
    else:
        openings = shares * opening_rates(null_effects).reshape(-1, *[1] * (shares.ndim - 1))
        joiners = closings * REPLACEMENT + np.diff(shares, axis=-1, prepend=0.0) + openings
        joiners[1:] -= openings[:-1]
        joiners = np.maximum(joiners, 0.0)
    yearly_closings = float(closings.ravel().cumsum()[-1])
    joining = WINDOW_YEARS * yearly_closings
    return Population(
        hazards,
        shares.ravel().cumsum(),
        joiners.ravel().cumsum(),
        shares.shape,
        yearly_closings,
        joining / (1 + joining),
    )


def changes_until(rng, since, rates):
    """Days of successive events of customers, counted from `since`, one column per event.

    rates: the rate per year of each event, once the one before has happened (an array per event).
    Returns days beyond any window where an event does not happen.
    """
    days = np.empty((since.size, len(rates)), dtype=np.int32)
    now = since.astype(float)
    for column, rate in enumerate(rates):
        never = rate <= 0
        wait = rng.standard_exponential(since.size) * YEAR_DAYS / np.where(never, 1.0, rate)
        now = np.where(never, 1e9, np.minimum(np.ceil(now + wait), 1e9))
        days[:, column] = now
    return days


def first_month_end(days):
    """Index of the first month end at or after each day; `MONTHS` + 1 where there is none."""
    return np.searchsorted(MONTH_ENDS, days, side="left").astype(np.int8)


def month_end_before(days):
    """Index of the last month end before each day; -1 where there is none."""
    return np.searchsorted(MONTH_ENDS, days, side="left") - 1


def draw_campaigns(settings, block, customers):
    """Campaign contacts planned for a random share of customers, one each, as arrays.

    `saved` is the share of the hazard that the contact takes away; those who are not customers
    yet are not reached.
    """
    rng = random_stream(settings.seed, block, "campaigns")
    rows = np.flatnonzero(draw_flags(rng, CONTACTED_SHARE, customers["number"].size))
    campaign = draw_codes(rng, (0.5, 0.5), rows.size)
    arm = draw_codes(rng, (0.5, 0.5), rows.size)
    start = np.array(CAMPAIGN_STARTS)[campaign]
    contacted_on = draw_between(rng, start, start + CAMPAIGN_DAYS - 1)
    is_customer = customers["joined_on"][rows] <= contacted_on
    return {
        "rows": rows,
        "campaign": campaign,
        "arm": arm,
        "contacted_on": contacted_on,
        "saved": save_rate(settings.null_effects) * arm * is_customer,
    }


def affected_days(campaigns, day_before, last_day):
    """Days of a month on which each contact has its effect, which begins the day after it."""
    contacted_on = campaigns["contacted_on"]
    last_affected = np.minimum(contacted_on + CAMPAIGN_EFFECT_DAYS, last_day)
    return np.maximum(last_affected - np.maximum(contacted_on, day_before), 0)


def close_campaigns(campaigns, customers):
    """The contacts that took place, as the customer had not closed, and whether they retained."""
    closed_on = customers["closed_on"][campaigns["rows"]]
    campaigns["is_retained"] = closed_on > campaigns["contacted_on"] + CAMPAIGN_EFFECT_DAYS
    reached = customers["joined_on"][campaigns["rows"]] <= campaigns["contacted_on"]
    reached &= closed_on > campaigns["contacted_on"]
    return {name: values[reached] for name, values in campaigns.items()}


class HazardTable:
    """Daily hazards of customers by their present state."""

    def __init__(self, world, customers):
        self.daily = world.hazards.ravel() / YEAR_DAYS
        self.step_of_age = np.searchsorted(CHURN_AGE_BREAKS, np.arange(128), side="right")
        self.step_of_age = self.step_of_age.astype(np.int32)
        # Positions in the table by everything but the age.
        self.strides = [stride // world.hazards.itemsize for stride in world.hazards.strides]
        parts = [customers["product_count"] - 1, *(customers[name] for name in CELL_NAMES)]
        self.position = np.zeros(customers["number"].size, dtype=np.int32)
        for part, stride in zip(parts, self.strides[:-1], strict=True):
            self.position += (part * stride).astype(np.int32)
        self.product_count = customers["product_count"].copy()
        self.is_active = customers["was_active"].copy()

    def change(self, customers, month_end):
        """Take over the changes that a month end (an index) first shows."""
        for ends in customers["opening_ends"].T:
            rows = np.flatnonzero(ends == month_end)
            self.product_count[rows] += 1
            self.position[rows] += self.strides[0]
        stride = self.strides[1 + CELL_NAMES.index("was_active")]
        for ends in customers["flip_ends"].T:
            rows = np.flatnonzero(ends == month_end)
            self.position[rows] += np.where(self.is_active[rows], -stride, stride)
            self.is_active[rows] = ~self.is_active[rows]

    def daily_hazards(self, ages):
        """Hazard per day of each customer at the given ages."""
        return self.daily[self.position + self.step_of_age[ages]]


def draw_lives(settings, block, customers, truth):
    """Decide who closes and when, month by month; add it to `customers` and to the truth.

    The hazard of a month depends on the state at the month end before. States change whether the
    customer closes or not, so the planted risk of a customer over some days is
    1 - exp(-sum of their hazards). Returns the campaign contacts.
    """
    size = customers["number"].size
    table = HazardTable(population(settings.null_effects), customers)
    campaigns = draw_campaigns(settings, block, customers)
    chosen, unsaved = campaigns["rows"], 1 - campaigns["saved"]
    campaigns["hazard"] = np.zeros(chosen.size)  # over the days of the effect

    rng = random_stream(settings.seed, block, "closings")
    endurance = rng.standard_exponential(size)  # closes when the hazards have come to so much
    joined_on = customers["joined_on"]
    hazard = np.zeros(size)
    customers["closed_on"] = closed_on = np.full(size, AS_OF + 1)
    windows = []
    for month in range(MONTHS):
        day_before, last_day = MONTH_ENDS[month], MONTH_ENDS[month + 1]
        table.change(customers, month)
        if month in WINDOW_OPENINGS:
            at_risk = (joined_on <= day_before) & (hazard < endurance)
            cuts = cut_codes(customers, month, table.product_count, table.is_active)
            windows.append((month, at_risk, hazard.copy(), cuts))

        daily = table.daily_hazards(ages_at(customers, month))
        days = np.clip(last_day - joined_on, 0, last_day - day_before).astype(float)
        affected = affected_days(campaigns, day_before, last_day)
        campaigns["hazard"] += daily[chosen] * affected * unsaved
        days[chosen] -= campaigns["saved"] * affected
        step = daily * days
        closing = np.flatnonzero((hazard < endurance) & (hazard + step >= endurance))
        since = np.maximum(day_before, joined_on[closing])
        share = (endurance[closing] - hazard[closing]) / step[closing]
        days_after = np.floor(share * (last_day - since)).astype(np.int64)
        closed_on[closing] = np.minimum(since + 1 + days_after, last_day)
        hazard += step
        for opening, at_risk, before, cuts in windows:
            if month == opening + 11:
                # In a leap year the twelve months are a day longer than the window.
                beyond = last_day - MONTH_ENDS[opening] - YEAR_DAYS
                risk = -np.expm1(before - hazard + step * beyond / (last_day - day_before))
                truth.add_window(MONTH_ENDS[opening], at_risk, risk, closed_on, cuts)

    customers["has_closed"] = closed_on <= AS_OF
    customers["last_day"] = np.minimum(closed_on, AS_OF)
    fading = draw_between(rng, np.full(size, FADING_DAYS[0]), FADING_DAYS[1])
    is_fading = customers["has_closed"] & (not settings.null_effects)
    customers["fading_days"] = np.where(is_fading, fading, 0)
    truth.add_months(joined_on, closed_on)
    campaigns = close_campaigns(campaigns, customers)
    truth.add_campaigns(campaigns, np.exp(-campaigns["hazard"]))
    return campaigns


def save_rate(null_effects):
    """Share of the hazard that a contact of the treated arm takes away."""
    return 0.0 if null_effects else SAVE_RATE


def states_at(customers, rows, month_ends):
    """Product count, activity and balance in cents of customers `rows` on month ends (indices)."""
    openings = customers["opening_ends"][rows] <= month_ends[:, None]
    flips = (customers["flip_ends"][rows] <= month_ends[:, None]).sum(axis=1)
    product_count = customers["product_count"][rows] + openings.sum(axis=1)
    is_active = customers["was_active"][rows] ^ (flips % 2 == 1)
    latest = np.searchsorted(customers["balance_keys"], balance_keys(rows, month_ends), "right") - 1
    left = customers["closed_on"][rows] - MONTH_ENDS[month_ends]
    fading = customers["fading_days"][rows]
    level = np.where(left < fading, left / np.maximum(fading, 1), 1.0)
    balance = customers["balance_cents"][rows] * customers["balance_levels"][latest] * level
    balance = np.where(customers["has_no_balance"][rows], 0, np.rint(balance))
    return product_count, is_active, balance.astype(np.int64)


def sorted_distinct(keys):
    """The distinct keys in order."""
    keys = np.sort(keys)
    return keys[np.diff(keys, prepend=-1) != 0]


def balance_keys(rows, month_ends):
    """Customer and month end as one number, in the order of both."""
    return (rows << 6) + month_ends


def close_records(settings, block, customers):
    """Add what the customer record says on the as-of date: its state, emptied by closing."""
    size = customers["number"].size
    rng = random_stream(settings.seed, block, "snapshots")
    last_end = np.maximum(month_end_before(customers["closed_on"]), 0)
    _, is_active, balance = states_at(customers, np.arange(size), last_end)
    is_emptied = customers["has_closed"] & (not settings.null_effects)
    fate = rng.random(size)
    is_zero = is_emptied & (fate < CLOSED_ZERO_SHARE)
    is_blank = is_emptied & ~is_zero & (fate < CLOSED_ZERO_SHARE + CLOSED_BLANK_SHARE)
    customers["final_balance"] = np.where(is_zero, 0, balance)
    customers["has_no_final_balance"] = customers["has_no_balance"] | is_blank
    goes_quiet = is_emptied & draw_flags(rng, CLOSED_INACTIVE_SHARE, size)
    customers["final_active"] = is_active & ~goes_quiet
    # Nothing is opened on the day of closing.
    last_opening = customers["last_day"] - customers["has_closed"]
    openings = customers["opening_days"] <= last_opening[:, None]
    customers["final_count"] = customers["product_count"] + openings.sum(axis=1)


def list_snapshots(customers):
    """Snapshots: the first month end of each customer, and every month end with another state.

    Returns arrays of customer index, month end (index), product count, activity and balance.
    """
    size = customers["number"].size
    everybody = np.arange(size)
    first = first_month_end(np.maximum(customers["joined_on"], MONTH_ENDS[0])).astype(np.int64)
    last = month_end_before(customers["closed_on"])
    keys = [balance_keys(everybody, first)]
    changed = customers["balance_keys"]
    keys.append(changed[~customers["has_no_balance"][changed >> 6]])
    for ends in (*customers["opening_ends"].T, *customers["flip_ends"].T):
        rows = np.flatnonzero(ends <= MONTHS)
        keys.append(balance_keys(rows, ends[rows].astype(np.int64)))
    fading = np.flatnonzero((customers["fading_days"] > 0) & ~customers["has_no_balance"])
    starts = customers["closed_on"][fading] - customers["fading_days"][fading]
    for back in range(FADING_DAYS[1] // 28 + 1):
        ends = last[fading] - back
        falls = (ends >= 0) & (MONTH_ENDS[ends] > starts)
        keys.append(balance_keys(fading[falls], ends[falls]))
    keys = sorted_distinct(np.concatenate(keys))
    rows, month_ends = keys >> 6, keys & 63
    known = (month_ends >= first[rows]) & (month_ends <= last[rows])
    rows, month_ends = rows[known], month_ends[known]
    states = states_at(customers, rows, month_ends)
    # What changed twice within a month may be as it was.
    is_new = np.diff(rows, prepend=-1) != 0
    for state in states:
        is_new[1:] |= state[1:] != state[:-1]
    return [values[is_new] for values in (rows, month_ends, *states)]


def cut_labels():
    """Values of each cut of the churn truth; unknown ages and cities have their own."""
    bands = [f"{first}-{last}" for first, last, _, _ in AGE_BANDS]
    return {
        "all": ["all"],
        "product_count": [str(i + 1) for i in range(len(PRODUCT_COUNT_SHARES))],
        "age_band": [*bands, "unknown"],
        "city": [*CITIES, "unknown"],
        "gender": list(GENDERS),
        "is_active": ["false", "true"],
        "cluster": list(CLUSTERS),
        "has_credit_card": ["false", "true"],
    }


def cut_codes(customers, month_end, product_count, is_active):
    """Code of each customer in each cut of `cut_labels`, as of a month end (an index)."""
    band_starts = [first for first, _, _, _ in AGE_BANDS[1:]]
    age_band = np.searchsorted(band_starts, ages_at(customers, month_end), side="right")
    return {
        "all": np.zeros(age_band.size, dtype=np.int64),
        "product_count": product_count - 1,
        "age_band": np.where(customers["is_age_known"], age_band, len(AGE_BANDS)),
        "city": np.where(customers["is_city_known"], customers["city"], len(CITIES)),
        "gender": customers["gender"],
        "is_active": is_active.astype(np.int64),
        "cluster": customers["cluster"],
        "has_credit_card": customers["has_credit_card"].astype(np.int64),
    }


def ages_at(customers, month_end):
    """Age of each customer on a month end (an index)."""
    return (BEFORE_MONTH + month_end - customers["birth_month"]) // 12


def iso_day(day):
    """ISO date of days since 1970-01-01."""
    return str(np.datetime64(int(day), "D"))


class ChurnTruth:
    """Customers at risk, closings and planted risks, summed over blocks."""

    def __init__(self):
        self.labels = cut_labels()
        self.windows = {
            MONTH_ENDS[end]: {cut: np.zeros((3, len(v))) for cut, v in self.labels.items()}
            for end in WINDOW_OPENINGS
        }
        self.campaigns = np.zeros((3, len(CAMPAIGNS), len(ARMS)))
        self.months = np.zeros((2, MONTHS), dtype=np.int64)

    def add_window(self, day, at_risk, risk, closed_on, codes):
        """Count the customers at risk on one day: the planted risk, and who closed."""
        closed = (closed_on > day) & (closed_on <= day + YEAR_DAYS)
        for cut, code in codes.items():
            length = len(self.labels[cut])
            self.windows[day][cut] += [
                np.bincount(code[at_risk], minlength=length),
                np.bincount(code[at_risk], weights=closed[at_risk], minlength=length),
                np.bincount(code[at_risk], weights=risk[at_risk], minlength=length),
            ]

    def add_campaigns(self, campaigns, retained_probability):
        """Count the contacts of one block of customers."""
        where = (campaigns["campaign"], campaigns["arm"])
        for sums, values in zip(
            self.campaigns, (1, campaigns["is_retained"], retained_probability), strict=True
        ):
            np.add.at(sums, where, values)

    def add_months(self, joined_on, closed_on):
        """Count customers on the day before each month, and closings of the month."""
        ends = MONTH_ENDS[:-1]
        joined, closed = np.sort(joined_on), np.sort(closed_on)
        gone = np.searchsorted(closed, MONTH_ENDS, side="right")
        self.months[0] += np.searchsorted(joined, ends, side="right") - gone[:-1]
        self.months[1] += np.diff(gone)

    def window_risks(self):
        """{day: {cut: {value: at risk, closed, realised and implied risk}}}, without empty values.

        The implied risk is the mean planted probability of the customers at risk.
        """
        return {
            iso_day(day): {
                cut: {
                    value: {
                        "at_risk": int(at_risk),
                        "closed": int(closed),
                        "realised_risk": round(float(closed / at_risk), 6),
                        "implied_risk": round(float(risk / at_risk), 6),
                    }
                    for value, at_risk, closed, risk in zip(self.labels[cut], *sums, strict=True)
                    if at_risk
                }
                for cut, sums in cuts.items()
            }
            for day, cuts in sorted(self.windows.items(), reverse=True)
        }

    def campaign_arms(self):
        """{campaign: {arm: contacts, retained, mean planted probability}}, empty arms left out."""
        contacts, retained, probability = self.campaigns
        return {
            campaign: {
                arm: {
                    "contacts": int(contacts[i, j]),
                    "retained": int(retained[i, j]),
                    "implied_retained_share": round(float(probability[i, j] / contacts[i, j]), 6),
                }
                for j, arm in enumerate(ARMS)
                if contacts[i, j]
            }
            for i, campaign in enumerate(CAMPAIGNS)
        }

    def closings_by_month(self):
        """{first day of the month: customers on the day before, closings of the month}."""
        return {
            iso_day(day + 1): {"customers": int(customers), "closed": int(closed)}
            for day, customers, closed in zip(MONTH_ENDS[:-1], *self.months, strict=True)
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
    """Everything about the customers of one block but their closings and events, as arrays.

    States (product count, activity, age) are those of the day before the window, or of the day
    of joining; what becomes of them is added by `draw_changes`.
    """
    world = population(settings.null_effects)
    rng = random_stream(settings.seed, block, "customers")
    zeros = np.zeros(size, dtype=np.int64)
    is_joiner = draw_flags(rng, world.joiner_share, size)
    joins = draw_between(rng, zeros + WINDOW_START, AS_OF)
    place = rng.random(size)
    cell = np.where(
        is_joiner,
        np.searchsorted(world.joiner_bounds[:-1] / world.joiner_bounds[-1], place, side="right"),
        np.searchsorted(world.customer_bounds[:-1] / world.customer_bounds[-1], place, "right"),
    )
    product, city, gender, active, cluster, value, age = np.unravel_index(cell, world.shape)
    age = age + AGE_BANDS[0][0]
    birthday_ago = draw_between(rng, zeros, 11)  # months
    month = np.where(is_joiner, np.searchsorted(MONTH_ENDS, joins, side="left") - 1, 0)
    birth_month = BEFORE_MONTH + month - 12 * age - birthday_ago
    birth_date = birth_month.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)

    # In a population that keeps its composition, tenure is exponential at a customer's hazard.
    step = np.searchsorted(CHURN_AGE_BREAKS, age, side="right")
    hazard = world.hazards[product, city, gender, active, cluster, value, step]
    tenure = rng.standard_exponential(size) * YEAR_DAYS / hazard
    longest = np.minimum(30 * (12 * (age - AGE_BANDS[0][0]) + birthday_ago), LONGEST_TENURE_DAYS)
    tenure = np.where(tenure > longest, rng.random(size) * longest, tenure).astype(np.int64)
    joined_on = np.where(is_joiner, joins, WINDOW_START - 1 - tenure)
    purchase_after = np.floor(
        rng.random(size) * np.where(is_joiner, WELCOME_DAYS, FIRST_PURCHASE_DAYS)
    ).astype(np.int64)

    mean, deviation, lowest, highest = CREDIT_SCORE
    score = np.rint(rng.normal(mean, deviation, size)).astype(np.int64)
    customers = {
        "number": block * BLOCK_SIZE + 1 + np.arange(size),
        "is_joiner": is_joiner,
        "first_month": month,  # of the window
        "birth_month": birth_month,
        "birth_date": birth_date + draw_between(rng, zeros, 27),
        "gender": gender,
        "city": city,
        "joined_on": joined_on,
        "first_purchase": np.maximum(joined_on, WINDOW_START) + purchase_after,
        "credit_score": np.clip(score, lowest, highest),
        "salary_cents": draw_between(rng, zeros, SALARY_CENTS - 1),
        "product_count": 1 + product,
        "has_credit_card": draw_flags(rng, CREDIT_CARD_SHARE, size),
        "was_active": active == 1,
        "property_count": draw_codes(rng, PROPERTY_SHARES, size),
        "education": draw_codes(rng, EDUCATION_SHARES, size),
        "job": draw_codes(rng, JOB_SHARES, size),
        "marital_status": draw_codes(rng, MARITAL_SHARES, size),
        "marketing_consent": draw_flags(rng, CONSENT_SHARE, size),
        "cluster": cluster,
        "value": value,
        "has_no_balance": value == VALUES.index("none"),
    }
    # The usual balance: lognormal around the median of the cluster, on the side of the value.
    noise = rng.lognormal(0.0, CLUSTER_BALANCE_SIGMA, size)
    is_wrong_side = (noise > 1) != (value == VALUES.index("high"))
    noise = np.where(is_wrong_side, 1 / noise, noise)
    customers["balance_cents"] = np.array(CLUSTER_BALANCE)[cluster] * noise * 100
    draw_changes(settings, block, customers)
    add_soft_variation(customers, block)
    return customers


def draw_changes(settings, block, customers):
    """Add when products are opened, the activity changes and the balance takes another level.

    Openings and changes of activity are days, and the month ends that first show them.
    """
    size = customers["number"].size
    rng = random_stream(settings.seed, block, "states")
    since = np.maximum(customers["joined_on"], WINDOW_START - 1)
    rates = opening_rates(settings.null_effects)
    # Nobody has more products than there are counts: further openings never happen.
    first = customers["product_count"] - 1
    rates = [rates[np.minimum(first + i, rates.size - 1)] for i in range(len(OPENING_RATES))]
    customers["opening_days"] = changes_until(rng, since, rates)
    customers["opening_ends"] = first_month_end(customers["opening_days"])
    # Drawing it anew changes it with the share of the other state.
    rate_down = ACTIVITY_CHANGE_RATE * (1 - ACTIVE_SHARE)
    rate_up = ACTIVITY_CHANGE_RATE * ACTIVE_SHARE
    goes_down = [customers["was_active"] ^ (i % 2 == 1) for i in range(4)]
    rates = [np.where(down, rate_down, rate_up) for down in goes_down]
    customers["flip_ends"] = first_month_end(changes_until(rng, since, rates))

    changes = rng.poisson(BALANCE_CHANGE_RATE * WINDOW_YEARS, size)
    rows = np.repeat(np.arange(size), changes)
    month_ends = draw_between(rng, np.ones_like(rows), MONTHS)
    at_first = balance_keys(np.arange(size), 0)
    keys = sorted_distinct(np.concatenate([at_first, balance_keys(rows, month_ends)]))
    customers["balance_keys"] = keys
    customers["balance_levels"] = rng.lognormal(0.0, BALANCE_CHANGE_SIGMA, keys.size)


def add_soft_variation(customers, block):
    """Blank a few ages and cities and mark a few cities for Russian spelling, in the first block.

    Adds `is_age_known`, `is_city_known` and `city_text`, a code into the cities in English
    followed by RUSSIAN_CITIES, or -1 for blank.
    """
    size = customers["number"].size
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


def hold_products(settings, block, customers):
    """Products of each customer: (customer index, product code, opened on) and the code matrix.

    Distinct codes are drawn one after the other by weight: the smallest of exponential times
    divided by the weights come first.
    """
    rng = random_stream(settings.seed, block, "holdings")
    counts = customers["final_count"]
    times = rng.standard_exponential((counts.size, len(PRODUCTS))) / np.array(PRODUCT_WEIGHTS)
    order = np.argsort(times, axis=1)[:, : len(PRODUCT_COUNT_SHARES)]
    rows = np.repeat(np.arange(counts.size), counts)
    position = np.arange(rows.size) - np.repeat(np.cumsum(counts) - counts, counts)
    # The first product opens the relation; who joins in the window begins with several, if any.
    joined_on = customers["joined_on"][rows]
    opened = draw_between(rng, joined_on, np.maximum(joined_on, WINDOW_START - 1))
    opened = np.where(position == 0, joined_on, opened)
    number = position - customers["product_count"][rows]
    is_later = number >= 0
    opened[is_later] = customers["opening_days"][rows[is_later], number[is_later]]
    return rows, order[rows, position], opened, order


def draw_policies(settings, block, customers):
    """Motor policies of a random share of customers, as arrays with the customer index `rows`.

    A contract runs for a year and is renewed with a probability of its own, one minus a
    Beta(alpha, beta) draw: the shifted beta geometric of Fader and Hardie (2007).
    """
    rng = random_stream(settings.seed, block, "policies")
    rows = np.flatnonzero(draw_flags(rng, POLICY_SHARE, customers["number"].size))
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


def key_widths(settings):
    """Digits of the ids of each entity, the same in the whole file."""
    rows = {
        "customers": settings.customers,
        "product_holdings": len(PRODUCT_COUNT_SHARES) * settings.customers,
        "interactions": int(2 * settings.mean_contacts * (settings.customers + SPARE_IDS))
        + SPARE_IDS,
        "transactions": TRANSACTIONS_PER_CUSTOMER * settings.customers + SPARE_IDS,
        "policies": settings.customers,
        "campaign_contacts": settings.customers,
    }
    return {entity: len(str(count)) for entity, count in rows.items()}


def simulate_block(settings, block, rows_before, churn_truth):
    """The tables of one block of customers, and its cluster labels.

    rows_before: {entity: rows of the blocks before}, from which the ids go on. Adds the block to
    `churn_truth`.
    """
    size = min(BLOCK_SIZE, settings.customers - block * BLOCK_SIZE)
    customers = draw_customers(settings, block, size)
    campaigns = draw_lives(settings, block, customers, churn_truth)
    close_records(settings, block, customers)
    snapshots = list_snapshots(customers)
    snapshot_rows, snapshot_ends, snapshot_count, snapshot_active, snapshot_balance = snapshots
    holding_rows, holding_product, opened_on, product_order = hold_products(
        settings, block, customers
    )

    rng = random_stream(settings.seed, block, "contacts")
    contact_rows, contact_seconds = draw_contacts(rng, customers, cluster_contact_rates(settings))
    happens = stays_visible(rng, customers, contact_rows, contact_seconds // DAY_SECONDS)
    contact_rows, contact_seconds = contact_rows[happens], contact_seconds[happens]
    channel = draw_codes(rng, CHANNEL_SHARES, contact_rows.size)
    direction = draw_codes(rng, DIRECTION_SHARES, contact_rows.size)

    rng = random_stream(settings.seed, block, "purchases")
    purchase_rows, purchase_days = draw_purchases(rng, customers["first_purchase"])
    happens = stays_visible(rng, customers, purchase_rows, purchase_days)
    purchase_rows, purchase_days = purchase_rows[happens], purchase_days[happens]
    purchase_seconds = draw_seconds(rng, purchase_days)
    # Any product open on the day.
    openings = customers["opening_days"][purchase_rows] <= purchase_days[:, None]
    open_count = customers["product_count"][purchase_rows] + openings.sum(axis=1)
    open_count = np.minimum(open_count, customers["final_count"][purchase_rows])
    bought = draw_between(rng, np.zeros_like(purchase_rows), open_count - 1)
    rng = random_stream(settings.seed, block, "amounts")
    amounts = draw_amounts(rng, purchase_rows, size)

    policies = draw_policies(settings, block, customers)

    widths = key_widths(settings)
    stays = ~customers["has_closed"]
    customer_id = keys_column("C", customers["number"], widths["customers"])

    def new_keys(entity, count):
        numbers = rows_before[entity] + 1 + np.arange(count)
        return keys_column(KEY_PREFIXES[entity], numbers, widths[entity])

    def customer_keys(rows):
        return keys_column("C", customers["number"][rows], widths["customers"])

    columns = {
        "customers": [
            customer_id,
            whole_column(ages_at(customers, MONTHS), ~customers["is_age_known"]),
            days_column(customers["birth_date"], ~customers["is_age_known"]),
            labels_column(GENDERS, customers["gender"]),
            labels_column((*CITIES, *RUSSIAN_CITIES), customers["city_text"]),
            days_column(customers["joined_on"]),
            days_column(customers["closed_on"], stays),
            pa.nulls(size, FLAG),
            whole_column(customers["credit_score"]),
            money_column(customers["salary_cents"]),
            money_column(customers["final_balance"], customers["has_no_final_balance"]),
            whole_column(customers["final_count"]),
            pa.array(customers["has_credit_card"]),
            pa.array(customers["final_active"]),
            whole_column(customers["property_count"]),
            whole_column((customers["last_day"] - customers["joined_on"]) * 100 // 36_525),
            labels_column(EDUCATIONS, customers["education"]),
            labels_column(JOBS, customers["job"]),
            labels_column(MARITAL_STATUSES, customers["marital_status"]),
            pa.array(customers["marketing_consent"]),
        ],
        "customer_snapshots": [
            customer_keys(snapshot_rows),
            days_column(MONTH_ENDS[snapshot_ends]),
            money_column(snapshot_balance, customers["has_no_balance"][snapshot_rows]),
            pa.array(snapshot_active),
            pa.array(customers["has_credit_card"][snapshot_rows]),
            whole_column(snapshot_count),
            whole_column(customers["property_count"][snapshot_rows]),
            whole_column(customers["credit_score"][snapshot_rows]),
            money_column(customers["salary_cents"][snapshot_rows]),
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


FILE_TYPES: dict[str, type[CsvFile] | type[ParquetFile]] = {"csv": CsvFile, "parquet": ParquetFile}


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
    world = population(settings.null_effects)
    intercept = math.log(NULL_HAZARD) if settings.null_effects else CHURN_INTERCEPT
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
    contacts = cluster_contact_rates(settings)
    return {
        "churn": {
            "model": "hazard per 365 days: -log(1 - highest_risk / (1 + exp(-score)))",
            "highest_risk": HIGHEST_RISK,
            "intercept": round(intercept, 8),
            "product_count": by_value(labels["product_count"], CHURN_BY_PRODUCT_COUNT),
            "age": [
                {"first_age": first, "last_age": last, "coefficient": planted(coefficient)}
                for first, last, coefficient in steps
            ],
            "city": by_value(CITIES, CHURN_BY_CITY),
            "gender": by_value(GENDERS, CHURN_BY_GENDER),
            "is_active": by_value(labels["is_active"], CHURN_BY_ACTIVE),
            "cluster": by_value(CLUSTERS, CHURN_BY_CLUSTER),
            "value": by_value(VALUES, CHURN_BY_VALUE),
            "features_without_effect": list(CHURN_NULL_FEATURES),
            "features_without_effect_of_their_own": ["tenure_years"],
        },
        "population": {
            "joiner_share": round(world.joiner_share, 8),
            "closings_per_customer_year": round(world.yearly_closings, 8),
        },
        "changes": {
            "openings_per_year_by_product_count": opening_rates(settings.null_effects).tolist(),
            "activity_drawn_anew_per_year": ACTIVITY_CHANGE_RATE,
            "balance_drawn_anew_per_year": BALANCE_CHANGE_RATE,
            "balance_log_sigma": BALANCE_CHANGE_SIGMA,
        },
        "closing": {
            "fading_days": [0, 0] if settings.null_effects else list(FADING_DAYS),
            "balance_zero_share": planted(CLOSED_ZERO_SHARE),
            "balance_blank_share": planted(CLOSED_BLANK_SHARE),
            "inactive_share": planted(CLOSED_INACTIVE_SHARE),
        },
        "balance": {"missing_share_by_product_count": list(BALANCE_MISSING_SHARES)},
        "clusters": [
            {
                "cluster": name,
                "share": CLUSTER_SHARES[i],
                "contacts_per_year": round(float(contacts[i]), 8),
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
            "effect_days": CAMPAIGN_EFFECT_DAYS,
            "save_rate": save_rate(settings.null_effects),
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

    truth = {
        "arguments": {
            "customers": settings.customers,
            "seed": settings.seed,
            "format": settings.file_format,
            "mean_contacts": settings.mean_contacts,
            "null_effects": settings.null_effects,
            "dirty_rows": settings.dirty_rows,
        },
        "window_start": iso_day(WINDOW_START),
        "as_of_date": iso_day(AS_OF),
        "clean_rows": row_counts,
        "churned_customers": int(churn_truth.months[1].sum()),
        **planted_parameters(settings),
        "window_days": YEAR_DAYS,
        "window_risks": churn_truth.window_risks(),
        "campaign_arms": churn_truth.campaign_arms(),
        "closings_by_month": churn_truth.closings_by_month(),
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
        "--null-effects",
        action="store_true",
        help="plant no effects: everybody closes at the same constant hazard",
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
