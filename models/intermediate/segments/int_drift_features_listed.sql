-- What is compared between both days: the features of seed features, and the segments of exclusive schemes.
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
