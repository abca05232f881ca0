{#- The columns without which a mart stays empty: of each list one has to have a value. A mart that needs nothing but customers,
    or is empty for other reasons (too few customers), is not listed. -#}
{% macro mart_requirements() %}
    {% set events = ['interactions.occurred_at', 'transactions.occurred_at'] %}
    {% set closings = ['customers.closed_on'] + events %}
    {% set churn = ['customers.is_churned'] + closings %}
    {% set value = ['transactions.amount', 'policies.monthly_premium'] %}
    {% set products = ['product_holdings.product_code'] %}
    {#- what the seeds of segments read, the ages apart, which alone make none -#}
    {% set segments = churn + value + ['customers.product_count', 'customers.balance', 'customers.estimated_salary'] + products %}
    {% set requirements = {} %}
    {% for needed, marts in [
        ([events], ['rfm_customers', 'rfm_segments', 'rfm_by_age_band', 'rfm_by_city', 'rfm_by_gender', 'customer_clusters',
            'cluster_profiles']),
        ([events, products], ['rfm_by_product']),
        ([churn], ['churn_rates', 'churn_rates_by_age_band', 'churn_rates_by_city', 'churn_rates_by_gender',
            'churn_rates_by_product_count', 'churn_cut_tests', 'churn_hypothesis_tests', 'churn_intervals', 'churn_portraits',
            'churn_segments', 'churn_segment_candidates', 'churn_scores', 'churn_model_metrics', 'churn_distributions',
            'churn_score_deciles', 'churn_observations', 'churn_definition_overlap', 'strategy_priorities', 'strategy_economics']),
        ([churn, products], ['churn_rates_by_product']),
        ([churn, closings, ['customers.joined_on'] + events], ['churn_rates_by_month', 'retention_by_cohort']),
        ([churn, value], ['budget_allocation']),
        ([value], ['clv_customers', 'clv_tiers', 'clv_model_metrics', 'clv_upgrade_candidates']),
        ([segments], ['strategy_options', 'strategy_reach', 'campaign_audience', 'campaign_sizes']),
        ([events + value], ['segment_history']),
        ([events + value, closings], ['segment_migration']),
        ([['campaign_contacts.arm']], ['campaign_readout']),
    ] %}{% for mart in marts %}{% do requirements.update({mart: needed}) %}{% endfor %}{% endfor %}
    {% do return(requirements) %}
{% endmacro %}
