-- Every customer whom a campaign treated or held out, with what followed, in each segment that the customer was in when the outcome
-- window before the contact opened, and among all. Who was assigned to an arm counts there, reached or not (intention to treat).
with contacts as (
    select * from {{ ref('int_campaign_contacts_conformed') }}
    where arm in ('treated', 'holdout')
),

campaigns as (
    select * from {{ layout_rows('campaigns') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

valued as (
    select * from {{ ref('int_clv_customers_valued') }}
),

customers as (
    select * from {{ ref('int_customers_conformed') }}
),

observations as (
    select * from {{ ref('int_churn_observations') }}
    where churn_basis = 'window'
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

scored as (
    select * from {{ ref('int_churn_scored') }}
    where churn_basis = 'window'
),

memberships as (
    select * from {{ ref('int_segment_memberships') }}
    where churn_basis = 'window' and segment_rank = 1
),

-- a customer of both arms was quarantined; one who was assigned twice to the same arm counts once
assigned as (
    select
        campaign_code,
        customer_id,
        arm,
        min(contacted_on) as contacted_on,
        bool_and(is_retained) as is_retained
    from contacts
    group by campaign_code, customer_id, arm
),

followed as (
    select
        assigned.*,
        {{ date_shifted('assigned.contacted_on', 'cast(campaigns.outcome_days as int)', 'day') }} as followed_until,
        {{ dbt.datediff('customers.joined_on', 'assigned.contacted_on', 'day') }} as tenure_days,
        {{ completed_years('customers.birth_date', 'assigned.contacted_on') }} as age,
        churned.churned_on,
        valued.net_clv_amount as clv_amount
    from assigned
    left join campaigns on assigned.campaign_code = campaigns.campaign_code
    inner join customers on assigned.customer_id = customers.customer_id
    inner join churned on assigned.customer_id = churned.customer_id
    left join valued on assigned.customer_id = valued.customer_id
),

-- what was known of the customer on the last of these days before the contact: the balance and, on the day that scores are of, the
-- probability of churn
known as (
    select
        followed.campaign_code,
        followed.customer_id,
        {{ signed_log('observations.balance') }} as logged_balance,
        scored.churn_probability
    from followed
    inner join observations on followed.customer_id = observations.customer_id and followed.contacted_on >= observations.observed_on
    left join rated_day on observations.observed_on = rated_day.observed_on
    left join scored on observations.customer_id = scored.customer_id and rated_day.observed_on is not null
    qualify row_number() over (
        partition by followed.campaign_code, followed.customer_id order by observations.observed_on desc
    ) = 1
),

placed as (
    select
        followed.campaign_code,
        followed.customer_id,
        memberships.segment_scheme,
        memberships.segment_code
    from followed
    inner join memberships on followed.customer_id = memberships.customer_id and followed.contacted_on >= memberships.observed_on
    -- a segment after the contact may be the contact's doing
    qualify rank() over (
        partition by followed.campaign_code, followed.customer_id order by memberships.observed_on desc
    ) = 1
    union all
    select
        campaign_code,
        customer_id,
        'all' as segment_scheme,
        'all' as segment_code
    from followed
),

observed as (
    select
        placed.segment_scheme,
        placed.segment_code,
        followed.*,
        known.logged_balance,
        known.churn_probability,
        case
            when followed.churned_on <= followed.contacted_on then null
            when followed.churned_on <= followed.followed_until then false
            when followed.followed_until <= as_of.as_of_date then true
        end as is_open
    from placed
    inner join followed on placed.campaign_code = followed.campaign_code and placed.customer_id = followed.customer_id
    left join known on followed.campaign_code = known.campaign_code and followed.customer_id = known.customer_id
    cross join as_of
)

select * from observed
