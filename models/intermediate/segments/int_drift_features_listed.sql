-- What is compared between both days: the features of seed features, the segments of exclusive schemes, and the scores and values on
-- which plans depend.
select
    feature_name,
    feature_kind,
    feature_label
from {{ ref('int_features_catalogued') }}
{%- for scheme, label in {
    'rule': 'rule segment', 'rfm': 'RFM segment', 'cluster': 'cluster', 'clv_tier': 'tier of value',
}.items() %}
union all
select
    '{{ scheme }}_segment' as feature_name,
    'text' as feature_kind,
    '{{ label }}' as feature_label
{%- endfor %}
{%- for column, label in {'churn_probability': 'churn score', 'clv_amount': 'customer lifetime value'}.items() %}
union all
select
    '{{ column }}' as feature_name,
    'number' as feature_kind,
    '{{ label }}' as feature_label
{%- endfor %}
