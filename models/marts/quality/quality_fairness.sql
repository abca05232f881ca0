-- Whether decisions treat groups of customers alike: whether scores say of a group what it does (predicted without having seen the
-- customer, beside what was observed), and which share of a group is selected.
{%- set groups = {'age_band': 'age_band', 'gender': 'gender', 'city': 'city', 'portfolio': "'portfolio'"} %}
{#- share of the customers with the highest scores who count as selected by them -#}
{%- set selected_by_score = 0.1 %}
{#- a group whose share of selected customers is below four fifths of that of all, or above five quarters, is not treated alike -#}
{%- set lowest_ratio = 0.8 %}

with tested as (
    select * from {{ ref('int_churn_probabilities_tested') }}
),

calibrations as (
    select * from {{ ref('int_churn_groups_calibrated') }}
    where feature_set = {{ sql_literal(score_feature_set()) }}
),

current_customers as (
    select customer_id
    from {{ ref('int_customers_churned') }}
    where is_current
),

chosen as (
    select
        customer_id,
        bool_or(is_chosen) as is_selected,
        max(churn_probability) as churn_probability
    from {{ ref('strategy_options') }}
    group by customer_id
),

valued as (
    select * from {{ ref('int_clv_customers_valued') }}
),

dimensions as (
    select * from {{ ref('int_customer_dimensions') }}
),

-- calibration by group leaves the order of the scores as it is
scored as (
    select
        feature_set,
        age_band,
        gender,
        city,
        is_churned,
        churn_probability as rank_probability,
        churn_probability
    from tested
    union all
    select
        'calibrated' as feature_set,
        tested.age_band,
        tested.gender,
        tested.city,
        tested.is_churned,
        tested.churn_probability as rank_probability,
        {{ odds_multiplied('tested.churn_probability', 'calibrations.odds_factor') }} as churn_probability
    from tested
    left join calibrations on tested.age_band = calibrations.age_band and tested.gender = calibrations.gender
    where tested.feature_set = {{ sql_literal(score_feature_set()) }}
),

decided as (
    select
        'score' as decision_name,
        feature_set,
        age_band,
        gender,
        city,
        is_churned,
        churn_probability as predicted,
        percent_rank() over (partition by feature_set order by rank_probability) >= 1 - {{ selected_by_score }} as is_selected
    from scored
    union all
    select
        'strategy' as decision_name,
        {{ sql_literal(score_feature_set()) }} as feature_set,
        dimensions.age_band,
        dimensions.gender,
        dimensions.city,
        cast(null as boolean) as is_churned,
        chosen.churn_probability as predicted,
        coalesce(chosen.is_selected, false) as is_selected
    from current_customers
    inner join dimensions on current_customers.customer_id = dimensions.customer_id
    left join chosen on current_customers.customer_id = chosen.customer_id
    union all
    select
        'value' as decision_name,
        {{ sql_literal(score_feature_set()) }} as feature_set,
        dimensions.age_band,
        dimensions.gender,
        dimensions.city,
        cast(null as boolean) as is_churned,
        cast(null as double) as predicted,
        valued.clv_tier = 'high' as is_selected
    from current_customers
    inner join dimensions on current_customers.customer_id = dimensions.customer_id
    inner join valued on current_customers.customer_id = valued.customer_id
),

grouped as (
    {%- for group, value in groups.items() %}
    select
        '{{ group }}' as group_name,
        {{ value }} as group_value,
        decision_name,
        feature_set,
        is_churned,
        predicted,
        is_selected
    from decided
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

counted as (
    select
        decision_name,
        feature_set,
        group_name,
        group_value,
        count(*) as customers_count,
        count(is_churned) as observed_count,
        count(*) filter (where is_churned) as churned_count,
        {{ exact_average('predicted') }} as average_probability,
        count(*) filter (where is_selected) as selected_count,
        count(*) filter (where is_selected and is_churned) as selected_churned_count
    from grouped
    group by decision_name, feature_set, group_name, group_value
),

rated as (
    select
        *,
        cast(churned_count as double) / nullif(observed_count, 0) as churn_rate,
        {{ wilson_lower('churned_count', 'observed_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('churned_count', 'observed_count') }} as churn_rate_ci_upper,
        cast(selected_count as double) / customers_count as selected_share,
        sum(selected_count) over (partition by decision_name, feature_set, group_name)
        / cast(sum(customers_count) over (partition by decision_name, feature_set, group_name) as double) as portfolio_selected_share
    from counted
),

judged as (
    select
        decision_name,
        feature_set,
        group_name,
        group_value,
        customers_count,
        average_probability,
        churn_rate,
        churn_rate_ci_lower,
        churn_rate_ci_upper,
        churn_rate / nullif(average_probability, 0) as calibration_ratio,
        selected_count,
        selected_share,
        selected_share / nullif(portfolio_selected_share, 0) as selection_ratio,
        -- of everybody only: what it costs to leave protected features out
        case
            when decision_name = 'score' and group_name = 'portfolio' then cast(selected_churned_count as double) / nullif(selected_count, 0)
        end as selected_churn_rate,
        case
            when customers_count < {{ number_var('small_cell_size') }} then 'too_few'
            when decision_name = 'score' and churn_rate_ci_lower > average_probability then 'under_served'
            when decision_name = 'score' and churn_rate_ci_upper < average_probability then 'over_served'
            when decision_name = 'score' then 'alike'
            when selected_share < {{ lowest_ratio }} * portfolio_selected_share then 'under_served'
            when selected_share * {{ lowest_ratio }} > portfolio_selected_share then 'over_served'
            else 'alike'
        end as verdict
    from rated
),

final as (
    select
        *,
        case group_name
            when 'portfolio' then 'All customers'
            when 'age_band' then 'Age ' || group_value
            else {{ capitalised('group_value') }}
        end || ': ' || case
            when verdict = 'too_few' then 'too few customers to say.'
            when decision_name = 'score'
                then coalesce({{ percent_text('average_probability') }} || ' were expected to churn and ' || {{ percent_text('churn_rate') }}
                    || ' did ({{ confidence_text() }} ' || {{ percent_text('churn_rate_ci_lower') }} || ' to '
                    || {{ percent_text('churn_rate_ci_upper') }} || '). ', 'no churn is known. ') || case verdict
                    when 'under_served' then 'The forecast is too low.'
                    when 'over_served' then 'The forecast is too high.'
                    else 'The forecast is within the interval.'
                end
            else {{ percent_text('selected_share') }} || case decision_name when 'strategy' then ' get a strategy' else ' are in the high tier' end
                || case
                    when group_name = 'portfolio' then '.'
                    else coalesce(', ' || {{ decimal_text('selection_ratio', 2) }} || ' times the share of all customers', '') || '. ' || case verdict
                        when 'under_served' then 'That is less than four fifths as often as among all customers.'
                        when 'over_served' then 'That is more than five quarters as often as among all customers.'
                        else 'That is between four fifths and five quarters as often as among all customers.'
                    end
                end
        end as sentence
    from judged
)

select * from final
