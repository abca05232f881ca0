-- The features and where each is used on this extract. is_studied: in intervals and portraits; is_tested: with p-values and in
-- segments; is_scorable: in churn scores. A feature that is not known on the day of the observation is not used, although the
-- customer record may have it on the as-of date.
{%- set texts = customer_features()['texts'] %}

with features as (
    select * from {{ ref('int_features_catalogued') }}
),

observations as (
    select * from {{ ref('int_churn_observations') }}
),

-- what the primary definition reads: features that tell of the same are no findings about churn
definition as (
    select
        coalesce(bool_or(conditions.churn_kind = 'inactive'), false) as reads_silence,
        coalesce(bool_or(conditions.level_name = 'balance'), false) as reads_balance,
        coalesce(bool_or(conditions.level_name = 'spending'), false) as reads_spending,
        coalesce(bool_or(conditions.level_name = 'products'), false) as reads_products
    from {{ ref('int_churn_definitions_listed') }} as conditions
    inner join {{ ref('int_churn_definition_chosen') }} as chosen
        on conditions.churn_definition_code = chosen.churn_definition
),

known as (
    {%- for feature in customer_features().values() | sum(start=[]) + event_features() %}
    {%- set is_known = feature ~ " <> 'unknown'" if feature in texts else feature ~ ' is not null' %}
    select
        '{{ feature }}' as feature_name,
        count(*) filter (where is_rated and {{ is_known }}) > 0 as is_known_then,
        count(*) filter (where churn_basis in ('current', 'former') and {{ is_known }}) > 0 as is_known_now
    from observations
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

basis as (
    select max(churn_basis) as churn_basis from {{ ref('int_churn_days') }}
    where is_rated
),

judged as (
    select
        features.*,
        basis.churn_basis,
        known.is_known_then or not known.is_known_now as takes_part,
        features.counts_silence and definition.reads_silence as is_silence,
        definition.reads_balance and features.feature_name in ('balance', 'has_known_balance')
        or definition.reads_spending and features.feature_name in ('recent_purchase_amount', 'recent_purchase_count')
        or definition.reads_products and features.feature_name = 'product_count' as is_defining,
        -- measured on the as-of date, after the outcome; in a window it is measured before
        basis.churn_basis = 'snapshot' as is_measured_after
    from features
    cross join basis
    cross join definition
    inner join known on features.feature_name = known.feature_name
),

listed as (
    select
        feature_name,
        feature_kind,
        feature_label,
        absence_label,
        is_whole_number,
        history,
        is_protected,
        is_in_study and takes_part as is_studied,
        is_in_study and takes_part and not is_silence and not is_defining as is_tested,
        is_in_scores and takes_part and not (is_measured_after and is_defining) as is_scorable,
        is_in_scores and takes_part and not (is_measured_after and is_defining)
        and (not is_protected or {{ sql_literal(score_feature_set()) }} = 'all') as is_scored,
        is_measured_after and (is_suspected_leak or is_defining) as is_suspected_leak,
        churn_basis,
        case
            when not takes_part then 'The extract has no value of the feature on the day on which the window opens'
            when is_silence then 'The feature counts the silence that defines churn'
            when is_defining then 'Churn is defined by the feature'
            when is_measured_after and is_suspected_leak then leak_reason
        end as leak_reason
    from judged
)

select * from listed
