{#- What a run found, in three lines at its end: customers and churn, quarantine by rule, and where to look next. -#}
{% macro log_summary(results, is_published) %}
    {% set rates, customers = built_relation(results, 'churn_rates'), built_relation(results, 'int_customers_churned') %}
    {% set counted = built_relation(results, 'int_churn_customers_counted') %}
    {% set said = [] %}
    {% if customers is not none %}
        {% set counts = run_query(
            'select count(*), count(case when is_current then 1 end) from ' ~ customers
        ).rows[0] %}
        {% do said.append('Customers: ' ~ '{:,}'.format(counts[0] | int) ~ ', ' ~ '{:,}'.format(counts[1] | int) ~ ' of them current.') %}
    {% endif %}
    {% if rates is not none %}
        {% for row in run_query(
            'select churn_rate, churn_rate_ci_lower, churn_rate_ci_upper, customers_count, observed_on, window_days from ' ~ rates
            ~ " where cut_name = 'portfolio' and churn_rate is not null"
        ).rows %}
            {% set of, period = ' of ' ~ '{:,}'.format(row[3] | int), '' %}
            {% if row[5] is not none %}
                {% set of, period = of ~ ' at risk on ' ~ row[4], ' within ' ~ row[5] | int ~ ' days' %}
            {% else %}
                {% set of = of ~ ' have the flag, which has no date' %}
            {% endif %}
            {% do said.append(
                'Churn: ' ~ '%.1f' % (100 * row[0]) ~ '%' ~ of ~ period ~ ' (' ~ confidence_text() ~ ' ' ~ '%.1f' % (100 * row[1]) ~ '% to '
                ~ '%.1f' % (100 * row[2]) ~ '%).'
            ) %}
        {% endfor %}
    {% endif %}
    {% if rates is not none and counted is not none %}
        {% for row in run_query('select unknown_churn_count from ' ~ counted ~ ' where unknown_churn_count > 0').rows %}
            {% do said.append('{:,}'.format(row[0] | int) ~ ' customers have no known outcome and are in no churn rate.') %}
        {% endfor %}
    {% endif %}
    {% if said %}{% do log(said | join(' '), info=true) %}{% endif %}
    {% do log_rules(results) %}
    {% if is_published and said and project_name == 'clientele' %}
        {% do log(
            'Next: make dashboard renders the figures as one page, make export writes spreadsheets, docs/marts.md lists the marts by question.',
            info=true
        ) %}
    {% endif %}
{% endmacro %}


{#- A raw row is in quarantine for the first rule that it breaks. -#}
{% macro log_rules(results) %}
    {% set quarantine = built_relation(results, 'quality_quarantine') %}
    {% if quarantine is not none %}
        {% set parts = [] %}
        {% for row in run_query(
            'select rule_code, count(*) as rows_count from ' ~ quarantine ~ ' group by rule_code order by rows_count desc, rule_code'
        ).rows %}
            {% do parts.append(row[0] ~ ' ' ~ '{:,}'.format(row[1] | int)) %}
        {% endfor %}
        {% if parts %}{% do log('Quarantine by rule: ' ~ parts | join(', ') ~ '.', info=true) %}{% endif %}
    {% endif %}
{% endmacro %}
