{% set raw = {
    'entity': 'clients',
    'file': 'bank-full.csv',
    'kinds': {
        'age': 'integer', 'job': 'text', 'marital_status': 'text', 'education': 'text', 'balance': 'money',
        'day': 'integer', 'month': 'text',
    },
    'columns': {'marital_status': ['marital']},
    'required': ['age', 'job', 'marital_status', 'education', 'balance', 'day', 'month'],
    'amount': 'balance',
} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'bank_marketing') }}

{{ stage(raw) }}
