{#- The format of tables on Spark; Delta and Iceberg need packages that a cluster brings (docs/spark.md). -#}
{% macro spark_file_format() %}
    {% do return(var('spark_file_format')) %}
{% endmacro %}


{#- What dbt-spark does otherwise: a Python model is written by the session that runs it. -#}
{% macro spark__create_table_as(temporary, relation, compiled_code, language='sql') -%}
    {%- if language == 'python' %}
{{ compiled_code }}

import functools
from dbt_clientele_spark import read_table, write_table

dbt = dbtObj(functools.partial(read_table, spark))
write_table(spark, model(dbt, spark), "{{ relation }}", "{{ config.get('file_format') }}")
    {%- else -%}
        {{ dbt.spark__create_table_as(temporary, relation, compiled_code, language) }}
    {%- endif -%}
{%- endmacro %}


{#- The rows of a seed as literals: dbt-spark writes a blank as the text None and breaks at an apostrophe. -#}
{% macro spark__load_csv_rows(model, agate_table) %}
    {% set types = model['config'].get('column_types', {}) %}
    {% set rows = [] %}
    {% for row in agate_table.rows %}
        {% set cells = [] %}
        {% for name in agate_table.column_names %}
            {% set literal = 'null' if row[name] is none else sql_literal(row[name]) %}
            {% set type = types.get(name, adapter.convert_type(agate_table, loop.index0)) %}
            {% do cells.append('cast(' ~ literal ~ ' as ' ~ type ~ ')') %}
        {% endfor %}
        {% do rows.append('(' ~ cells | join(', ') ~ ')') %}
    {% endfor %}
    {% set sql = 'insert into ' ~ this.render() ~ ' values ' ~ rows | join(', ') %}
    {% if rows %}{% do adapter.add_query(sql, abridge_sql_log=True) %}{% endif %}
    {% do return(sql) %}
{% endmacro %}
