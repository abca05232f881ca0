{#- The columns without which a mart stays empty: of each list one has to have a value. A mart that needs nothing but customers,
    or is empty for other reasons (too few customers), is not listed. -#}
{% macro mart_requirements() %}
    {% set events = ['interactions.occurred_at', 'transactions.occurred_at'] %}
    {% set churn = ['customers.is_churned', 'customers.closed_on'] + events %}
    {% set value = ['transactions.amount', 'policies.monthly_premium'] %}
    {% set requirements = {} %}
    {% for mart in ['rfm_customers', 'rfm_segments', 'rfm_by_age_band', 'rfm_by_city', 'rfm_by_gender', 'rfm_by_product',
        'customer_clusters', 'cluster_profiles'] %}
        {% do requirements.update({mart: [events]}) %}
    {% endfor %}
    {% for mart in ['churn_rates', 'churn_rates_by_age_band', 'churn_rates_by_city', 'churn_rates_by_gender',
        'churn_rates_by_product', 'churn_rates_by_product_count', 'churn_cut_tests', 'churn_hypothesis_tests',
        'churn_intervals', 'churn_portraits', 'churn_segments', 'churn_segment_candidates', 'churn_scores',
        'churn_model_metrics', 'churn_distributions', 'churn_score_deciles', 'churn_observations', 'churn_rates_by_month',
        'retention_by_cohort', 'churn_definition_overlap', 'strategy_priorities', 'strategy_economics', 'budget_allocation'] %}
        {% do requirements.update({mart: [churn]}) %}
    {% endfor %}
    {% for mart in ['clv_customers', 'clv_tiers', 'clv_model_metrics', 'clv_upgrade_candidates'] %}
        {% do requirements.update({mart: [value]}) %}
    {% endfor %}
    {% for mart in ['rfm_by_product', 'churn_rates_by_product'] %}
        {% do requirements[mart].append(['product_holdings.product_code']) %}
    {% endfor %}
    {% for mart in ['churn_rates_by_month', 'retention_by_cohort'] %}
        {% do requirements[mart].append(['customers.closed_on'] + events) %}
        {% do requirements[mart].append(['customers.joined_on'] + events) %}
    {% endfor %}
    {% do requirements['budget_allocation'].append(value) %}
    {#- what the seeds of segments read, the ages apart, which alone make none -#}
    {% set segments = churn + value + ['customers.product_count', 'customers.balance', 'customers.estimated_salary',
        'product_holdings.product_code'] %}
    {% for mart in ['strategy_options', 'strategy_reach', 'campaign_audience', 'campaign_sizes'] %}
        {% do requirements.update({mart: [segments]}) %}
    {% endfor %}
    {% for mart in ['segment_history', 'segment_migration'] %}
        {% do requirements.update({mart: [events + value]}) %}
    {% endfor %}
    {% do requirements['segment_migration'].append(['customers.closed_on'] + events) %}
    {% do requirements.update({'campaign_readout': [['campaign_contacts.arm']]}) %}
    {% do return(requirements) %}
{% endmacro %}
