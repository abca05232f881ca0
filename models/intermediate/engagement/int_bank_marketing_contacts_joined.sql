-- The join of the published RFM cluster study, made again as it was, so that its table can be reproduced: clients and
-- contacts share no key, so a client's balance counts once for every contact of the same age, job, marital status and
-- education. Nothing of the project's own is built on it, and quality_fan_out says what it multiplies.
{{ config(enabled=var('source_system') == 'bank_marketing') }}
{%- set keys = ['age', 'job', 'marital_status', 'education'] %}

with clients as (
    select * from {{ ref('stg_bank_marketing__clients') }}
    where fault is null
),

contacts as (
    select
        *,
        {{ content_hash(declared_input('contacts')['kinds']) }} as contact_hash
    from {{ ref('stg_bank_marketing__contacts') }}
    where fault is null
),

-- the study drops exact copies of joined rows
joined as (
    select distinct
        contacts.contact_hash,
        {%- for key in keys %}
        clients.{{ key }},
        {%- endfor %}
        clients.balance,
        clients.day,
        clients.month
    from contacts
    inner join clients
        on
            {%- for key in keys %}
            {{ 'and ' if not loop.first }}contacts.{{ key }} = clients.{{ key }}
            {%- endfor %}
)

select * from joined
