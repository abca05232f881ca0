{{ config(pre_hook="{{ keep_former_table(this) if var('look_back_days') is not none }}") }}

{{ repeated_rows('interactions') }}
