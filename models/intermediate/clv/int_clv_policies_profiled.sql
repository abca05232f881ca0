-- What is known of each policyholder, one row a customer: money and policies added up, the rest from the policy with the
-- highest premium. `profile` is equal for customers who are equal in everything that models learn from, age and gender
-- aside. Where a change is possible, the next columns say what it would be.
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

summed as (
    select
        customer_id,
        coalesce(max(policy_count), count(*)) as policy_count,
        cast(sum(monthly_premium) as decimal(18, 2)) as monthly_premium,
        cast(sum(total_claim_amount) as decimal(18, 2)) as total_claim_amount,
        max(income) as income,
        -- a sum with an unknown part is unknown
        case when count(observed_clv) = count(*) then cast(sum(observed_clv) as decimal(18, 2)) end as observed_clv
    from policies
    group by customer_id
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
        customers.age,
        nullif(customers.gender, 'unknown') as gender
    from summed
    inner join main_policies on summed.customer_id = main_policies.customer_id
    inner join customers on summed.customer_id = customers.customer_id
    -- without a premium there is nothing to value
    where summed.monthly_premium > 0
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
                'education', 'policy_count', 'monthly_premium', 'total_claim_amount', 'income'] -%}
            , coalesce(cast(described.{{ column }} as {{ kind_type('text') }}), '~')
            {%- endfor -%}
        )) as profile,
        {{ policy_cell('described.policy_count') }} as value_cell,
        case when next_premiums.average_premium is not null then ladder.next_value end as next_coverage,
        cast(described.monthly_premium as double) * next_premiums.average_premium / premiums.average_premium
            as next_coverage_monthly_premium,
        case when described.policy_count < most.highest_policy_count then described.policy_count + 1 end
            as next_policy_count,
        row_number() over (
            partition by described.observed_clv is null order by md5(described.customer_id), described.customer_id
        ) <= {{ number_var('clv_sample_size') }} as is_sampled
    from described
    cross join most
    left join ladder on described.coverage = ladder.value
    left join premiums
        on described.vehicle_class = premiums.vehicle_class and described.coverage = premiums.coverage
    left join premiums as next_premiums
        on described.vehicle_class = next_premiums.vehicle_class and ladder.next_value = next_premiums.coverage
)

select * from sampled
