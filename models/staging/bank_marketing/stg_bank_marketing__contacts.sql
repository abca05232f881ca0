{#- Every column of the file, since the study tells copies from contacts by all of them. Answers with an `unknown` of
    their own stay text, and 999 days since the last contact, which means never, stays a number. -#}
{% set raw = {
    'entity': 'contacts',
    'file': 'bank-additional-full.csv',
    'kinds': {
        'age': 'integer', 'job': 'text', 'marital_status': 'text', 'education': 'text', 'credit_default': 'text',
        'housing_loan': 'text', 'personal_loan': 'text', 'channel': 'text', 'month': 'text', 'day_of_week': 'text',
        'duration_seconds': 'integer', 'campaign_contact_count': 'integer', 'previous_contact_days': 'integer',
        'previous_contact_count': 'integer', 'previous_outcome': 'text', 'employment_variation': 'number',
        'consumer_price_index': 'number', 'consumer_confidence_index': 'number', 'euribor_3m': 'number',
        'employees_thousands': 'number', 'is_subscribed': 'boolean',
    },
    'columns': {
        'marital_status': ['marital'],
        'credit_default': ['default'],
        'housing_loan': ['housing'],
        'personal_loan': ['loan'],
        'channel': ['contact'],
        'duration_seconds': ['duration'],
        'campaign_contact_count': ['campaign'],
        'previous_contact_days': ['pdays'],
        'previous_contact_count': ['previous'],
        'previous_outcome': ['poutcome'],
        'employment_variation': ['emp.var.rate'],
        'consumer_price_index': ['cons.price.idx'],
        'consumer_confidence_index': ['cons.conf.idx'],
        'euribor_3m': ['euribor3m'],
        'employees_thousands': ['nr.employed'],
        'is_subscribed': ['y'],
    },
    'required': ['age', 'job', 'marital_status', 'education'],
} %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'bank_marketing') }}

{{ stage(raw) }}
