-- What is known of each customer on the as-of date, derived where the extract gives the parts instead of the value.
-- depends_on: {{ ref('int_input_findings') }}, so that nothing is measured on an implausible extract
with customers as (
    select * from {{ ref('int_customers_conformed') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

held as (
    select
        customer_id,
        count(*) as held_count
    from {{ ref('int_products_held') }}
    group by customer_id
),

holdings_carried as (
    select count(*) > 0 as has_holdings from held
),

profiled as (
    select
        customers.customer_id,
        customers.joined_on,
        customers.birth_date,
        coalesce(customers.age, {{ completed_years('customers.birth_date', 'as_of.as_of_date') }}) as age,
        coalesce(customers.gender, 'unknown') as gender,
        coalesce(customers.city, 'unknown') as city,
        customers.credit_score,
        customers.estimated_salary,
        customers.balance,
        coalesce(
            customers.product_count,
            case when holdings_carried.has_holdings then coalesce(held.held_count, 0) end
        ) as product_count,
        customers.has_credit_card,
        customers.is_active,
        customers.property_count,
        coalesce(customers.education, 'unknown') as education,
        coalesce(customers.job, 'unknown') as job,
        coalesce(customers.marital_status, 'unknown') as marital_status,
        customers.marketing_consent as has_marketing_consent,
        coalesce(
            customers.tenure_years,
            customers.tenure_months / 12,
            cast({{ dbt.datediff('customers.joined_on', 'as_of.as_of_date', 'day') }} as double) / 365.25
        ) as tenure_years,
        customers.balance is not null as has_known_balance
        {%- for feature in own_features() if feature['entity'] == 'customers' %},
        {{ own_value(feature, 'customers.' ~ feature['column'], 'as_of.as_of_date') }} as {{ feature['feature_name'] }}
        {%- if feature['sql_kind'] == 'date' %},
        customers.{{ feature['column'] }}
        {%- endif %}
        {%- endfor %}
    from customers
    cross join as_of
    cross join holdings_carried
    left join held on customers.customer_id = held.customer_id
)

select * from profiled
