-- What a churn score may know of a customer on a day, and what came of it. Where leaving is dated: on the cut-off, those
-- who were customers then and whether they have left since; on the as-of date, those still here, whose outcome is to come.
-- Where churn is a flag on a single snapshot: everybody once, descriptive only.
{%- set fold_count = 5 %}

with profiled as (
    select * from {{ ref('int_customers_profiled') }}
),

conformed as (
    select * from {{ ref('int_customers_conformed') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

days as (
    select * from {{ ref('int_churn_days_listed') }}
),

counted as (
    select * from {{ ref('int_churn_events_counted') }}
),

age_bands as (
    select * from {{ ref('int_bands_labelled') }}
    where column_name = 'age' and band_set = {{ sql_literal(var('standardisation_age_band_set')) }}
),

at_risk as (
    select
        churned.customer_id,
        days.score_basis,
        days.measured_on,
        case when days.score_basis <> 'as_of_date' then churned.is_churned end as is_churned,
        -- the score to show: today's, or the one at the cut-off of a customer who has left since
        days.score_basis <> 'cut_off' or churned.is_churned as is_latest,
        churned.is_descriptive_only,
        conformed.birth_date,
        conformed.joined_on
    from churned
    inner join conformed on churned.customer_id = conformed.customer_id
    cross join days
    left join counted on churned.customer_id = counted.customer_id and days.measured_on = counted.measured_on
    where
        (days.score_basis = 'snapshot') = churned.is_descriptive_only
        and case days.score_basis
            when 'snapshot' then true
            when 'as_of_date' then not churned.is_churned
            -- a leaver without a date cannot be placed before or after the cut-off
            when 'cut_off' then (not churned.is_churned or churned.churned_on > days.measured_on)
                and coalesce(conformed.joined_on <= days.measured_on, true)
                -- who was silent for long enough had left by then, even if the silence was broken later
                and (
                    churned.churn_definition <> 'inactivity'
                    or {{ dbt.datediff('counted.last_seen_on', 'days.measured_on', 'day') }}
                    < {{ number_var('churn_inactivity_days') }}
                )
        end
),

-- those whom models learn from hang on the key alone, never on the order of rows
sample_keys as (
    select md5(customer_id) as key_hash
    from at_risk
    where is_churned is not null
    order by md5(customer_id)
    limit {{ number_var('score_sample_size') }}
),

sample_ends as (
    select max(key_hash) as last_key_hash from sample_keys
),

sampled as (
    select
        at_risk.*,
        at_risk.is_churned is not null and md5(at_risk.customer_id) <= sample_ends.last_key_hash as is_sampled
    from at_risk
    cross join sample_ends
),

-- of fewer outcomes a model would learn noise, so nobody is scored
outcomes as (
    select
        least(
            count(*) filter (where is_sampled and is_churned), count(*) filter (where is_sampled and not is_churned)
        ) >= {{ number_var('score_minimum_outcomes') }} as are_enough
    from sampled
),

described as (
    select
        sampled.customer_id,
        sampled.score_basis,
        sampled.measured_on,
        sampled.is_churned,
        sampled.is_latest,
        sampled.is_descriptive_only,
        sampled.is_sampled,
        coalesce({{ completed_years('sampled.birth_date', 'sampled.measured_on') }}, profiled.age) as age,
        profiled.gender,
        profiled.city,
        profiled.credit_score,
        profiled.estimated_salary,
        profiled.property_count,
        profiled.balance,
        profiled.has_credit_card,
        profiled.is_active,
        case
            when sampled.measured_on is null then profiled.tenure_years
            else cast({{ dbt.datediff('sampled.joined_on', 'sampled.measured_on', 'day') }} as double) / 365.25
        end as tenure_years,
        case when sampled.measured_on is null then profiled.product_count else counted.product_count end as product_count,
        counted.recent_contact_count,
        counted.contact_recency_days,
        counted.recent_purchase_count,
        counted.purchase_recency_days,
        counted.recent_purchase_amount
    from sampled
    cross join outcomes
    inner join profiled on sampled.customer_id = profiled.customer_id
    left join counted on sampled.customer_id = counted.customer_id and sampled.measured_on = counted.measured_on
    where outcomes.are_enough
),

-- the cells whose rate is a baseline
built as (
    select
        described.*,
        {{ concat_present(['described.product_count', 'described.city'], ' x ') }} as cell,
        {{ concat_present([
            'described.product_count', 'described.city', band_of('described.age', 'age_bands'), 'described.gender'
        ], ' x ') }} as protected_cell,
        {{ hash_bucket('described.customer_id', fold_count) }} as fold_number
    from described
    left join age_bands on {{ is_within('described.age', 'age_bands.lower_bound', 'age_bands.upper_bound') }}
)

select * from built
