-- Whom each campaign that is not over contacts, holds out or leaves alone, and why.
select
    campaign_code,
    customer_id,
    arm,
    blocked_by_code,
    strategy_code,
    segment_scheme,
    segment_code
from {{ ref('int_campaign_audiences_drawn') }}
