{#- Two headers of one table: the published file's, and Metanprom's, where Objects is really the tenure. -#}
{% set raw = {
    'entity': 'customers',
    'file': 'Churn_Modelling.csv',
    'columns': {
        'customer_id': ['CustomerId', 'userid'],
        'credit_score': ['CreditScore', 'score'],
        'city': ['Geography', 'City'],
        'gender': ['Gender'],
        'age': ['Age'],
        'tenure_years': ['Tenure', 'Objects'],
        'balance': ['Balance'],
        'product_count': ['NumOfProducts', 'Products'],
        'has_credit_card': ['HasCrCard', 'CreditCard'],
        'is_active': ['IsActiveMember', 'Loyalty'],
        'estimated_salary': ['EstimatedSalary', 'estimated_salary'],
        'is_churned': ['Exited', 'Churn'],
    },
    'required': ['is_churned'],
} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'churn_modelling') }}

with raw_customers as (
    {{ stage(raw) }}
)

-- a balance of 0 means unknown here: the same cells are empty under the Metanprom header
select {{ canonical_columns('customers', {'balance': 'nullif(balance, 0)'}) }}
from raw_customers
