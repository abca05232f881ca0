{% set raw = {
    'entity': 'customers',
    'file': 'bank_scrooge.csv',
    'columns': {
        'customer_id': ['USERID'],
        'credit_score': ['score'],
        'city': ['city'],
        'gender': ['gender'],
        'age': ['age'],
        'property_count': ['equity'],
        'balance': ['balance'],
        'product_count': ['products'],
        'has_credit_card': ['credit_card'],
        'is_active': ['last_activity'],
        'estimated_salary': ['EST_SALARY'],
        'is_churned': ['churn'],
    },
    'required': ['is_churned'],
} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'bank_scrooge') }}

with raw_customers as (
    {{ stage(raw) }}
)

-- one USERID in two cities is two people, so the key is (USERID, city)
select {{ canonical_columns('customers', {'customer_id': "customer_id || '-' || city"}) }}
from raw_customers
