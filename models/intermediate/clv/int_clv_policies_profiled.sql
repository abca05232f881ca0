-- What is known of each policyholder, one row a customer: money and policies added up, the rest from the policy with the
-- highest premium. A sum with an unknown part is unknown, and so is the number of policies where the extract gives it for others.
-- A policyholder without a known premium is here only if the extract gives the value. `profile` is equal for customers who are equal in everything that models learn from, age and gender
-- aside. Where a change is possible, the next columns say what it would be.
{%- set own = own_value_columns() %}

with policies as (
    select * from {{ ref('int_policies_conformed') }}
),

customers as (
    select * from {{ ref('int_customers_profiled') }}
),

ladder as (
    select * from {{ ref('clv_ladders') }}
    where column_name = 'coverage'
),

carried as (
    select count(policy_count) > 0 as has_policy_count from policies
),

summed as (
    select
        policies.customer_id,
        case when bool_and(carried.has_policy_count) then max(policies.policy_count) else count(*) end as policy_count,
        {%- for column in ['monthly_premium', 'total_claim_amount', 'observed_clv'] %}
        case when count(policies.{{ column }}) = count(*) then cast(sum(policies.{{ column }}) as decimal(18, 2)) end as {{ column }},
        {%- endfor %}
        max(policies.income) as income
    from policies
    cross join carried
    group by policies.customer_id
),

main_policies as (
    select * from policies
    qualify row_number() over (partition by customer_id order by monthly_premium desc nulls last, policy_id asc) = 1
),

described as (
    select
        summed.customer_id,
        main_policies.vehicle_class,
        main_policies.coverage,
        main_policies.renew_offer_type,
        main_policies.employment_status,
        main_policies.marital_status,
        main_policies.education,
        summed.policy_count,
        summed.monthly_premium,
        summed.total_claim_amount,
        summed.income,
        summed.observed_clv,
        {%- for column in own %}
        {{ flag_text('main_policies.' ~ column) if own[column]['kind'] == 'flag' else 'main_policies.' ~ column }} as {{ column }},
        {%- endfor %}
        customers.age,
        nullif(customers.gender, 'unknown') as gender
    from summed
    inner join main_policies on summed.customer_id = main_policies.customer_id
    inner join customers on summed.customer_id = customers.customer_id
    -- without a premium there is nothing to value
    where summed.monthly_premium > 0 or (summed.monthly_premium is null and summed.observed_clv is not null)
),

premiums as (
    select
        vehicle_class,
        coverage,
        {{ exact_average('monthly_premium') }} as average_premium
    from described
    group by vehicle_class, coverage
),

most as (
    select max(policy_count) as highest_policy_count from described
),

sampled as (
    select
        described.*,
        md5(concat_ws('|'
            {%- for column in ['vehicle_class', 'coverage', 'renew_offer_type', 'employment_status', 'marital_status',
                'education', 'policy_count', 'monthly_premium', 'total_claim_amount', 'income'] + own.keys() | list -%}
            , coalesce(cast(described.{{ column }} as {{ kind_type('text') }}), '~')
            {%- endfor -%}
        )) as profile,
        -- three or more policies are one cell, as in the rule of three numbers
        case
            when described.policy_count is null then 'unknown number of policies'
            when described.policy_count <= 1 then '1 policy'
            when described.policy_count = 2 then '2 policies'
            else '3+ policies'
        end as value_cell,
        case when next_premiums.average_premium is not null then ladder.next_value end as next_coverage,
        cast(described.monthly_premium as double) * next_premiums.average_premium / premiums.average_premium
            as next_coverage_monthly_premium,
        case when described.policy_count < most.highest_policy_count then described.policy_count + 1 end
            as next_policy_count,
        described.monthly_premium is not null and row_number() over (
            partition by described.observed_clv is null, described.monthly_premium is null
            order by md5(described.customer_id), described.customer_id
        ) <= {{ number_var('sample_size') }} as is_sampled
    from described
    cross join most
    left join ladder on described.coverage = ladder.value
    left join premiums
        on described.vehicle_class = premiums.vehicle_class and described.coverage = premiums.coverage
    left join premiums as next_premiums
        on described.vehicle_class = next_premiums.vehicle_class and ladder.next_value = next_premiums.coverage
)

select * from sampled
