-- Soft findings: blanks in columns of customers that the extract otherwise fills. They are kept and shown as unknown.
with customers as (
    select * from {{ ref('int_customers_conformed') }}
),

blanks as (
    {%- for column in entities()['customers']['columns'] if column != 'customer_id' %}
    select
        '{{ column }}' as column_name,
        count(*) - count({{ column }}) as blank_count,
        count({{ column }}) as filled_count
    from customers
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

noted as (
    select
        'customers' as entity_name,
        'Blank: ' || {{ dbt.listagg(
            "column_name || ' ' || " ~ whole_text('blank_count'), "', '", 'order by column_name'
        ) }} as blank_note
    from blanks
    where blank_count > 0 and filled_count > 0 and column_name not in ('closed_on', 'closed_reason', 'is_churned')
)

select * from noted
