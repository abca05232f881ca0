-- The "customers" of the published study: groups of one age, job and marital status, with the days from their last
-- contact to the end of the year, their joined rows, and the sum of these rows' balances. Day and month are the
-- clients'; the year is not in the files, and the study takes 2014.
{{ config(enabled=var('source_system') == 'bank_marketing') }}

with joined as (
    select * from {{ ref('int_bank_marketing_contacts_joined') }}
),

dated as (
    select
        *,
        try_cast(
            '2014-' || lpad({{ whole_text("1 + position(month in 'janfebmaraprmayjunjulaugsepoctnovdec') / 3") }}, 2, '0')
            || '-' || lpad({{ whole_text('day') }}, 2, '0') as date
        ) as contacted_on
    from joined
),

measured as (
    select
        {{ whole_text('age') }} || ', ' || job || ', ' || marital_status as group_id,
        age,
        job,
        marital_status,
        {{ dbt.datediff('max(contacted_on)', "cast('2014-12-31' as date)", 'day') }} as recency_days,
        count(*) as frequency_count,
        sum(balance) as monetary_amount
    from dated
    group by age, job, marital_status
)

select * from measured
