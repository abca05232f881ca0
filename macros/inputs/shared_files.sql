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
    }) %}
{% endmacro %}
