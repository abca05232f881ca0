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

definition as (
    select max(churn_definition) as churn_definition from {{ ref('int_customers_churned') }}
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
        features.counts_silence and definition.churn_definition = 'inactivity' as is_silence,
        -- measured on the as-of date, after the outcome; in a window it is measured before
        features.is_suspected_leak and basis.churn_basis = 'snapshot' as is_measured_after
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
        is_in_study and takes_part and not is_silence as is_tested,
        is_in_scores and takes_part as is_scorable,
        is_in_scores and takes_part and (not is_protected or {{ sql_literal(score_feature_set()) }} = 'all') as is_scored,
        is_measured_after as is_suspected_leak,
        churn_basis,
        case
            when not takes_part then 'The extract has no value of the feature on the day on which the window opens'
            when is_silence then 'The feature counts the silence that defines churn'
            when is_measured_after then leak_reason
        end as leak_reason
    from judged
)

select * from listed
