-- The latest score of each customer, with the features that contribute most to it.
{%- set tops = [1, 2, 3] %}
{%- set numbers = customer_features()['numbers'] + event_features() %}
{%- set texts = customer_features()['texts'] %}
{%- set flags = customer_features()['flags'] %}

with scored as (
    select * from {{ ref('int_churn_scored') }}
),

built as (
    select * from {{ ref('int_churn_score_rows') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

features as (
    select * from {{ ref('int_features_catalogued') }}
),

dimensions as (
    select * from {{ ref('int_customer_dimensions') }}
),

ranked as (
    select
        *,
        {{ churn_decile() }} as churn_decile
    from scored
),

described as (
    select
        ranked.customer_id,
        ranked.churn_basis,
        built.observed_on,
        built.window_days,
        churned.is_churned,
        churned.is_current,
        dimensions.city,
        dimensions.age_band,
        dimensions.gender,
        dimensions.product_count,
        dimensions.is_active,
        ranked.churn_probability,
        ranked.churn_decile,
        {%- for top in tops %}
        features_{{ top }}.feature_label as top_feature_{{ top }}_label,
        case ranked.top_feature_{{ top }}_name
            {%- for column in numbers %}
            when '{{ column }}' then coalesce({{ profiled_text('cast(built.' ~ column ~ ' as double)', 'number') }}, 'unknown')
            {%- endfor %}
            {%- for column in texts %}
            when '{{ column }}' then coalesce(built.{{ column }}, 'unknown')
            {%- endfor %}
            {%- for column in flags %}
            when '{{ column }}' then {{ flag_text('built.' ~ column) }}
            {%- endfor %}
        end as top_feature_{{ top }}_value,
        case when ranked.top_feature_{{ top }}_effect > 0 then 'raises' when ranked.top_feature_{{ top }}_effect < 0 then 'lowers' end
            as top_feature_{{ top }}_direction,
        ranked.top_feature_{{ top }}_effect,
        {%- endfor %}
        ranked.model_code,
        ranked.feature_set,
        built.is_descriptive_only
    from ranked
    inner join built
        on
            ranked.customer_id = built.customer_id
            and ranked.churn_basis = built.churn_basis
            and coalesce(built.window_number, 1) = 1
    inner join churned on ranked.customer_id = churned.customer_id
    left join dimensions on ranked.customer_id = dimensions.customer_id
    {%- for top in tops %}
    left join features as features_{{ top }} on ranked.top_feature_{{ top }}_name = features_{{ top }}.feature_name
    {%- endfor %}
    where built.is_latest
)

select * from described
