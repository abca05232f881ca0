{#- Raw declarations (see raw_files.sql) of files that two entities of a layout are read from. -#}


{% macro cdnow_file() %}
    {% do return({
        'entity': 'transactions',
        'file': ['CDNOW_sample.txt', 'CDNOW_master.txt'],
        'delimiter': ' ',
        'headerless': [
            ['master_id', 'sample_id', 'date', 'cds', 'amount'],
            ['master_id', 'date', 'cds', 'amount'],
        ],
        'columns': {
            'customer_id': ['master_id', 'customer_id', 'user_id', 'cust_id', 'id'],
            'occurred_at': ['date', 'order_date', 'order_dt', 'purchase_date'],
            'amount': ['amount', 'order_amount', 'dollars', 'dollar_value', 'spend'],
        },
        'required': ['occurred_at', 'amount'],
        'has_free_purchases': true,
    }) %}
{% endmacro %}


{% macro auto_insurance_clv_file() %}
    {% do return({
        'entity': 'policies',
        'file': ['data_customer_lifetime_value.csv', 'WA_Fn-UseC_-Marketing-Customer-Value-Analysis.csv'],
        'kinds': {'gender': 'gender'},
        'columns': {
            'policy_id': ['Customer'],
            'vehicle_class': ['Vehicle Class'],
            'coverage': ['Coverage'],
            'renew_offer_type': ['Renew Offer Type'],
            'employment_status': ['EmploymentStatus'],
            'marital_status': ['Marital Status'],
            'education': ['Education'],
            'income': ['Income'],
            'policy_count': ['Number of Policies'],
            'monthly_premium': ['Monthly Premium Auto'],
            'total_claim_amount': ['Total Claim Amount'],
            'observed_clv': ['Customer Lifetime Value'],
        },
        'optional_columns': ['policy_id', 'gender'],
        'hashed_key': 'policy_id',
    }) %}
{% endmacro %}
