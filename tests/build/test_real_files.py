"""The published figures of the real files, through the marts, to the printed digit."""

import pytest


def counts(build, mart, key, where="true"):
    return build.values(
        f"select {key}, customers_count, churned_count from marts.{mart} where {where}"
    )


def cube(build, cut_name):
    return build.values(
        "select cut_value, customers_count, churned_count from marts.churn_rates "
        f"where cut_name = '{cut_name}'"
    )


def hypothesis(build, code, part, test_name):
    names = [
        "group_a_count",
        "group_b_count",
        "group_a_value",
        "group_b_value",
        "estimate_ci_lower",
    ]
    names += ["estimate_ci_upper", "p_value", "verdict"]
    values = build.row(
        f"select {', '.join(names)} from marts.churn_hypothesis_tests where hypothesis_code = '{code}' "
        f"and part = '{part}' and test_name = '{test_name}'"
    )
    return dict(zip(names, values, strict=True))


class TestChurnModelling:
    """Churn_Modelling.csv, the deck of Metanprom bank: 10,000 customers, 2,037 left."""

    def test_build_passes(self, churn_modelling):
        assert churn_modelling.is_success, churn_modelling.messages

    def test_counts_by_slice(self, churn_modelling):
        assert counts(churn_modelling, "churn_rates_by_product_count", "product_count") == {
            1: (5084, 1409), 2: (4590, 348), 3: (266, 220), 4: (60, 60)
        }  # fmt: skip
        assert counts(churn_modelling, "churn_rates_by_city", "city") == {
            "Rostov Veliky": (2509, 814), "Rybinsk": (2477, 413), "Yaroslavl": (5014, 810)
        }  # fmt: skip
        assert counts(churn_modelling, "churn_rates_by_gender", "gender") == {
            "female": (4543, 1139), "male": (5457, 898)
        }  # fmt: skip
        assert counts(
            churn_modelling, "churn_rates_by_age_band", "age_band", "age_band_set = 'metanprom_deck'"
        ) == {
            "18-26": (811, 60), "27-32": (1979, 153), "33-36": (1819, 187),
            "37-41": (2176, 355), "42-52": (2175, 849), "53-92": (1040, 433),
        }  # fmt: skip

    def test_counts_in_the_cube(self, churn_modelling):
        assert cube(churn_modelling, "is_active") == {"no": (4849, 1302), "yes": (5151, 735)}
        assert cube(churn_modelling, "has_credit_card") == {"no": (2945, 613), "yes": (7055, 1424)}
        assert cube(churn_modelling, "has_known_balance") == {
            "no": (3617, 500),
            "yes": (6383, 1537),
        }
        assert cube(churn_modelling, "city x product_count")["Rostov Veliky x 4"][0] > 0

    @pytest.mark.parametrize(
        ("cut_name", "percentages"),
        [
            ("product_count", {"1": "27.71", "2": "7.58", "3": "82.71", "4": "100.00"}),
            ("city", {"Rostov Veliky": "32.44", "Rybinsk": "16.67", "Yaroslavl": "16.15"}),
            ("gender", {"female": "25.07", "male": "16.46"}),
            ("age_band", {"18-26": "7.40", "27-32": "7.73", "33-36": "10.28",
                          "37-41": "16.31", "42-52": "39.03", "53-92": "41.63"}),
            ("is_active", {"no": "26.85", "yes": "14.27"}),
            ("has_credit_card", {"no": "20.81", "yes": "20.18"}),
            ("has_known_balance", {"no": "13.82", "yes": "24.08"}),
        ],
    )  # fmt: skip
    def test_rates(self, churn_modelling, cut_name, percentages):
        rates = churn_modelling.values(
            f"select cut_value, churn_rate from marts.churn_rates where cut_name = '{cut_name}'"
        )
        assert {value: f"{100 * rate:.2f}" for value, rate in rates.items()} == percentages

    def test_intervals(self, churn_modelling):
        four = churn_modelling.row(
            "select churn_rate_ci_lower, churn_rate_ci_upper "
            "from marts.churn_rates_by_product_count where product_count = 4"
        )
        assert (f"{four[0]:.4f}", four[1]) == ("0.9398", 1.0)
        rostov = churn_modelling.row(
            "select churn_rate_ci_lower, churn_rate_ci_upper "
            "from marts.churn_rates_by_city where city = 'Rostov Veliky'"
        )
        assert [f"{bound:.4f}" for bound in rostov] == ["0.3064", "0.3430"]

    def test_chi_squares(self, churn_modelling):
        tests = churn_modelling.values(
            "select cut_name, chi_square, cramers_v, p_value from marts.churn_cut_tests"
        )
        printed = {name: (f"{chi:.2f}", f"{v:.3f}") for name, (chi, v, _) in tests.items()}
        assert printed["city"] == ("301.26", "0.174")
        assert printed["gender"] == ("113.45", "0.107")
        assert printed["product_count"] == ("1503.63", "0.388")
        assert f"{tests['has_credit_card'][2]:.3f}" == "0.475"

    def test_standardised_rates(self, churn_modelling):
        rates = churn_modelling.values(
            "select city, standardised_churn_rate from marts.churn_rates_by_city"
        )
        assert {city: f"{rate:.4f}" for city, rate in rates.items()} == {
            "Yaroslavl": "0.1746", "Rostov Veliky": "0.2825", "Rybinsk": "0.1797"
        }  # fmt: skip

    def test_published_segments(self, churn_modelling):
        segments = churn_modelling.values(
            "select segment_code, customers_count, women_count, credit_card_count, churned_count, "
            "round(100 * churn_rate, 1), segment_name, offers "
            "from marts.strategy_segments where segment_scheme = 'rule'"
        )
        assert segments == {
            "core_younger": (6946, 3062, 4930, 713, 10.3, "number of products up to 2, age up to 42",
                             "Top Savings, Refinance, Bonus"),
            "core_older": (2728, 1294, 1894, 1044, 38.3, "number of products up to 2, age 43+",
                           "Confidence, Capital, Home Insurance"),
            "many_products": (326, 187, 231, 280, 85.9, "number of products 3+",
                              "Private, Mobile, Deposit Insurance"),
        }  # fmt: skip

    def test_hypotheses_on_income(self, churn_modelling):
        products = hypothesis(churn_modelling, "income_by_products", "level", "welch")
        assert f"{products['group_a_value'] / products['group_b_value'] - 1:.4f}" == "0.0097"
        assert f"{products['p_value']:.3f}" == "0.411"
        ranks = hypothesis(churn_modelling, "income_by_products", "level", "mann_whitney")
        assert f"{ranks['p_value']:.2f}" == "0.41"
        churn = hypothesis(churn_modelling, "income_by_churn", "level", "welch")
        assert [round(churn[name]) for name in ("group_a_value", "group_b_value")] == [
            101466,
            99738,
        ]
        assert f"{churn['p_value']:.3f}" == "0.229"
        interval = [round(churn[name]) for name in ("estimate_ci_lower", "estimate_ci_upper")]
        assert interval == [-1087, 4542]

    def test_hypotheses_on_balance_differ_in_presence_and_not_in_level(self, churn_modelling):
        welch = hypothesis(churn_modelling, "balance_by_products", "level", "welch")
        assert f"{welch['group_a_value'] / welch['group_b_value'] - 1:.4f}" == "-0.0019"
        assert (f"{welch['p_value']:.3f}", welch["verdict"]) == ("0.778", "equivalent")
        ranks = hypothesis(churn_modelling, "balance_by_products", "level", "mann_whitney")
        assert f"{ranks['p_value']:.3f}" == "0.615"
        presence = hypothesis(
            churn_modelling, "balance_by_products", "presence", "two_proportion_z"
        )
        shares = [f"{presence[name]:.2f}" for name in ("group_b_value", "group_a_value")]
        assert (shares, presence["verdict"]) == (["0.82", "0.43"], "different")

    def test_what_the_file_lacks_is_empty_and_noted(self, churn_modelling):
        assert churn_modelling.row("select count(*) from marts.rfm_customers") == (0,)
        assert churn_modelling.row("select count(*) from marts.churn_rates_by_product") == (0,)
        notes = churn_modelling.values("select entity_name, note from marts.quality_inputs")
        assert "churn_rates_by_product" in notes["product_holdings"]
        assert "bank_contacts" in notes["interactions"]


class TestBankScrooge:
    """bank_scrooge.csv: 10,000 customers, 1,820 left; 73 USERIDs are two people each."""

    def test_build_passes(self, bank_scrooge):
        assert bank_scrooge.is_success, bank_scrooge.messages

    def test_every_row_is_a_customer(self, bank_scrooge):
        assert bank_scrooge.row(
            "select count(*), count(distinct split_part(customer_id, '-', 1)) from marts.strategy_customers"
        ) == (10000, 9927)

    def test_counts_by_slice(self, bank_scrooge):
        assert counts(bank_scrooge, "churn_rates_by_product_count", "product_count") == {
            0: (1, 1), 1: (3341, 235), 2: (5126, 979), 3: (1039, 297), 4: (474, 300), 5: (19, 8)
        }  # fmt: skip
        assert counts(bank_scrooge, "churn_rates_by_city", "city") == {
            "Rostov Veliky": (1417, 266), "Rybinsk": (2695, 437), "Yaroslavl": (5888, 1117)
        }  # fmt: skip
        assert counts(bank_scrooge, "churn_rates_by_gender", "gender") == {
            "female": (4995, 637), "male": (5005, 1183)
        }  # fmt: skip
        assert counts(
            bank_scrooge, "churn_rates_by_age_band", "age_band", "age_band_set = 'life_stages'"
        ) == {
            "18-24": (236, 31), "25-34": (2667, 591), "35-49": (4270, 662),
            "50-59": (1600, 432), "60+": (1201, 103), "unknown": (26, 1),
        }  # fmt: skip

    def test_counts_in_the_cube(self, bank_scrooge):
        assert cube(bank_scrooge, "has_credit_card") == {"no": (3196, 817), "yes": (6804, 1003)}
        assert cube(bank_scrooge, "is_active") == {"no": (4765, 542), "yes": (5235, 1278)}
        assert cube(bank_scrooge, "property_count") == {
            "0": (2592, 90), "1": (774, 93), "2": (1052, 166), "3": (1543, 322), "4": (1850, 464),
            "5": (1918, 577), "6": (161, 58), "7": (80, 37), "8": (17, 6), "9": (13, 7),
        }  # fmt: skip
        bands = cube(bank_scrooge, "credit_score_band")
        assert [bands[band] for band in ("800-849", "850-899", "900-949")] == [
            (2444, 466), (2652, 708), (2086, 382)
        ]  # fmt: skip
        assert cube(bank_scrooge, "has_known_balance")["no"] == (2295, 13)

    @pytest.mark.parametrize(
        ("cut_name", "percentages"),
        [
            ("product_count", {"1": "7.03", "2": "19.10", "3": "28.59", "4": "63.29", "5": "42.11"}),
            ("city", {"Rostov Veliky": "18.77", "Rybinsk": "16.22", "Yaroslavl": "18.97"}),
            ("gender", {"female": "12.75", "male": "23.64"}),
            ("has_credit_card", {"no": "25.56", "yes": "14.74"}),
            ("is_active", {"no": "11.37", "yes": "24.41"}),
            ("property_count", {"0": "3.47", "1": "12.02", "2": "15.78", "3": "20.87",
                                "4": "25.08", "5": "30.08"}),
        ],
    )  # fmt: skip
    def test_rates(self, bank_scrooge, cut_name, percentages):
        rates = bank_scrooge.values(
            f"select cut_value, churn_rate from marts.churn_rates where cut_name = '{cut_name}'"
        )
        assert {value: f"{100 * rates[value]:.2f}" for value in percentages} == percentages

    def test_age_rates(self, bank_scrooge):
        rates = bank_scrooge.values(
            "select age_band, churn_rate from marts.churn_rates_by_age_band "
            "where age_band_set = 'life_stages'"
        )
        assert {band: f"{100 * rate:.2f}" for band, rate in rates.items()} == {
            "18-24": "13.14", "25-34": "22.16", "35-49": "15.50", "50-59": "27.00", "60+": "8.58",
            "unknown": "3.85",
        }  # fmt: skip

    def test_the_verdict_on_income_depends_on_the_test_so_both_are_shown(self, bank_scrooge):
        welch = hypothesis(bank_scrooge, "income_by_churn", "level", "welch")
        assert [round(welch[name]) for name in ("group_a_value", "group_b_value")] == [
            148243,
            147783,
        ]
        assert (f"{welch['p_value']:.3f}", welch["verdict"]) == ("0.889", "equivalent")
        ranks = hypothesis(bank_scrooge, "income_by_churn", "level", "mann_whitney")
        assert [round(ranks[name]) for name in ("group_a_value", "group_b_value")] == [
            125391,
            118258,
        ]
        assert (f"{ranks['p_value']:.1e}", ranks["verdict"]) == ("2.4e-04", "different")

    def test_medians_of_those_who_stayed_and_left(self, bank_scrooge):
        medians = {
            code: tuple(
                hypothesis(bank_scrooge, code, "value", "mann_whitney")[name]
                for name in ("group_b_value", "group_a_value")
            )
            for code in ("score_by_churn", "age_by_churn", "properties_by_churn")
        }
        assert medians == {
            "score_by_churn": (848, 866),
            "age_by_churn": (40, 39),
            "properties_by_churn": (3, 4),
        }

    def test_balances_are_kept_as_they_are(self, bank_scrooge):
        assert bank_scrooge.row(
            "select count(*) - count(balance), count(*) filter (where balance = 0), max(balance) > 119e6 "
            "from intermediate.int_customers_conformed"
        ) == (2295, 2, True)
